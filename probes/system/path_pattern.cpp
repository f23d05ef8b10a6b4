#include "probes/system/path_pattern.hpp"

#include <cstddef>
#include <utility>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t most_matches = 256;
constexpr std::size_t most_folders = 64;  // that are listed for one pattern

}  // namespace

bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

// After a '*' it is enough to come back to the last one: time is at most the product of both lengths.
bool matches(std::string_view text, std::string_view pattern) {
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t star = std::string_view::npos;
    std::size_t behind_star = 0;
    while (at < text.size()) {
        const char wanted = in_pattern < pattern.size() ? pattern[in_pattern] : '\0';
        if (wanted == '*') {
            star = in_pattern++;
            behind_star = at;
        } else if (in_pattern < pattern.size() && ((wanted == '?' && text[at] != '/') || wanted == text[at])) {
            ++in_pattern;
            ++at;
        } else if (star != std::string_view::npos && text[behind_star] != '/') {
            in_pattern = star + 1;
            at = ++behind_star;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

std::vector<std::string> expand(const SystemRoot& root, std::string_view pattern) {
    std::vector<std::string> found{""};
    std::size_t folders = 0;
    for (const std::string_view name : split(pattern, '/')) {
        if (name.empty()) continue;
        std::vector<std::string> next;
        for (const std::string& folder : found) {
            if (!has_wildcard(name)) {
                next.push_back(path_below(folder, name));
                continue;
            }
            if (++folders > most_folders) break;
            const Fact<std::vector<std::string>> names = root.list(folder.empty() ? "/" : folder);
            if (!names) continue;
            for (const std::string& candidate : *names) {
                if (next.size() == most_matches) break;
                if (matches(candidate, name)) next.push_back(path_below(folder, candidate));
            }
        }
        found = std::move(next);
    }
    std::vector<std::string> there;
    for (std::string& path : found) {
        if (root.exists(path)) there.push_back(std::move(path));
    }
    return there;
}

}  // namespace jetcuda
