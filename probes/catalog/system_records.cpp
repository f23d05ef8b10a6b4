#include "probes/catalog/system_records.hpp"

#include <algorithm>

#include "probes/catalog/record_reader.hpp"

namespace jetcuda {
namespace {

std::string joined_source(RecordReader& reader) {
    std::string source;
    for (const std::string& part : reader.texts("source")) source.append(source.empty() ? "" : "; ").append(part);
    if (source.empty()) reader.refuse("source", "is empty; say where the record comes from");
    return source;
}

std::string variant(RecordReader& reader) {
    std::string name = reader.optional_text("gpu_variant").value_or("");
    if (!name.empty() && name != "nvgpu" && name != "openrm") {
        reader.refuse("gpu_variant", "must be nvgpu, openrm or null (both)");
    }
    return name;
}

}  // namespace

CompanionRecord read_companion_record(RecordReader& reader) {
    CompanionRecord record;
    record.name = reader.text("name");
    reader.call_it(record.name);
    const std::string::size_type star = record.name.find('*');
    const bool star_at_end = star == std::string::npos || star + 1 == record.name.size();
    if (record.name.find('/') != std::string::npos || !star_at_end) {
        reader.refuse("name", "must be a file name, with a * at its end where its version stands");
    }
    record.lowest_line = reader.number("lowest_line", 1, 999);
    record.highest_line = reader.optional_number("highest_line", record.lowest_line, 999);
    record.gpu_variant = variant(reader);
    record.extra = reader.one_of("kind", {"part", "extra"}) == "extra";
    record.without = reader.text("without");
    record.source = joined_source(reader);
    return record;
}

KernelFaultRecord read_kernel_fault_record(RecordReader& reader) {
    KernelFaultRecord record;
    record.id = reader.text("id");
    reader.call_it(record.id);
    record.what = reader.text("what");
    record.contains = reader.texts("contains");
    const bool any_empty = std::any_of(record.contains.begin(), record.contains.end(),
                                       [](const std::string& part) { return part.empty(); });
    if (record.contains.empty() || any_empty) {
        reader.refuse("contains", "must list the texts that such a line holds, none of them empty");
    }
    record.gpu_variant = variant(reader);
    record.source = joined_source(reader);
    return record;
}

}  // namespace jetcuda
