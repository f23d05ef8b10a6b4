// The names of the packages that hold the two halves of the driver, for remedies. They changed with the L4T lines:
// R36 moved the GPU module out of the kernel package, R38 split it by kind of GPU driver, R39 split libcuda too.
// From the package lists of NVIDIA's feeds (R35.6.4, R36.5.0, R38.4.0, R39.2.0) and of meta-tegra.

#pragma once

#include <string>
#include <string_view>

#include "probes/facts.hpp"

namespace jetcuda {

struct PackageNames {
    std::string kernel;   // .debs with the kernel and the GPU module, separated by blanks
    std::string library;  // .debs with libcuda
    std::string recipe;   // Yocto's package with the GPU module
};

inline PackageNames package_names(const Facts& facts) {
    const int line = facts.release.known() ? facts.release->line : 0;
    const bool openrm = facts.board.known() && facts.board->soc && facts.board->soc->gpu_variant == "openrm";
    const std::string variant = openrm ? "-openrm" : "-nvgpu";
    PackageNames names{"nvidia-l4t-kernel", "nvidia-l4t-cuda",
                       openrm ? "nvidia-kernel-oot-compute" : "nv-kernel-module-nvgpu"};
    if (line > 0 && line <= 35) names.recipe = "kernel-module-nvgpu";
    if (line >= 36) names.kernel += " nvidia-l4t-kernel-oot-modules";
    if (line >= 38) names.kernel += " nvidia-l4t-kernel" + variant;
    if (line >= 39) names.library += " nvidia-l4t-cuda" + variant;
    return names;
}

// A kernel that none of these packages holds: its owner built it, and its modules come from where it was built. On
// Ubuntu L4T's kernels are named so; NixOS and Yocto build both together.
inline bool runs_kernel_of_ones_own(const Facts& facts) {
    if (!facts.kernel_release.known() || !facts.distribution.known() || facts.scope.system) return false;
    constexpr std::string_view ending = "-tegra";
    const std::string& kernel = *facts.kernel_release;
    const bool of_l4t =
        kernel.size() >= ending.size() && kernel.compare(kernel.size() - ending.size(), ending.size(), ending) == 0;
    return *facts.distribution == Distribution::ubuntu && !of_l4t;
}

}  // namespace jetcuda
