// A kernel loads modules only from the folder of its own release. An update that replaces the kernel without its
// modules, or the modules without a restart, leaves a board that boots and has no GPU.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {

extern const Check kernel_modules_are_installed{
    .id = "kernel-modules-are-installed",
    .group = Group::kernel,
    .severity = Severity::required,
    .basis = Basis::host,
    .claim = "modules for the running kernel are installed, or built into it",
    .why =
        "Without modules of exactly its own release the kernel has no GPU driver to load: the board boots, and every "
        "CUDA program says that there is no device.",
    .reads = {"kernel release", "/lib/modules", "modules built into the kernel"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "The {which} kernel {kernel} has its modules in {directory}"},
            {"built-in", Status::pass,
             "The {which} kernel {kernel} has {module} built in and needs no modules for the GPU"},
            {"loaded-without-modules", Status::not_applicable,
             "{module} is loaded, so the running kernel {kernel} had its modules when it was; none of them is on disk "
             "now"},
            {"no-modules-of-own-kernel",
             Status::fail,
             "The GPU of this board has no module to load: {others}, and {kernel} is no kernel of L4T's packages",
             {.other = "Install its modules from the folder that it was built in, then NVIDIA's out-of-tree modules "
                       "built for it, and restart the board (or start L4T's own kernel): "
                       "sudo make modules_install && sudo depmod -a {kernel} && sudo reboot"}},
            {"no-modules",
             Status::fail,
             "The GPU of this board has no module to load: {others}",
             {.apt = "Install the kernel and its modules as one set, then restart the board: "
                     "sudo apt-get install --reinstall {packages} && sudo reboot",
              .nix = "Restart into the system whose modules are installed: sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Install the image's kernel and modules from one build: "
                       "IMAGE_INSTALL:append = \" kernel-modules {recipe}\"",
              .other = "Install the modules of this kernel, or start the kernel whose modules are there: "
                       "uname -r; ls /lib/modules"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (facts.scope.at_rest) return {.code = "not-running"};
        if (!facts.kernel_release.known()) return because_missing(facts.kernel_release.missing());
        const std::string& kernel = *facts.kernel_release;
        const PackageNames packages = package_names(facts);
        // Before a switch to a NixOS system, its own kernel is the one to judge.
        const std::string which = facts.scope.system ? "incoming" : "running";
        Finding finding{.values = {{"kernel", kernel},
                                   {"which", which},
                                   {"packages", packages.kernel},
                                   {"recipe", packages.recipe}},
                        .evidence = {{which + " kernel", kernel, facts.kernel_release.source()}}};
        const bool found = facts.kernel_modules.known() && !facts.kernel_modules->directory.empty();
        if (found) {
            finding.code = "ok";
            finding.values["directory"] = facts.kernel_modules->directory;
            return finding;
        }
        if (facts.gpu_module.known() && facts.gpu_module->running.presence == ModulePresence::built_in) {
            finding.code = "built-in";
            finding.values["module"] = facts.gpu_module->running.name;
            return finding;
        }
        if (!facts.kernel_modules.known() && !facts.kernel_modules.lacks(Lack::not_there)) {
            return because_missing(facts.kernel_modules.missing());
        }
        // What the kernel has taken it keeps. Modules that went since then are told by no-reboot-is-pending.
        const bool loaded = facts.gpu_module.known() && facts.gpu_module->running.presence == ModulePresence::loaded;
        if (loaded && !facts.scope.system) {
            finding.code = "loaded-without-modules";
            finding.values["module"] = facts.gpu_module->running.name;
            return finding;
        }
        finding.code = runs_kernel_of_ones_own(facts) ? "no-modules-of-own-kernel" : "no-modules";
        std::string others = facts.kernel_modules.known() ? "" : facts.kernel_modules.missing().why;
        if (others.empty()) others = "no modules of the " + which + " kernel " + kernel + " are installed";
        finding.values["others"] = others;
        finding.evidence.push_back({"modules on disk", others, facts.kernel_modules.source()});
        return finding;
    },
};

}  // namespace jetcuda
