// Checks as JSON, schema "jetcuda-check.checks/1": everything that belongs to a check but its judge.

#pragma once

#include <string>
#include <vector>

#include "daemon/checks/check.hpp"

namespace jetcuda {

// Indented, newline at its end. With `only`, no other code than that one.
std::string checks_as_json(const std::vector<const Check*>& checks, const Code* only = nullptr);

// What a check rests on, in words: "files of the root file system".
std::string_view description_of(Basis basis);

}  // namespace jetcuda
