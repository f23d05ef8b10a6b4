// cuDNN is built for one CUDA major version and loads cuBLAS of that major. The feeds of JetPack 7 hold builds for
// CUDA 12 and for 13 under one version number, which only the package's name tells apart, and older ones say it at the
// end of their version ("+cuda11.4"). Users may upgrade cuDNN within its major; that is no fault.

#include "daemon/checks/built_for_cuda.hpp"

namespace jetcuda {

extern const Check cudnn_fits_cuda{
    .id = "cudnn-fits-cuda",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "cuDNN was built for the installed CUDA, and is the one that this release brings",
    .why =
        "A cuDNN of another CUDA major loads and then finds no cuBLAS of its own kind: programs end with "
        "CUDNN_STATUS_NOT_INITIALIZED, or go on without the GPU.",
    .reads = {"installed packages", "CUDA toolkits", "data on L4T releases"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "cuDNN {version}, the one that this release brings, is built for the installed CUDA"},
            {"fits-cuda", Status::pass,
             "cuDNN {version} is built for the installed CUDA {fitting}; nothing says which version "
             "this system should have"},
            {"other-version", Status::pass,
             "cuDNN {version} is built for the installed CUDA {fitting}; this release brings {pinned}"},
            {"build-not-recorded", Status::not_applicable,
             "For which CUDA version cuDNN {version} was built is not recorded"},
            {"no-cuda-installed", Status::not_applicable,
             "cuDNN {version} is installed, and no CUDA libraries to compare it with"},
            {"not-installed", Status::not_applicable, "cuDNN is not installed as a package"},
            {"not-configured", Status::fail, "The installation of {packages} was not finished ({state})",
             finish_installation},
            {"other-cuda",
             Status::fail,
             "cuDNN {version} ({packages}) is built for CUDA {built}, but installed is CUDA {installed}",
             {.apt =
                  "Take the repository that it came from out of /etc/apt/sources.list.d, and install the cuDNN of this "
                  "JetPack, which is built for its CUDA, in its place: "
                  "sudo apt-get purge {names} && sudo apt-get update && sudo apt-get install {package}",
              .nix = "Take cuDNN from the same cudaPackages set as the rest of CUDA, then build: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Take cuDNN and CUDA from one branch of meta-tegra: IMAGE_INSTALL:append = \" cudnn\"",
              .other = "Install the cuDNN that is built for CUDA {installed}; what is there: "
                       "ls -d /usr/local/cuda*"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.software.known()) return without_software(facts.software.missing());
        Finding finding =
            judge_built_for_cuda(facts, "cudnn", facts.reference.known() ? facts.reference->cudnn : std::nullopt);
        // What brings JetPack's own, by NVIDIA's package lists for R35.6.4, R36.5.0 and R39.2.0.
        const bool jetpack_5 = facts.release.known() && facts.release->line <= 35;
        finding.values["package"] = jetpack_5 ? "nvidia-cudnn8" : "nvidia-cudnn";
        return finding;
    },
};

}  // namespace jetcuda
