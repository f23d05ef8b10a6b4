// An inspection for people: the board, each file with its judgement, what it carries and what to do, and the sum.

#pragma once

#include <string>

#include "daemon/inspect/judged_file.hpp"
#include "daemon/inspect/target.hpp"

namespace jetcuda {

std::string to_text(const JudgedPaths& paths, const NamedTarget& target);

}  // namespace jetcuda
