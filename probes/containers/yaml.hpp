// YAML from outside, as a JSON value. yaml-cpp's own tree lets a file of a few hundred bytes stand for millions of
// nodes (aliases of aliases), and keeps the second of two equal keys; so the value is built from the reader's events,
// under limits. Every scalar becomes text: what reads such values here asks for texts only.

#pragma once

#include <stdexcept>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace jetcuda {

// Says what is wrong and where: "line 3, column 7: …".
struct YamlFlaw : std::runtime_error {
    explicit YamlFlaw(const std::string& what, bool is_syntax = false) : std::runtime_error(what), syntax(is_syntax) {}

    bool syntax;  // no YAML, or none that could stand for JSON; false: a limit or a rule of this reader
};

// The first document of `text`. Throws YamlFlaw for what is no YAML, for aliases, for keys that are no text or stand
// twice, for more than 32 levels and more than 100,000 values.
nlohmann::json parse_yaml(std::string_view text);

}  // namespace jetcuda
