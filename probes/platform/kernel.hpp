// The running kernel, and the folder of its modules on disk. A kernel update whose reboot is outstanding, or an
// image whose modules were pruned, shows here: the running release then has no folder.

#pragma once

#include <string>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// /proc/sys/kernel/osrelease. Missing for an image at rest.
Fact<std::string> read_kernel_release(const SystemRoot& root);

// Of the kernel that a NixOS system which is not running yet would start: a system holds the modules of one.
Fact<std::string> read_incoming_kernel_release(const SystemRoot& root);

// Missing (not_there) where the release has no folder; the clause then names the kernels that do have one.
Fact<KernelModules> read_kernel_modules(const SystemRoot& root, const Fact<std::string>& kernel_release);

}  // namespace jetcuda
