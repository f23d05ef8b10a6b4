// cuda_compat: a newer libcuda that NVIDIA builds to run on the kernel module of an older L4T release. It comes as a
// folder of libraries, in three products that look alike and fit different boards: "l4t" for the GPU driver of Jetson
// before CUDA 13, "orin" for Orin from CUDA 13 on, and "sbsa" for servers, desktops and Thor. Installed it lies idle;
// only a search path makes programs use it. Which folders there are, what each is and who uses it, is asked here.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct CompatQuestion {
    std::optional<std::string> soc;      // "T234"
    std::optional<int> line;             // 36
    const Fact<DpkgPackages>& packages;  // those of cuda-compat among them say what they brought
    const Fact<LibcudaSearch>& search;   // which libcuda programs get, by the loader
    const Fact<Software>& software;      // on NixOS: what the system is made of
};

// The compat folders below /usr/local, in the Nix store and on the way of the loader, each once by its real path.
// Enabled are those whose libcuda a search ends at, and on NixOS those that the system is made of: nixpkgs puts
// cuda_compat first into the RUNPATH of its CUDA packages wherever it has one. (source: nixpkgs,
// autoAddCudaCompatRunpath)
Fact<Compat> read_compat(const SystemRoot& root, const Catalog& catalog, const CompatQuestion& question);

// By name alone, for those who meet a folder in another way: "/usr/local/cuda-12.9/compat", "…/compat_orin".
bool is_compat_folder(std::string_view directory);

// "12.9.40580548" is of the L4T or Orin product, "595.58.03" (a driver's number) of the SBSA one.
bool is_driver_number(std::string_view version);

}  // namespace jetcuda
