#include "probes/catalog/name_pattern.hpp"

#include <algorithm>
#include <charconv>

namespace jetcuda {
namespace {

constexpr std::size_t name_limit = 512;  // store paths have up to 211 characters (Nix), names of packages fewer
constexpr std::string_view cuda_mark = "{cuda}";
constexpr std::string_view major_mark = "{major}";
constexpr std::string_view number_mark = "{n}";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool begins_with(std::string_view text, std::string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
}

// Takes the digits at the front of `text`. Numbers of more than six digits are no version of anything.
std::optional<int> take_number(std::string_view& text) {
    int number = 0;
    const char* const end = text.data() + text.size();
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    const auto [after, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || after - text.data() > 6) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(after - text.data()));
    return number;
}

// What is left of pattern and name, and what was found so far.
struct Position {
    std::string_view pattern;
    std::string_view name;
    NameMatch found;
};

// Goes one step: a mark or a character. False: the name does not fit.
bool advance(Position& at) {
    if (at.pattern.empty()) return false;
    if (at.pattern.front() != '{') {
        if (at.name.empty() || at.pattern.front() != at.name.front()) return false;
        at.pattern.remove_prefix(1);
        at.name.remove_prefix(1);
        return true;
    }
    if (begins_with(at.pattern, cuda_mark)) {
        at.pattern.remove_prefix(cuda_mark.size());
        const std::optional<int> major = take_number(at.name);
        if (!major || at.name.empty() || at.name.front() != '-') return false;
        at.name.remove_prefix(1);
        const std::optional<int> minor = take_number(at.name);
        if (!minor) return false;
        at.found.cuda = CudaVersion{*major, *minor};
        return true;
    }
    if (begins_with(at.pattern, major_mark)) {
        at.pattern.remove_prefix(major_mark.size());
        const std::optional<int> major = take_number(at.name);
        if (major) at.found.cuda = CudaVersion{*major, -1};
        return major.has_value();
    }
    at.pattern.remove_prefix(std::min(number_mark.size(), at.pattern.size()));
    return take_number(at.name).has_value();
}

}  // namespace

std::optional<NameMatch> match_name(std::string_view pattern, std::string_view name) {
    if (name.size() > name_limit) return std::nullopt;
    Position at{pattern, name, {}};
    // After a star, a mismatch means that the star takes one character more; an earlier star never has to.
    std::optional<Position> star;
    while (true) {
        if (at.pattern.empty() && at.name.empty()) return at.found;
        if (!at.pattern.empty() && at.pattern.front() == '*') {
            at.pattern.remove_prefix(1);
            star = at;
            continue;
        }
        if (advance(at)) continue;
        if (!star || star->name.empty()) return std::nullopt;
        star->name.remove_prefix(1);
        at = *star;
    }
}

bool is_name_pattern(std::string_view text) {
    if (text.empty()) return false;
    while (!text.empty()) {
        std::size_t length = 0;
        for (const std::string_view mark : {cuda_mark, major_mark, number_mark}) {
            if (begins_with(text, mark)) length = mark.size();
        }
        constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._*";
        if (length == 0 && plain.find(text.front()) != std::string_view::npos) length = 1;
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace jetcuda
