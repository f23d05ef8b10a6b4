// A module carries the release of the kernel that it was built for (vermagic), and a kernel refuses one that names
// another, unless it compares checksums of symbols instead. A module that is loaded has been accepted, whatever
// its vermagic says: the kernel's own judgement beats the comparison of two words.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {

extern const Check gpu_module_fits_kernel{
    .id = "gpu-module-fits-kernel",
    .group = Group::kernel,
    .severity = Severity::required,
    .basis = Basis::host,
    .claim = "the GPU module on disk was built for the running kernel",
    .why =
        "The kernel refuses a module that was built for another release of it (\"Invalid module format\"), and the "
        "GPU is gone after the next start.",
    .reads = {"kernel release", "GPU module file", "loaded GPU module"},
    .needs = {"kernel-modules-are-installed"},
    .codes =
        {
            {"ok", Status::pass, "{module} on disk was built for the {which} kernel {kernel}"},
            {"loaded-with-other-vermagic", Status::pass,
             "{module} was built for the kernel {vermagic}, and the running kernel {kernel} has accepted and loaded "
             "it"},
            {"built-in", Status::not_applicable, "{module} is built into the kernel"},
            {"loaded-without-file", Status::not_applicable,
             "{module} is loaded, and there is no file of it on disk to compare with the kernel"},
            {"no-vermagic",
             Status::unknown,
             "The module {file} does not say for which kernel it was built",
             {.other = "See what the file says of itself: modinfo {file}"}},
            {"built-for-another-kernel",
             Status::fail,
             "{module} on disk was built for the kernel {vermagic}, but {now}",
             {.apt = "Install the kernel and its modules as one set (a kernel of your own needs NVIDIA's out-of-tree "
                     "modules built for it), then restart the board: sudo apt-get install --reinstall {packages} && "
                     "sudo reboot",
              .nix = "Build kernel and modules from one configuration and restart into them: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Build the kernel and its out-of-tree modules in one build: "
                       "IMAGE_INSTALL:append = \" {recipe}\"",
              .other = "Build the module for the running kernel, or start the kernel it was built for: "
                       "modinfo -F vermagic {file}; uname -r"}},
            // Developer guide of Jetson Linux, Kernel Customization, Building the NVIDIA Out-of-Tree Modules.
            {"not-built-for-own-kernel",
             Status::fail,
             "There is no {module} module for the {which} kernel {kernel}, which is no kernel of L4T's packages",
             {.other = "Build NVIDIA's out-of-tree modules of this L4T release for it, in the folder of their sources, "
                       "and restart the board (or start L4T's own kernel): "
                       "make modules && sudo -E make modules_install && sudo depmod -a {kernel} && sudo reboot"}},
            {"not-installed",
             Status::fail,
             "There is no {module} module for the {which} kernel {kernel}",
             {.apt = "Install the package that holds it: sudo apt-get install --reinstall {packages}",
              .nix = "Enable the Jetson modules of jetpack-nixos, build and restart: "
                     "hardware.nvidia-jetpack.enable = true;",
              .yocto = "Put the module into the image: IMAGE_INSTALL:append = \" {recipe}\"",
              .other = "Build and install the module {module} of the L4T release for this kernel; where it belongs: "
                       "ls /lib/modules/{kernel}"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (facts.scope.at_rest) return {.code = "not-running"};
        if (!facts.gpu_module.known()) return because_missing(facts.gpu_module.missing());
        const RunningModule& running = facts.gpu_module->running;
        const Fact<ModuleFile>& file = facts.gpu_module->file;
        const PackageNames packages = package_names(facts);
        Finding finding{
            .values = {{"module", running.name}, {"packages", packages.kernel}, {"recipe", packages.recipe}}};
        // Before a switch to a NixOS system, its own kernel is the one that has to take the module.
        const std::string which = facts.scope.system ? "incoming" : "running";
        finding.values["which"] = which;
        if (running.presence == ModulePresence::built_in) {
            finding.code = "built-in";
            return finding;
        }
        if (!facts.kernel_release.known()) return because_missing(facts.kernel_release.missing());
        finding.values["kernel"] = *facts.kernel_release;
        finding.values["now"] = facts.scope.system ? "the incoming system starts " + *facts.kernel_release
                                                   : *facts.kernel_release + " is running";
        finding.evidence.push_back({which + " kernel", *facts.kernel_release, facts.kernel_release.source()});
        if (!file.known()) {
            if (!file.lacks(Lack::not_there)) return because_missing(file.missing());
            const bool works = running.presence == ModulePresence::loaded && !facts.scope.system;
            finding.code = works                            ? "loaded-without-file"
                           : runs_kernel_of_ones_own(facts) ? "not-built-for-own-kernel"
                                                            : "not-installed";
            return finding;
        }
        const std::string built_for = file->vermagic.substr(0, file->vermagic.find(' '));
        finding.values["file"] = file->path;
        finding.values["vermagic"] = built_for;
        if (built_for.empty()) {
            finding.code = "no-vermagic";
            return finding;
        }
        finding.evidence.push_back({"vermagic", file->vermagic, file->path});
        if (built_for == *facts.kernel_release) {
            finding.code = "ok";
        } else {
            const bool works = running.presence == ModulePresence::loaded && !facts.scope.system;
            finding.code = works ? "loaded-with-other-vermagic" : "built-for-another-kernel";
        }
        return finding;
    },
};

}  // namespace jetcuda
