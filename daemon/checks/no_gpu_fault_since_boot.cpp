// A GPU fault ends the program that it hits, and often only that; the kernel's log keeps it. One fault may be a
// program's own error. Several, or one that no program explains, are the first sign of a driver or a board that is
// about to fail in other programs too. Which lines are faults stands in the data.

#include "daemon/checks/check.hpp"

namespace jetcuda {

extern const Check no_gpu_fault_since_boot{
    .id = "no-gpu-fault-since-boot",
    .group = Group::devices,
    .severity = Severity::wanted,
    .basis = Basis::running,
    .claim = "the kernel log of this boot holds no GPU fault (nvgpu, host1x, Xid)",
    .why =
        "After a fault the GPU may be slow, stuck or gone for every program until the next start, and only the "
        "kernel's "
        "log says what came first.",
    .reads = {"kernel log of this boot"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "The kernel's log of this boot holds no GPU fault"},
            {"no-log", Status::not_applicable, "Not judged here: {why}"},
            {"log-cut",
             Status::unknown,
             "The kernel's log of this boot is no longer whole; what there is of it holds no GPU fault",
             {.other = "Let the journal keep more of a boot (SystemMaxUse= and RuntimeMaxUse= in journald.conf), then "
                       "restart the board: sudo systemctl restart systemd-journald"}},
            {"faults",
             Status::fail,
             "The kernel's log of this boot tells of GPU faults: {faults}",
             {.other = "Read what came before the first of them, and restart the board if CUDA programs fail now: "
                       "sudo journalctl -k -b | grep -E \"nvgpu|host1x|NVRM\"; sudo reboot"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        const Fact<KernelLog>& log = facts.kernel_log;
        if (!log.known()) {
            if (log.lacks(Lack::not_asked)) {
                if (facts.scope.in_container) return {.code = "in-container"};
                return {.code = "no-log", .values = {{"why", log.missing().why}}};
            }
            return because_missing(log.missing());
        }
        Finding finding;
        finding.evidence.push_back({"lines read", std::to_string(log->lines), log.source(), true});
        if (log->faults.empty()) {
            finding.code = log->cut ? "log-cut" : "ok";
            return finding;
        }
        std::string faults;
        for (const GpuFault& fault : log->faults) {
            faults.append(faults.empty() ? "" : "; ").append(fault.what).append(" (").append(fault.id);
            faults.append(", ").append(fault.count == 1 ? "once" : std::to_string(fault.count) + " times").append(")");
            finding.evidence.push_back({fault.id, fault.what, log.source()});
            finding.evidence.push_back({"first line of " + fault.id, fault.line, log.source(), true});
        }
        finding.code = "faults";
        finding.values["faults"] = faults;
        return finding;
    },
};

}  // namespace jetcuda
