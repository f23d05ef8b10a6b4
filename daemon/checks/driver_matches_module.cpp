// libcuda and the GPU's kernel module are two halves of one driver. They speak a private protocol that changes between
// L4T releases without notice, so halves of two releases fail in ways that name neither. Compared is only what is
// recorded of both: L4T releases, or driver numbers. /proc/driver/nvidia/version is no record on Orin, where it speaks
// of the display's module. A driver number that both share settles it: NVIDIA re-issues packages under a new release
// with the same driver inside (R38.2.1 and R38.2.2).

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {
namespace {

// R38.4's module says "TempVersion" where its number should be.
bool is_number(const std::string& version) { return !version.empty() && version[0] >= '0' && version[0] <= '9'; }

}  // namespace

extern const Check driver_matches_module{
    .id = "driver-matches-module",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "libcuda and the GPU kernel module come from one release",
    .why =
        "The two are halves of one driver and are replaced by different packages. After half an update, or a NixOS "
        "switch without a restart, cuInit fails, hangs or crashes with an error that names neither.",
    .reads = {"release of libcuda", "release of the GPU module"},
    .needs = {"libcuda-is-found", "libcuda-is-genuine", "gpu-module-is-loaded"},
    .codes =
        {
            {"ok", Status::pass, "libcuda and {module} are both of {both}"},
            {"module-release-not-recorded", Status::not_applicable,
             "Of which release {module} is, is not recorded on this system in a form to compare with libcuda"},
            {"libcuda-release-not-recorded", Status::not_applicable,
             "Of which release libcuda is, is not recorded on this system; {module} is of {module_release}"},
            {"releases-differ",
             Status::fail,
             "libcuda is of {libcuda_release}, the GPU module {module} of {module_release}",
             {.apt = "Bring both to one release, then restart the board: "
                     "sudo apt-get update && sudo apt-get install --reinstall {library} {kernel} && sudo reboot",
              .nix = "Take out what replaces one of them, such as an overlay, and restart into the system that libcuda "
                     "belongs to instead of switching to it: sudo nixos-rebuild boot && sudo reboot",
              .yocto =
                  "Build the image again from one branch of meta-tegra, kernel modules and libraries in one build: "
                  "IMAGE_INSTALL:append = \" tegra-libraries-cuda {recipe}\"",
              .other = "Install libcuda and kernel modules of one L4T release, then restart the board: sudo reboot"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.gpu_module.known()) return because_missing(facts.gpu_module.missing());
        const GpuModule& module = *facts.gpu_module;
        const PackageNames packages = package_names(facts);
        Finding finding{.values = {{"module", module.running.name},
                                   {"library", packages.library},
                                   {"kernel", packages.kernel},
                                   {"recipe", packages.recipe}}};
        if (!module.release.known()) {
            if (!module.release.lacks(Lack::not_there)) return because_missing(module.release.missing());
            finding.code = "module-release-not-recorded";
            return finding;
        }
        const auto text_of = [](const std::optional<L4tRelease>& l4t, const std::string& driver_version) {
            if (l4t) return "L4T " + l4t->text();
            return "driver " + (driver_version.empty() ? std::string("without a number") : driver_version);
        };
        const std::string module_text = text_of(module.release->l4t, module.release->driver_version);
        finding.values["module_release"] = module_text;
        finding.evidence.push_back({"release of " + module.running.name, module_text, module.release.source()});
        if (!facts.libcuda_release.known()) {
            if (!facts.libcuda_release.lacks(Lack::not_there)) return because_missing(facts.libcuda_release.missing());
            finding.code = "libcuda-release-not-recorded";
            return finding;
        }
        const DriverRelease& libcuda = *facts.libcuda_release;
        const bool both_numbered = is_number(module.release->driver_version) && is_number(libcuda.driver_version);
        const bool one_number = both_numbered && module.release->driver_version == libcuda.driver_version;
        const bool both_of_l4t = module.release->l4t && libcuda.l4t;
        std::string libcuda_text = text_of(libcuda.l4t, libcuda.driver_version);
        finding.evidence.push_back({"release of libcuda", libcuda_text, facts.libcuda_release.source()});
        if (!both_numbered && !both_of_l4t) {
            finding.code = "module-release-not-recorded";
            return finding;
        }
        // Where both have a number it tells more than the package that a file belongs to: files can be replaced.
        const bool one_l4t = both_of_l4t && *module.release->l4t == *libcuda.l4t;
        if (both_numbered ? one_number : one_l4t) {
            finding.code = "ok";
            finding.values["both"] = one_number ? "driver " + libcuda.driver_version : libcuda_text;
            return finding;
        }
        finding.code = "releases-differ";
        if (!both_of_l4t || one_l4t) {
            // One side's L4T release beside the other's driver number would compare nothing.
            libcuda_text = "driver " + libcuda.driver_version;
            finding.values["module_release"] = "driver " + module.release->driver_version;
        }
        finding.values["libcuda_release"] = libcuda_text;
        return finding;
    },
};

}  // namespace jetcuda
