// Facts as rows of a table: every value with its source, or why it is missing. A row has a name that a script can
// rely on ("board.soc"); a fact of several values is several rows, all of one source.

#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "probes/facts.hpp"

namespace jetcuda {

using RowValue = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

struct FactRow {
    std::string name;
    RowValue value;         // meaningless where `missing` is set
    std::string source;     // where it was read, or looked for
    bool missing = false;   // then `lack` and `why` tell
    std::string_view lack;  // "not-there"
    std::string why;
};

// No row holds a serial number, a UUID (but the boot's id) or a MAC address: none of them is a fact here.
std::vector<FactRow> rows_of(const Facts& facts);

std::string rows_as_text(const std::vector<FactRow>& rows);
std::string rows_as_json(const std::vector<FactRow>& rows, const std::string& root);  // jetcuda-check.facts/1

}  // namespace jetcuda
