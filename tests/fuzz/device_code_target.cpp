// Any file, as the inspector reads it: it must answer whatever the bytes are, within its limits.

#include "probes/programs/device_code.hpp"
#include "tests/fuzz/hostile.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const DeviceCode code = find_device_code(MemorySource(text_of(data, size)));
    promise(code.rows.size() <= DeviceCode::most_rows, "rows are limited");
    promise(code.problems.size() <= DeviceCode::most_problems, "problems are limited");
    promise(code.empty_containers <= code.containers, "an empty container is a container");
    promise(!code.linked_at_load || code.empty_containers > 0,
            "what is linked at load stands beside an empty container");
    for (const CodeRow& row : code.rows) {
        promise(row.count + row.stubs > 0, "a row stands for something");
        promise(row.relocatable <= row.count, "relocatable images are images");
        promise(row.bytes <= size, "no row is larger than its file");
        promise(!row.arch().empty(), "every row names its architecture");
    }
    return 0;
}
