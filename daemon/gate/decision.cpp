// Holding back a boot is the strongest thing this program can do, so only what was measured on this very GPU, in
// this boot, may do it: a table that is out of date, a missing report or a fault of our own never does.

#include "daemon/gate/decision.hpp"

#include <algorithm>
#include <vector>

#include "daemon/report/outside_text.hpp"

namespace jetcuda {

GateDecision decide_gate(const Report* report) {
    if (report == nullptr) {
        return {
            true,
            "The boot passes: there is no report of this boot. See why with: systemctl status jetcuda-check.service"};
    }
    std::vector<const CheckResult*> failures;
    for (const CheckResult& check : report->checks) {
        const bool failed = check.severity == Severity::required && check.status == Status::fail && !check.waived;
        if (failed) failures.push_back(&check);
    }
    if (failures.empty()) {
        return {true,
                "The boot passes: no required check fails (verdict " + std::string(name_of(report->verdict)) + ")."};
    }
    std::string ids;
    for (const CheckResult* check : failures) ids += (ids.empty() ? "" : ", ") + plain_line(check->id);
    const std::string failed = "required checks fail (" + ids + ")";
    if (!report->probed) {
        return {true, "The boot passes although " + failed +
                          ": the GPU was not probed in this boot. Probe it with: sudo jetcuda-check run"};
    }
    if (report->simulated) {
        return {true, "The boot passes although " + failed + ": the driver is simulated, no hardware was asked."};
    }
    return {false, "The boot is withheld: " + failed + ". See what to do with: jetcuda-check explain " +
                       plain_line(report->reason.empty() ? failures.front()->id : report->reason)};
}

}  // namespace jetcuda
