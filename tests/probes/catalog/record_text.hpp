// Reads one record of a data file, as the catalog does, for tests of the readers.

#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "probes/catalog/record_reader.hpp"

namespace jetcuda::testing {

template <typename Read>
auto record_of(std::string_view text, Read read) {
    const nlohmann::json content = nlohmann::json::parse(text);
    RecordReader reader(content, "records[0]");
    auto record = read(reader);
    reader.refuse_other_keys();
    return record;
}

// What is wrong with the record; empty: nothing.
template <typename Read>
std::string flaw_of(std::string_view text, Read read) {
    try {
        (void)record_of(text, read);
    } catch (const RecordFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace jetcuda::testing
