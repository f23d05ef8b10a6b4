// JSON from outside, read strictly: a key that stands twice in one object, nesting beyond any use and text that is
// not UTF-8 are errors here, where the library alone would take the last value or run out of stack later on.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace jetcuda {

// Says what is wrong and where: "line 3, column 7: the key \"mode\" stands twice".
struct JsonFlaw : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline constexpr std::size_t json_depth_limit = 32;

nlohmann::json parse_strictly(std::string_view text);  // throws JsonFlaw

}  // namespace jetcuda
