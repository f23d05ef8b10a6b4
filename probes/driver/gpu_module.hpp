// The kernel module that drives the GPU: as it runs, as it lies on disk for the running kernel, and of which release
// it is where somebody recorded that. Which module it is depends on the SoC alone: nvgpu on Xavier and Orin, nvidia
// (with nvidia-uvm) on Thor. That nvidia is loaded on an Orin says nothing: it drives the display there.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct GpuModuleQuestion {
    const Fact<Board>& board;
    const Fact<KernelModules>& kernel_modules;
    const Fact<DpkgPackages>& packages;
    bool in_container = false;  // packages then are the image's, and say nothing of the host's modules
};

// Missing (not_asked) where the SoC is not known; (not_readable) where it cannot be told what is loaded.
Fact<GpuModule> read_gpu_module(const SystemRoot& root, const GpuModuleQuestion& question);

// The names in /proc/modules.
std::vector<std::string> parse_loaded_modules(std::string_view text);

}  // namespace jetcuda
