// A file of the right name is not yet the driver. Toolkits bring a stub to link against, container engines leave empty
// files where a mount failed, and images made for a server hold the desktop's library. Each loads or fails to load
// in its own way, and none drives a Jetson's GPU. Judged by content and place, never by the text inside: the
// words "CUDA driver is a stub library" stand in the real one.
//
// The release's own may be in its place and reach nobody: where the loader's cache leads every program to a file that
// cannot drive this GPU, no program works either. One that might (another release's copy), or that only some programs
// meet, is libcuda-is-unambiguous's affair.

#include "daemon/checks/check.hpp"
#include "daemon/checks/libcuda_kinds.hpp"
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

constexpr Remedy take_away_first{
    .apt =
        "Remove it (in a container: from its image), then see that the driver's own takes its place: "
        "sudo rm {first} && sudo ldconfig && ldconfig -p | grep libcuda",
    .nix =
        "Take what puts it there out of the configuration, then build and restart: "
        "sudo nixos-rebuild boot && sudo reboot",
    .yocto = "Take what brings {first} out of the image, and see what is found then: jetcuda-check which-libcuda",
    .other = "Remove it, then see what takes its place: sudo rm {first} && sudo ldconfig && ldconfig -p | grep libcuda",
};

constexpr Remedy mend_container{
    .other =
        "Start the container with NVIDIA's runtime on a host of the L4T release that the image is for, and make "
        "images without docker export, which keeps such leftovers: docker run --runtime nvidia IMAGE",
};

// What every program without search paths of its own gets, where that is nothing to drive this GPU with; else null.
const LibcudaSighting* find_useless_first(const Facts& facts, LibcudaKind& kind) {
    if (!facts.libcuda_search.known()) return nullptr;
    const LibcudaSighting* first = sighting_at_end(*facts.libcuda_search, facts.libcuda_search->plain);
    if (first == nullptr || lies_in_compat_folder(first->file)) return nullptr;
    kind = LibcudaSorting(facts).kind_of(first->file);
    switch (kind) {
        case LibcudaKind::stub:
        case LibcudaKind::broken:
        case LibcudaKind::other_gpu: return first;
        case LibcudaKind::discrete: return may_have_discrete_gpu(facts) ? nullptr : first;
        default: return nullptr;
    }
}

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
    .reads = {"libcuda", "what the loader's cache leads to"},
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
            {"stub-first", Status::fail,
             "Programs get {first}, the toolkit's stub, in place of {path}; it answers every call with error 34",
             take_away_first},
            {"broken-first", Status::fail,
             "Programs are led to {first}, which cannot be loaded ({flaw}), before the loader comes to {path}",
             take_away_first},
            {"discrete-first",
             Status::fail,
             "Programs get {first}, the driver {version} for discrete GPUs, in place of {path}; it finds none here",
             {.apt = "Remove the package that brought it, then see that the driver's own takes its place: "
                     "sudo apt-get purge \"$(dpkg-query -S {real} | cut -d: -f1)\" && sudo ldconfig && "
                     "ldconfig -p | grep libcuda",
              .nix = take_away_first.nix,
              .yocto = take_away_first.yocto,
              .other = take_away_first.other}},
            {"other-gpu-first",
             Status::fail,
             "Programs get {first}, the driver for another kind of GPU ({variant}), in place of {path}",
             {.apt = "Let the service of L4T link the one for this board, and see that it is found; where a line of "
                     "/etc/ld.so.conf.d still names the other's folder, take it out ({named_by}): "
                     "sudo systemctl restart nv-load-gpu-libs.service && sudo ldconfig && ldconfig -p | grep libcuda",
              .yocto = take_away_first.yocto,
              .other = "Take its folder out of the loader's search ({named_by}), then see what takes its place: "
                       "sudo ldconfig && ldconfig -p | grep libcuda"}},
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
        if (finding.code != "ok") return finding;
        LibcudaKind kind = LibcudaKind::own;
        const LibcudaSighting* first = find_useless_first(facts, kind);
        if (first == nullptr) return finding;
        finding.code = kind == LibcudaKind::stub       ? "stub-first"
                       : kind == LibcudaKind::broken   ? "broken-first"
                       : kind == LibcudaKind::discrete ? "discrete-first"
                                                       : "other-gpu-first";
        finding.values["first"] = first->path;
        finding.values["real"] = first->real_path;
        finding.values["named_by"] = first->named_by;
        finding.values["flaw"] = first->file.flaw;
        finding.values["version"] = discrete_driver_version(first->real_path);
        finding.values["variant"] = other_gpu_variant(facts, first->real_path);
        finding.evidence.push_back({"first for programs", first->real_path, first->named_by});
        return finding;
    },
};

}  // namespace jetcuda
