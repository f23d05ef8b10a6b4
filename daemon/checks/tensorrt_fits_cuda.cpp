// TensorRT names the CUDA version it was built with at the end of its own ("10.3.0.30-1+cuda12.5"). JetPack 6.1
// to 6.2.2 ship that one with CUDA 12.6: within a major an older build is right. Its libraries call each other's inner
// functions and must be of one version; two majors of TensorRT may stand side by side, as their SONAMEs differ.

#include "daemon/checks/built_for_cuda.hpp"

namespace jetcuda {

extern const Check tensorrt_fits_cuda{
    .id = "tensorrt-fits-cuda",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "TensorRT is of one version, built for the installed CUDA, and the one that this release brings",
    .why =
        "TensorRT of another CUDA major finds no CUDA libraries of its own kind, and its libraries of two versions do "
        "not load together: plugins and parsers end with undefined symbols or refuse every engine.",
    .reads = {"installed packages", "CUDA toolkits", "data on L4T releases"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass,
             "TensorRT {version}, the one that this release brings, is built for the installed CUDA"},
            {"fits-cuda", Status::pass,
             "TensorRT {version} is built for the installed CUDA {fitting}; nothing says which version "
             "this system should have"},
            {"other-version", Status::pass,
             "TensorRT {version} is built for the installed CUDA {fitting}; this release brings {pinned}"},
            {"build-not-recorded", Status::not_applicable,
             "For which CUDA version TensorRT {version} was built is not recorded"},
            {"no-cuda-installed", Status::not_applicable,
             "TensorRT {version} is installed, and no CUDA libraries to compare it with"},
            {"not-installed", Status::not_applicable, "TensorRT is not installed as a package"},
            {"not-configured", Status::fail, "The installation of {packages} was not finished ({state})",
             finish_installation},
            {"versions-differ",
             Status::fail,
             "The libraries of TensorRT are of more than one version: {parts}",
             {.apt = "Bring them to one version: sudo apt-get update && sudo apt-get install {names}",
              .yocto = "Take TensorRT from one branch of meta-tegra: IMAGE_INSTALL:append = \" tensorrt-core\"",
              .other = "Install all libraries of TensorRT in one version; what the loader finds: "
                       "ldconfig -p | grep -e libnvinfer -e libnvonnxparser"}},
            {"other-cuda",
             Status::fail,
             "TensorRT {version} ({packages}) is built for CUDA {built}, but installed is CUDA {installed}",
             {.apt = "Take the repository that it came from out of /etc/apt/sources.list.d, and install the TensorRT "
                     "of this "
                     "JetPack, which is built for its CUDA, in its place: "
                     "sudo apt-get purge {names} && sudo apt-get update && sudo apt-get install nvidia-tensorrt",
              .nix = "Take TensorRT from the same cudaPackages set as the rest of CUDA, then build: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Take TensorRT and CUDA from one branch of meta-tegra: "
                       "IMAGE_INSTALL:append = \" tensorrt-core\"",
              .other = "Install the TensorRT that is built for CUDA {installed}; what is there: "
                       "ls -d /usr/local/cuda*"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.software.known()) return without_software(facts.software.missing());
        Finding finding =
            judge_built_for_cuda(facts, "tensorrt", facts.reference.known() ? facts.reference->tensorrt : std::nullopt);
        const bool configured = finding.code != "not-configured";
        if (!configured || is_store_only(*facts.software)) return finding;
        if (std::optional<Finding> differ = find_differing_versions(facts, "tensorrt")) return std::move(*differ);
        return finding;
    },
};

}  // namespace jetcuda
