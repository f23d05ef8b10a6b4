// Which kernel module drives the GPU is a matter of the SoC, not of the JetPack: nvgpu on Xavier and Orin, nvidia with
// nvidia-uvm on Thor. On an Orin with JetPack 6 or 7 nvidia is loaded too, for the display, and proves nothing.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {
namespace {

// NVIDIA builds nvidia.ko twice for R39 (Makefile of the out-of-tree modules): updates/opensrc-disp holds the one for
// Orin, which drives displays, updates/opensource-gpu-disp the one for Thor. True where modprobe takes the former. R38
// has one build, for Thor, in updates/opensrc-disp (OE4T/meta-tegra, patch 0001 to the Makefile of 580.00).
constexpr int first_line_with_two_builds = 39;

bool is_display_build(const ModuleFile& file) { return file.path.find("/opensrc-disp/") != std::string::npos; }

bool has_two_builds(const Facts& facts) {
    return facts.release.known() && facts.release->line >= first_line_with_two_builds;
}

bool is_another_build(const RunningModule& loaded, const ModuleFile& file) {
    const auto differ = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
    return differ(loaded.build_id, file.build_id) || differ(loaded.srcversion, file.srcversion);
}

}  // namespace

extern const Check gpu_module_is_loaded{
    .id = "gpu-module-is-loaded",
    .group = Group::kernel,
    .severity = Severity::required,
    .basis = Basis::running,
    .claim = "the kernel module that drives this GPU is loaded or built in",
    .why =
        "Without it there is no GPU for CUDA: programs stop with \"no CUDA-capable device is detected\", although the "
        "driver's libraries are all there.",
    .reads = {"/proc/modules", "/sys/module", "modules built into the kernel"},
    .needs = {"soc-is-supported", "kernel-modules-are-installed", "gpu-module-fits-kernel"},
    .codes =
        {
            {"ok", Status::pass, "{modules} is loaded, which drives the GPU of this board"},
            {"built-in", Status::pass, "{modules} is built into the kernel, which drives the GPU of this board"},
            {"not-loaded",
             Status::fail,
             "{module}, which drives the GPU of this board, is not loaded",
             {.nix =
                  "Enable the Jetson modules of jetpack-nixos (hardware.nvidia-jetpack.enable = true;), take {module} "
                  "out of boot.blacklistedKernelModules, or load it now and read what the kernel says: "
                  "sudo modprobe {module}; sudo dmesg | grep -i {module}",
              .yocto = "Put the module into the image (IMAGE_INSTALL:append = \" {recipe}\"), or load it now and read "
                       "what the kernel says: modprobe {module}; dmesg | grep -i {module}",
              .other =
                  "Load it, read what the kernel says if it refuses, and look for a line that keeps it out at every "
                  "start: sudo modprobe {module}; sudo dmesg | grep -i {module}; grep -rnw {module} "
                  "/etc/modprobe.d /lib/modprobe.d"}},
            {"other-variant",
             Status::fail,
             "The loaded {module} is {file}, the build for Orin that drives displays only; this board needs the one of "
             "updates/opensource-gpu-disp",
             {.apt = "Put back what chooses the build for this board (depmod.d) and the build itself, then restart: "
                     "sudo apt-get install --reinstall nvidia-l4t-init nvidia-l4t-init-openrm "
                     "nvidia-l4t-kernel-openrm && sudo depmod && sudo reboot",
              .nix = "Name the board's own module, so that jetpack-nixos chooses the build for it, then build and "
                     "restart: hardware.nvidia-jetpack.som = \"thor-agx\";",
              .yocto = "Build the image for the board that it runs on: MACHINE = \"jetson-agx-thor-devkit\"",
              .other = "Let depmod prefer the build for this board, then restart: "
                       "grep -rn nvidia /etc/depmod.d /lib/depmod.d"}},
            {"uvm-missing",
             Status::fail,
             "{module} is loaded, but nvidia-uvm, without which CUDA does not start on this board, is not",
             {.nix = "Enable the Jetson modules of jetpack-nixos (hardware.nvidia-jetpack.enable = true;), or load it "
                     "now and read what the kernel says: sudo modprobe nvidia-uvm; sudo dmesg | grep -i nvidia",
              .yocto = "Put the module into the image (IMAGE_INSTALL:append = \" {recipe}\"), or load it now and read "
                       "what the kernel says: modprobe nvidia-uvm; dmesg | grep -i nvidia",
              .other = "Load it, and read what the kernel says if it refuses: "
                       "sudo modprobe nvidia-uvm; sudo dmesg | grep -i nvidia"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.gpu_module.known()) return because_missing(facts.gpu_module.missing());
        const GpuModule& module = *facts.gpu_module;
        const std::string source = facts.gpu_module.source();
        const auto presence_text = [](ModulePresence presence) {
            switch (presence) {
                case ModulePresence::loaded: return "loaded";
                case ModulePresence::built_in: return "built in";
                case ModulePresence::absent: return "not loaded";
            }
            return "not loaded";
        };
        Finding finding{.values = {{"module", module.running.name},
                                   {"modules", module.running.name},
                                   {"recipe", package_names(facts).recipe}},
                        .evidence = {{module.running.name, presence_text(module.running.presence), source}}};
        if (module.running.presence == ModulePresence::absent) {
            finding.code = "not-loaded";
            return finding;
        }
        const bool needs_uvm = module.running.name == "nvidia";
        if (needs_uvm && has_two_builds(facts) && module.file.known() && is_display_build(*module.file) &&
            !is_another_build(module.running, *module.file)) {
            finding.code = "other-variant";
            finding.values["file"] = module.file->path;
            finding.evidence.push_back({"module file", module.file->path, module.file.source()});
            return finding;
        }
        if (needs_uvm && !module.uvm) {
            return because_missing({Lack::not_asked, "nobody looked for nvidia-uvm", source});
        }
        if (needs_uvm) {
            finding.evidence.push_back({"nvidia-uvm", presence_text(module.uvm->presence), source});
            if (module.uvm->presence == ModulePresence::absent) {
                finding.code = "uvm-missing";
                return finding;
            }
            finding.values["modules"] += " with nvidia-uvm";
        }
        finding.code = module.running.presence == ModulePresence::loaded ? "ok" : "built-in";
        return finding;
    },
};

}  // namespace jetcuda
