// Nix's own database: which store paths a path needs, directly or through others (its closure). It is an SQLite file,
// and nothing else has the whole answer: references are found in the bytes of files when a path is built, and
// `nix-store` may not run for another root. Read with SQLite's library and not by ourselves, because of its
// write-ahead log and because the library is held against damaged files by its authors' fuzzers.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/fact.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// The store paths that `path` needs, itself among them, in no order.
Fact<std::vector<std::string>> read_nix_closure(const SystemRoot& root, std::string_view path);

}  // namespace jetcuda
