// Whether the running kernel and its modules are still the installed ones. Each distribution says it in its own way:
// Ubuntu's packages leave a note in /run/reboot-required, L4T's kernel package names the kernel that it brought, and
// NixOS keeps the booted system beside the current one. A kernel that no package brought (Bring Your Own Kernel) runs
// on purpose, and waits for no restart.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/platform/nix_system.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct PendingRebootQuestion {
    const Fact<std::string>& kernel_release;
    const Fact<DpkgPackages>& packages;
    const Fact<NixSystem>& booted_system;
    KnownModules known;
};

// Known, with or without reasons, wherever one of these could be asked.
Fact<PendingReboot> read_pending_reboot(const SystemRoot& root, const PendingRebootQuestion& question);

// "5.15.185" of "5.15.185-tegra" and of "5.15.185-tegra-36.5.0-20260115194252"; empty where none stands at its begin.
std::string upstream_version(std::string_view text);

// Does a package of this name bring a kernel, its modules or a part of the driver?
bool holds_kernel_or_driver(std::string_view package);

}  // namespace jetcuda
