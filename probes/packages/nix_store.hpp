// The names of the store paths that a NixOS system is made of. There are no packages on NixOS: what is installed is
// what the system's closure reaches, and a path's name says what it is.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/fact.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// Names without folder and hash, sorted, each once. `system` is the system's path as the root sees it:
// "/run/current-system", or a toplevel in the store that is not running. From Nix's database, or where it does not
// answer from the links of the system's own folders; the source says which, and why.
Fact<std::vector<std::string>> read_nix_names(const SystemRoot& root, std::string_view system);

}  // namespace jetcuda
