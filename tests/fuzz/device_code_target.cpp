// Any file, as the inspector reads it: it must answer whatever the bytes are, within its limits.

#include <string>

#include "probes/programs/device_code.hpp"
#include "tests/fuzz/hostile.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::string rows_of(const DeviceCode& code) {
    std::string text;
    for (const CodeRow& row : code.rows) {
        text += row.arch() + ' ' + row.isa() + ' ' + std::to_string(row.kind_number) + ' ' + std::to_string(row.abi) +
                ' ' + std::to_string(row.count) + ' ' + std::to_string(row.relocatable) + ' ' +
                std::to_string(row.stubs) + ' ' + std::to_string(row.bytes) + '\n';
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const MemorySource source(text_of(data, size));
    const DeviceCode code = find_device_code(source, {1, ~std::uint64_t{0}});
    // Where something is not told, it depends on the order of the search what that is.
    const bool all_told = code.problems.size() < DeviceCode::most_problems && code.rows.size() < DeviceCode::most_rows;
    const DeviceCode cut = find_device_code(source, {1, 64});
    promise(!all_told || (cut.problems == code.problems && rows_of(cut) == rows_of(code) &&
                          cut.containers == code.containers && cut.mixes.size() == code.mixes.size()),
            "what is found does not depend on where the search is cut");
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
