// A module stays in memory as it was when it was loaded; an update replaces only the file. Until the next start the
// kernel then runs one module and the disk shows another, and whoever looks at the disk draws wrong conclusions.
// The build id tells the two apart, or srcversion where there is none; with neither nothing can be said.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {

extern const Check loaded_module_is_installed_one{
    .id = "loaded-module-is-installed-one",
    .group = Group::kernel,
    .severity = Severity::wanted,
    .basis = Basis::host,
    .claim = "the loaded GPU module is the one on disk",
    .why =
        "After an update without a restart the old module meets the new libraries. What works now may stop working "
        "at the next start, and what fails now may be mended by it.",
    .reads = {"loaded GPU module", "GPU module file"},
    // An update that waits for its restart is why the two differ.
    .needs = {"gpu-module-is-loaded", "no-reboot-is-pending"},
    .codes =
        {
            {"ok", Status::pass, "The loaded {module} is the one on disk: both have the {kind} {loaded}"},
            {"built-in", Status::not_applicable, "{module} is built into the kernel"},
            {"incoming-system", Status::not_applicable,
             "The {module} on disk is the incoming system's, which is not running; whether its libraries can meet the "
             "loaded one is judged by switch-keeps-driver"},
            {"not-comparable", Status::not_applicable,
             "The loaded {module} and the file {file} have no build id and no srcversion in common to compare"},
            {"another-is-installed",
             Status::fail,
             "The loaded {module} is not the one on disk: its {kind} is {loaded}, that of {file} is {installed}",
             {.other = "Restart the board, so that the module on disk is the one that runs: sudo reboot"}},
            {"no-file-on-disk",
             Status::fail,
             "{module} is loaded, but there is no file of it for the running kernel: it will be missing after a "
             "restart "
             "unless something else brings it",
             {.apt = "Install the package that holds it, unless a kernel of your own brings it from elsewhere: "
                     "sudo apt-get install --reinstall {packages}",
              .nix = "Build the system again and restart into it: sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Put the module into the image: IMAGE_INSTALL:append = \" {recipe}\"",
              .other = "Put the file of the module back among those of the running kernel; where it belongs: "
                       "ls /lib/modules/{kernel}"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (facts.scope.at_rest) return {.code = "not-running"};
        if (!facts.gpu_module.known()) return because_missing(facts.gpu_module.missing());
        const RunningModule& loaded = facts.gpu_module->running;
        const Fact<ModuleFile>& file = facts.gpu_module->file;
        const PackageNames packages = package_names(facts);
        Finding finding{
            .values = {{"module", loaded.name},
                       {"packages", packages.kernel},
                       {"recipe", packages.recipe},
                       {"kernel", facts.kernel_release.known() ? *facts.kernel_release : std::string("$(uname -r)")}}};
        if (loaded.presence == ModulePresence::built_in) {
            finding.code = "built-in";
            return finding;
        }
        if (facts.scope.system) {
            finding.code = "incoming-system";
            return finding;
        }
        if (loaded.presence == ModulePresence::absent) {
            return because_missing({Lack::not_there, loaded.name + " is not loaded", facts.gpu_module.source()});
        }
        if (!file.known()) {
            if (!file.lacks(Lack::not_there)) return because_missing(file.missing());
            finding.code = "no-file-on-disk";
            return finding;
        }
        const bool by_build_id = !loaded.build_id.empty() && !file->build_id.empty();
        const bool by_srcversion = !loaded.srcversion.empty() && !file->srcversion.empty();
        finding.values["file"] = file->path;
        if (!by_build_id && !by_srcversion) {
            finding.code = "not-comparable";
            return finding;
        }
        const std::string kind = by_build_id ? "build id" : "srcversion";
        const std::string& in_memory = by_build_id ? loaded.build_id : loaded.srcversion;
        const std::string& on_disk = by_build_id ? file->build_id : file->srcversion;
        finding.values["kind"] = kind;
        finding.values["loaded"] = in_memory;
        finding.values["installed"] = on_disk;
        finding.evidence = {{kind + " of the loaded module", in_memory, facts.gpu_module.source()},
                            {kind + " of the file", on_disk, file->path}};
        finding.code = in_memory == on_disk ? "ok" : "another-is-installed";
        return finding;
    },
};

}  // namespace jetcuda
