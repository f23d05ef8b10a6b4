// When a board that has just booted is asked again. Modules, device nodes and libraries come up while the first run
// goes on, so a failure then may be gone seconds later; but a driver that hangs for twenty seconds is not asked five
// times, for the boot gate waits no longer than a minute.

#pragma once

#include <algorithm>
#include <chrono>

#include "daemon/report/report.hpp"

namespace jetcuda {

inline constexpr std::chrono::seconds settling_limit{45};  // since the run began; a later repetition does not start

// `at`: how long after the run's begin the repetition would start.
inline bool worth_asking_again(const Report& report, std::chrono::milliseconds at) {
    return at < settling_limit && std::any_of(report.checks.begin(), report.checks.end(), [](const CheckResult& check) {
               return check.severity == Severity::required && check.status == Status::fail;
           });
}

}  // namespace jetcuda
