// After an update the new kernel lies on disk and the old one runs. Its modules may be gone already, and libraries that
// came with the new one meet the old one's drivers. A kernel that was put there on purpose waits for nothing.

#include "daemon/checks/check.hpp"

namespace jetcuda {

extern const Check no_reboot_is_pending{
    .id = "no-reboot-is-pending",
    .group = Group::kernel,
    .severity = Severity::wanted,
    .basis = Basis::running,
    .claim = "the running kernel and modules are the installed ones",
    .why =
        "Until the restart the old kernel works with new libraries, and modules that are not loaded yet may be gone. "
        "What is judged now can be different after the next start.",
    .reads = {"/run/reboot-required", "package of the kernel", "kernel release", "booted and current NixOS system"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "Nothing that is installed waits for a restart"},
            {"only-others", Status::pass,
             "A restart is asked for by {packages}, which hold neither the kernel nor the driver"},
            {"incoming-system", Status::not_applicable,
             "What waits for a restart is judged of the current system, not of one before a switch to it"},
            {"pending",
             Status::fail,
             "A restart is outstanding: {reasons}",
             {.nix = "Restart into the system that is installed: sudo nixos-rebuild boot && sudo reboot",
              .other = "Restart the board, so that what is installed is what runs: sudo reboot"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (facts.scope.in_container) return {.code = "in-container"};
        if (facts.scope.system) return {.code = "incoming-system"};
        if (!facts.pending_reboot.known()) return because_missing(facts.pending_reboot.missing());
        const PendingReboot& pending = *facts.pending_reboot;
        Finding finding;
        if (pending.reasons.empty() && pending.other_packages.empty()) {
            finding.code = "ok";
            finding.evidence.push_back({"reasons for a restart", "none", facts.pending_reboot.source()});
            return finding;
        }
        std::string packages;
        for (const std::string& name : pending.other_packages)
            packages.append(packages.empty() ? "" : ", ").append(name);
        if (!packages.empty()) {
            finding.values["packages"] = packages;
            finding.evidence.push_back({"other packages", packages, facts.pending_reboot.source()});
        }
        std::string reasons;
        for (std::size_t index = 0; index < pending.reasons.size(); ++index) {
            const std::string& source = index < pending.sources.size() ? pending.sources[index] : "";
            reasons.append(reasons.empty() ? "" : "; ").append(pending.reasons[index]);
            finding.evidence.push_back({"reason for a restart", pending.reasons[index],
                                        source.empty() ? facts.pending_reboot.source() : source});
        }
        finding.code = reasons.empty() ? "only-others" : "pending";
        finding.values["reasons"] = reasons;
        return finding;
    },
};

}  // namespace jetcuda
