#include "probes/catalog/compat_records.hpp"

#include <algorithm>
#include <optional>

#include "probes/catalog/record_reader.hpp"

namespace jetcuda {
namespace {

std::vector<CudaVersion> read_versions(RecordReader& reader, const char* key) {
    std::vector<CudaVersion> versions;
    for (const std::string& text : reader.optional_texts(key)) {
        const std::optional<CudaVersion> version = parse_cuda_version(text);
        if (!version) reader.refuse(key, "holds \"" + text + "\"; it must hold CUDA versions such as 12.9");
        versions.push_back(*version);
    }
    if (!std::is_sorted(versions.begin(), versions.end())) reader.refuse(key, "must be in ascending order");
    return versions;
}

}  // namespace

CompatRecord read_compat_record(RecordReader& reader) {
    CompatRecord compat;
    compat.soc = reader.text("soc");
    compat.line = reader.number("line", 1, 999);
    compat.product = reader.one_of("product", {"l4t", "sbsa", "orin"});
    compat.id = compat.soc + ' ' + line_text(compat.line) + ' ' + compat.product;
    reader.call_it(compat.id);
    compat.listed = reader.has("promised");
    compat.promised = read_versions(reader, "promised");
    compat.reported = read_versions(reader, "reported");
    const std::optional<CudaVersion> known_up_to = reader.optional_cuda("known_up_to");
    if (!known_up_to) reader.refuse("known_up_to", "is missing; it must be a CUDA version such as 13.4");
    compat.known_up_to = *known_up_to;
    compat.source = reader.source();
    return compat;
}

}  // namespace jetcuda
