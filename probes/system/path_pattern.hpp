// Paths with wildcards, as container lists and our own data name device nodes and libraries: "/dev/dri/card*",
// "libnvidia-ptxjitcompiler.so.*". A '*' stands for any letters and '?' for one, never for a '/'. The C library's
// fnmatch can take time without bound on patterns from outside.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/system/system_root.hpp"

namespace jetcuda {

bool has_wildcard(std::string_view text);

bool matches(std::string_view text, std::string_view pattern);

// The paths below the root that match; no more than 256, from no more than 64 folders, and none where
// a folder cannot be listed.
std::vector<std::string> expand(const SystemRoot& root, std::string_view pattern);

}  // namespace jetcuda
