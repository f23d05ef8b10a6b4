// A NixOS system as it lies in the store: the one that was booted, the one that is current, or one that is about to be
// switched to. Its libcuda is what programs find from the moment of a switch on; its kernel modules are loaded at a
// start only. So a switch can part the two halves of the driver, which no package manager's record would show.

#pragma once

#include <string>
#include <string_view>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

inline constexpr std::string_view booted_nix_system = "/run/booted-system";
inline constexpr std::string_view current_nix_system = "/run/current-system";

// What is known already of the kernel modules that the whole run is about: their folder is not read again.
struct KnownModules {
    const Fact<KernelModules>& kernel_modules;
    const Fact<GpuModule>& gpu_module;
};

// The system at `path` ("/run/booted-system", "/nix/store/…-nixos-system-…"). Missing (not_there): there is none.
Fact<NixSystem> read_nix_system(const SystemRoot& root, std::string_view path, const KnownModules& known);

}  // namespace jetcuda
