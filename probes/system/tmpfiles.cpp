#include "probes/system/tmpfiles.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view blanks = " \t";

bool is_quote(char c) { return c == '\'' || c == '"'; }

// The first fields of a rule: type, path, mode, user, group, age; then the argument, to the end of the line.
std::vector<std::string> fields_of(std::string_view line) {
    constexpr std::size_t count = 7;
    std::vector<std::string> fields;
    while (fields.size() < count) {
        const std::size_t begin = line.find_first_not_of(blanks);
        if (begin == std::string_view::npos) break;
        line.remove_prefix(begin);
        const bool last = fields.size() + 1 == count;
        std::string field(last ? trimmed(line) : line.substr(0, line.find_first_of(blanks)));
        line.remove_prefix(last ? line.size() : field.size());
        field.erase(std::remove_if(field.begin(), field.end(), is_quote), field.end());
        fields.push_back(std::move(field));
    }
    return fields;
}

}  // namespace

std::string link_target_in_rules(std::string_view rules, std::string_view link) {
    std::string target;
    while (!rules.empty()) {
        const std::vector<std::string> fields = fields_of(trimmed(take_line(rules)));
        if (fields.size() < 7 || fields[0].empty() || fields[0].front() != 'L' || fields[1] != link) continue;
        if (fields[6].front() == '/') target = fields[6];
    }
    return target;
}

}  // namespace jetcuda
