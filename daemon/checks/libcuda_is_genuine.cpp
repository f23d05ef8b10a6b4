// A file of the right name is not yet the driver. Toolkits bring a stub to link against, container engines leave empty
// files where a mount failed, and images made for a server hold the desktop's library. Each loads or fails to load
// in its own way, and none drives a Jetson's GPU. Judged by content and place, never by the text inside: the
// words "CUDA driver is a stub library" stand in the real one.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {
namespace {

constexpr Remedy put_back_driver{
    .apt =
        "Remove {path}, put back the driver's own and let the loader find it: "
        "sudo apt-get install --reinstall {packages} && sudo ldconfig",
    .nix = "Let NixOS set up /run/opengl-driver anew: sudo nixos-rebuild boot && sudo reboot",
    .yocto =
        "Take what brings {path} out of the image, and put the driver in: "
        "IMAGE_INSTALL:append = \" tegra-libraries-cuda\"",
    .other =
        "Remove the file, install the libcuda of the L4T release, and see what the loader finds then: "
        "ldconfig -p | grep libcuda",
};

constexpr Remedy mend_container{
    .other =
        "Start the container with NVIDIA's runtime on a host of the L4T release that the image is for, and make "
        "images without docker export, which keeps such leftovers: docker run --runtime nvidia IMAGE",
};

}  // namespace

extern const Check libcuda_is_genuine{
    .id = "libcuda-is-genuine",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "libcuda is this board's driver: no stub, not empty, of this machine, not the desktop's",
    .why =
        "Programs take the first libcuda.so.1 they find. A stub answers every call with error 34, an empty leftover of "
        "a container mount ends in \"file too short\", and the desktop's driver finds no device.",
    .reads = {"libcuda"},
    .needs = {"libcuda-is-found"},
    .codes =
        {
            {"ok", Status::pass, "{path} is a driver library for this kind of board"},
            {"empty", Status::fail, "{path} is empty: a leftover of a container mount or of a broken installation",
             put_back_driver},
            {"empty-in-container", Status::fail, "{path} is empty: the host has no file to mount in its place",
             mend_container},
            {"not-a-library", Status::fail, "{path} cannot be a library: {flaw}", put_back_driver},
            {"other-machine", Status::fail, "{path} is for {machine}, but the board is aarch64", put_back_driver},
            {"stub",
             Status::fail,
             "{path} is the toolkit's stub, made to link programs against; it answers every call with error 34",
             {.apt = "Remove the stub from where the loader looks, and put the driver's own back: "
                     "sudo rm {path} && sudo apt-get install --reinstall {packages} && sudo ldconfig",
              .nix = "Take the \"stubs\" output out of what is linked there, then build and restart: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Take the stub out of the image, and put the driver in: "
                       "IMAGE_INSTALL:append = \" tegra-libraries-cuda\"",
              .other = "Remove the stub from where the loader looks: sudo rm {path} && sudo ldconfig"}},
            {"desktop", Status::fail, "{path} is not where L4T keeps its driver: it is the desktop's or a server's",
             put_back_driver},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.libcuda.known()) return because_missing(facts.libcuda.missing());
        const LibcudaFile& file = *facts.libcuda;
        Finding finding{.values = {{"path", file.path}, {"packages", package_names(facts).library}},
                        .evidence = {{"libcuda", file.real_path, facts.libcuda.source()}}};
        if (file.size == 0) {
            finding.code = facts.scope.in_container ? "empty-in-container" : "empty";
        } else if (!file.elf) {
            finding.code = "not-a-library";
            finding.values["flaw"] = file.flaw.empty() ? "it could not be read as one" : file.flaw;
        } else if (file.machine != ElfMachine::aarch64) {
            finding.code = "other-machine";
            finding.values["machine"] = file.machine == ElfMachine::x86_64 ? "x86-64" : "another machine";
        } else if (file.stub) {
            finding.code = "stub";
        } else {
            finding.code = file.tegra_place ? "ok" : "desktop";
        }
        return finding;
    },
};

}  // namespace jetcuda
