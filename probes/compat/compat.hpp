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

// A folder that is searched for libraries, and by whom: in the order in which it is searched.
struct SearchedFolder {
    std::string directory;  // as written
    CompatEnabling how;
};

struct CompatPlaces {
    std::optional<std::string> soc;  // "T234"
    std::optional<int> line;         // 36
    // Who searches where. Of those of every program, only the compat folders that come before `native_directory` count:
    // a search that meets the release's own libcuda first does not go on to the compat's.
    std::vector<SearchedFolder> searched;
    std::string native_directory;  // real path of the folder of the release's own libcuda, or empty
};

// The compat folders below /usr/local, in the Nix store and among `places.searched`, each once by its real path.
Fact<Compat> read_compat(const SystemRoot& root, const Catalog& catalog, const Fact<DpkgPackages>& packages,
                         const CompatPlaces& places);

// By name alone, for those who meet a folder in another way: "/usr/local/cuda-12.9/compat", "…/compat_orin".
bool is_compat_folder(std::string_view directory);

// "12.9.40580548" is of the L4T or Orin product, "595.58.03" (a driver's number) of the SBSA one.
bool is_driver_number(std::string_view version);

}  // namespace jetcuda
