// A NixOS switch moves /run/opengl-driver to the new system's libcuda at once, and leaves the kernel modules of the
// booted system where they are: in memory. Where the two are of different releases, every CUDA program breaks at the
// switch and works again after a restart. Before the switch is the time to say so. Whether the incoming system fits
// together by itself is driver-matches-module's affair.

#include "daemon/checks/check.hpp"

namespace jetcuda {
namespace {

// R38.4's module says "TempVersion" where its number should be.
bool is_number(const std::string& version) { return !version.empty() && version[0] >= '0' && version[0] <= '9'; }

std::string text_of(const std::optional<L4tRelease>& l4t, const std::string& driver_version) {
    if (l4t) return "L4T " + l4t->text();
    return is_number(driver_version) ? "driver " + driver_version : std::string();
}

}  // namespace

extern const Check switch_keeps_driver{
    .id = "switch-keeps-driver",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::running,
    .claim = "the switch to the incoming NixOS system does not part libcuda from the running module",
    .why =
        "A switch brings the new libcuda at once, but the kernel keeps the modules of the booted system until the next "
        "start. Two releases that meet fail in every CUDA program, with an error that names neither.",
    .reads = {"libcuda of the incoming system", "modules of the booted system", "running GPU module"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "libcuda of the incoming system and the running {module} are both of {both}"},
            {"no-incoming-system", Status::not_applicable,
             "No NixOS system is about to be switched to (none was named with --system)"},
            {"incoming-release-not-recorded", Status::not_applicable,
             "Of which release libcuda of the incoming system is, is not recorded: {path}"},
            {"running-release-not-recorded", Status::not_applicable,
             "Of which release the running {module} is, is not recorded in a form to compare with libcuda"},
            {"parts-driver-from-module",
             Status::fail,
             "This switch breaks CUDA until the next start: it brings libcuda of {libcuda_release}, and the running "
             "{module} is of {module_release}",
             {.other = "Let the system start with its own modules, instead of switching to it: "
                       "sudo nixos-rebuild boot && sudo reboot"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.scope.system) return {.code = "no-incoming-system"};
        if (!facts.incoming_system.known()) return because_missing(facts.incoming_system.missing());
        const NixSystem& incoming = *facts.incoming_system;
        // The number stands in the name of the incoming libcuda's JIT compiler.
        const std::string number = facts.libcuda_release.known() ? facts.libcuda_release->driver_version : "";
        Finding finding{.values = {{"path", incoming.libcuda.empty() ? "it links none" : incoming.libcuda}}};
        const std::string libcuda = text_of(incoming.libcuda_l4t, number);
        if (libcuda.empty()) {
            finding.code = "incoming-release-not-recorded";
            return finding;
        }
        finding.values["libcuda_release"] = libcuda;
        finding.evidence.push_back({"libcuda of the incoming system", libcuda, incoming.libcuda});

        if (!facts.gpu_module.known()) return because_missing(facts.gpu_module.missing());
        const RunningModule& running = facts.gpu_module->running;
        const std::optional<L4tRelease> booted =
            facts.booted_system.known() ? facts.booted_system->modules_l4t : std::nullopt;
        const bool numbered = running.name == "nvidia" && is_number(running.version) && is_number(number);
        const bool by_l4t = booted && incoming.libcuda_l4t;
        finding.values["module"] = running.name;
        if (booted) {
            finding.evidence.push_back(
                {"modules of the booted system", "L4T " + booted->text(), facts.booted_system->modules});
        }
        if (numbered) {
            finding.evidence.push_back({"running " + running.name, running.version, facts.gpu_module.source()});
        }
        if (!numbered && !by_l4t) {
            finding.code = "running-release-not-recorded";
            return finding;
        }
        // What runs tells more than what was booted; and one number under two releases is one driver.
        const bool kept = numbered ? running.version == number : *booted == *incoming.libcuda_l4t;
        finding.code = kept ? "ok" : "parts-driver-from-module";
        finding.values["both"] = numbered ? "driver " + number : libcuda;
        if (numbered) finding.values["libcuda_release"] = "driver " + number;
        finding.values["module_release"] = numbered ? "driver " + running.version : "L4T " + booted->text();
        return finding;
    },
};

}  // namespace jetcuda
