// What of the CUDA stack is installed, from whichever database this system has: dpkg's, opkg's, or the Nix store.
// Names become the ids of the data, so that a check need not know how each distribution calls cuBLAS.

#pragma once

#include <optional>
#include <string_view>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct SoftwareQuestion {
    const Fact<DpkgPackages>& dpkg;  // all packages of dpkg's status file, which is read once for all who ask
    std::string_view nix_system;     // "/run/current-system", or one that is not running
    std::optional<L4tRelease> l4t;   // of the root file system: which exceptions apply depends on it
};

Fact<Software> read_software(const SystemRoot& root, const Catalog& catalog, const SoftwareQuestion& question);

}  // namespace jetcuda
