// An inspection as JSON: jetcuda-check.inspect/1, config/inspect.schema.json.

#pragma once

#include <string>
#include <string_view>

#include "daemon/inspect/judged_file.hpp"
#include "daemon/inspect/target.hpp"

namespace jetcuda {

inline constexpr std::string_view inspect_schema = "jetcuda-check.inspect/1";

// Indented, with a newline at its end. Bytes of a path that are no UTF-8 become the replacement character.
std::string to_json(const JudgedPaths& paths, const NamedTarget& target);

}  // namespace jetcuda
