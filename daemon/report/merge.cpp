// What was measured in this boot outlives the runs that measure nothing. A passive run (a timer, a look after a
// package was installed) reads files only; without this its report would say less than the one before it, and
// a board whose driver hangs would look better than it is.

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/report/report.hpp"

namespace jetcuda {

namespace {

// Answers of a measured check that say that nothing could be measured *now*, and nothing about the driver: nobody
// asked (not-asked also of the later steps, when an earlier one found the GPU busy), the GPU is in use or its memory
// short, or the child of an earlier run is still stuck (contract, section 4). A child that was killed or refused by a
// sandbox is not among them: it was tried, and the outcome is not known.
constexpr std::array<std::string_view, 5> earlier_stands_codes = {"not-probed", "not-asked", "gpu-busy", "memory-short",
                                                                  "probe-still-stuck"};

bool leaves_earlier_standing(const CheckResult& check) {
    const bool without_outcome = check.status == Status::unknown || check.status == Status::not_applicable;
    return (check.basis == Basis::measured || check.basis == Basis::program) && without_outcome &&
           std::find(earlier_stands_codes.begin(), earlier_stands_codes.end(), check.code) !=
               earlier_stands_codes.end();
}

const CheckResult* measured_result(const Report& report, const std::string& id) {
    const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                    [&](const CheckResult& check) { return check.id == id; });
    if (found == report.checks.end() || leaves_earlier_standing(*found)) return nullptr;
    return &*found;
}

bool speaks_of_same_driver(const Report& newer, const Report& earlier) {
    return newer.simulated == earlier.simulated && newer.driver_under_test == earlier.driver_under_test;
}

bool was_no_jetson(const Report& report) {
    return report.reason == "not-a-jetson" ||
           std::any_of(report.checks.begin(), report.checks.end(),
                       [](const CheckResult& check) { return check.code == "not-a-jetson"; });
}

}  // namespace

Report merge_measured(Report newer, const Report& earlier) {
    if (earlier.root != newer.root) return newer;
    if (newer.boot_id.empty() || earlier.boot_id != newer.boot_id) return newer;
    // A run that did ask a driver keeps nothing of another driver, least of all a simulated one's.
    const bool same_driver = earlier.probed && (!newer.probed || speaks_of_same_driver(newer, earlier));

    bool carried = false;
    bool driver_carried = false;
    for (CheckResult& check : newer.checks) {
        if (!leaves_earlier_standing(check)) continue;
        const bool of_driver = check.basis == Basis::measured;
        if (of_driver && !same_driver) continue;
        const CheckResult* kept = measured_result(earlier, check.id);
        if (kept == nullptr) continue;
        const Severity severity =
            check.severity;  // of the administrator's own checks it is a setting, which is read anew
        check = *kept;
        check.severity = severity;
        carried = true;
        driver_carried = driver_carried || of_driver;
    }
    if (!carried) return newer;

    if (driver_carried && !newer.probed) {
        newer.probed = true;
        newer.simulated = earlier.simulated;
        newer.driver_under_test = earlier.driver_under_test;
        if (!newer.device.gpu.empty()) newer.device.gpu = earlier.device.gpu;  // the driver's own name for it
    }
    if (driver_carried && !newer.stack.driver_measured) newer.stack.driver_measured = earlier.stack.driver_measured;
    for (CompatSummary& compat : newer.stack.compat) {
        if (!driver_carried || compat.measured) continue;
        for (const CompatSummary& known : earlier.stack.compat) {
            if (known.dir != compat.dir || known.cuda != compat.cuda || !known.measured) continue;
            compat.measured = known.measured;
            compat.not_measured.clear();
        }
    }
    if (driver_carried && newer.stack.driver_cuda.empty()) {
        newer.stack.driver_cuda = earlier.stack.driver_cuda;
        // Which compat is enabled is read anew each time, so an earlier one no longer counts.
        if (newer.stack.effective_cuda.empty()) newer.stack.effective_cuda = newer.stack.driver_cuda;
    }
    const Decision decision = decide(newer.checks, !was_no_jetson(newer));
    newer.verdict = decision.verdict;
    newer.reason = decision.reason;
    return newer;
}

}  // namespace jetcuda
