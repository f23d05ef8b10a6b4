// Where in a JSON text each value stands. nlohmann::json forgets that on parsing, and an administrator who mistyped
// a key is helped by "line 7", not by "somewhere in this file".

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

struct TextPlace {
    std::size_t line = 1;
    std::size_t column = 1;  // in bytes
};

TextPlace place_of_byte(std::string_view text, std::size_t offset);

// A member's keys from the outermost in: {"probe", "enabled"}. What lies in an array has the place of the array.
using KeyPath = std::vector<std::string>;

struct JsonPlaces {
    std::map<KeyPath, TextPlace> keys;  // of each member: where its key stands
    std::optional<KeyPath> repeated;    // a key that an object has twice, if any; its place is the second one's
};

// `json` must have been parsed before: this reads valid JSON only, and does not judge it.
JsonPlaces find_places(std::string_view json);

}  // namespace jetcuda
