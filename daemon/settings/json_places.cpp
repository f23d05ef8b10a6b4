// One walk over a text that is known to be JSON, keeping the path of keys that leads to the current object.

#include "daemon/settings/json_places.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace jetcuda {

namespace {

// The end of the string that opens at `begin`: behind its closing quote.
std::size_t end_of_string(std::string_view json, std::size_t begin) {
    std::size_t at = begin + 1;
    while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2U : 1U;
    return std::min(at + 1, json.size());
}

// A key as it is compared: without quotes, and with its escapes resolved.
std::string key_from(std::string_view quoted) {
    const auto parsed = nlohmann::json::parse(quoted.begin(), quoted.end(), nullptr, false);
    return parsed.is_string() ? parsed.get<std::string>() : std::string(quoted);
}

struct Level {
    bool object = false;
    bool key_is_next = false;  // in an object: after '{' and ','
};

}  // namespace

TextPlace place_of_byte(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    TextPlace place;
    place.line += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t newline = before.rfind('\n');
    place.column += newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
    return place;
}

JsonPlaces find_places(std::string_view json) {
    JsonPlaces places;
    std::vector<Level> levels;
    KeyPath path;  // one key for each open object whose member is being read
    std::size_t line = 1;
    std::size_t line_start = 0;
    const auto in_array = [&] {
        return std::any_of(levels.begin(), levels.end(), [](const Level& level) { return !level.object; });
    };
    for (std::size_t at = 0; at < json.size(); ++at) {
        const char c = json[at];
        if (c == '\n') {
            ++line;
            line_start = at + 1;
        } else if (c == '{' || c == '[') {
            levels.push_back({c == '{', c == '{'});
        } else if ((c == '}' || c == ']') && !levels.empty()) {
            const bool closes_object = levels.back().object;
            const bool had_member = closes_object && !levels.back().key_is_next;
            levels.pop_back();
            if (had_member && !in_array() && !path.empty()) path.pop_back();
        } else if (c == ',' && !levels.empty() && levels.back().object) {
            levels.back().key_is_next = true;
            if (!in_array() && !path.empty()) path.pop_back();
        } else if (c == '"') {
            const std::size_t end = end_of_string(json, at);
            if (!levels.empty() && levels.back().object && levels.back().key_is_next) {
                levels.back().key_is_next = false;
                if (!in_array()) {
                    path.push_back(key_from(json.substr(at, end - at)));
                    const bool fresh = places.keys.insert_or_assign(path, TextPlace{line, at - line_start + 1}).second;
                    if (!fresh && !places.repeated) places.repeated = path;
                }
            }
            at = end - 1;
        }
    }
    return places;
}

}  // namespace jetcuda
