// NVIDIA's driver for discrete GPUs brings a libcuda.so.1 and an nvidia.ko of its own. NVIDIA's feeds for R38 and R39
// hold it beside the driver of L4T, and the repositories for servers always did, so one careless "apt-get install" puts
// it onto a Jetson, where it finds no device. IGX boards can carry a discrete GPU that needs it.

#include "daemon/checks/check.hpp"
#include "daemon/checks/cuda_sets.hpp"
#include "daemon/checks/discrete_gpu.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {

extern const Check no_desktop_driver_is_installed{
    .id = "no-desktop-driver-is-installed",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "no driver package for discrete GPUs stands beside the driver of L4T",
    .why =
        "The desktop's and the datacenter's driver bring another libcuda.so.1 and another nvidia.ko, which find no "
        "device on a Jetson. Which of the two drivers programs get then depends on the loader's cache.",
    .reads = {"installed packages", "module of the board"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "No driver package for discrete GPUs is installed"},
            {"igx-discrete-gpu", Status::pass,
             "{packages} is installed, which a discrete GPU in this {module} may need"},
            {"desktop-driver",
             Status::fail,
             "A driver for discrete GPUs is installed beside the one of L4T: {packages}",
             {.apt = "Remove it, and put back what it may have replaced: sudo apt-get purge {names} && "
                     "sudo apt-get install --reinstall {driver} && sudo ldconfig && sudo reboot",
              // jetpack-nixos turns nixpkgs's own NVIDIA module off, and puts "nvidia" into videoDrivers itself.
              // (source: its modules/graphics.nix)
              .nix = "Take hardware.nvidia.* and packages of nvidia_x11 out of the configuration, so that the driver "
                     "of jetpack-nixos is the only one, then build and restart: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Take the package out of the image and build it again: IMAGE_INSTALL:remove = \"{names}\"",
              .other = "Remove the packages, then see which libcuda the loader finds: ldconfig -p | grep libcuda"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.software.known()) return without_software(facts.software.missing());
        std::vector<std::string> names;
        std::vector<std::string> texts;
        Finding finding;
        for (const DiscreteDriverPackage& package : facts.software->discrete_drivers) {
            if (!is_left(package)) continue;
            names.push_back(package.name);
            const std::string state = package.configured || package.state.empty() ? "" : " (" + package.state + ")";
            texts.push_back(package.name + state);
            finding.evidence.push_back({package.name, package.version + state, facts.software.source()});
        }
        if (names.empty()) return {.code = "ok", .evidence = {{"packages", "none", facts.software.source()}}};
        finding.values = {{"packages", listed(texts)},
                          {"names", in_command(names)},
                          {"driver", package_names(facts).library},
                          {"module", "module"}};
        finding.code = "desktop-driver";
        if (may_have_discrete_gpu(facts)) {
            finding.code = "igx-discrete-gpu";
            finding.values["module"] = facts.board->soc->modules.at(facts.board->module);
            finding.evidence.push_back({"module", facts.board->module, facts.board.source()});
        }
        return finding;
    },
};

}  // namespace jetcuda
