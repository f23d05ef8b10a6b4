// Exit statuses of every program here (contract, section 2: the convention of monitoring plug-ins, and sysexits).

#pragma once

#include "daemon/report/report.hpp"

namespace jetcuda {

enum class ExitStatus : int {
    healthy = 0,
    degraded = 1,
    unhealthy = 2,
    unknown = 3,
    usage_error = 64,
    our_fault = 70,
    input_output_error = 74,
};

constexpr ExitStatus exit_status_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::healthy: return ExitStatus::healthy;
        case Verdict::degraded: return ExitStatus::degraded;
        case Verdict::unhealthy: return ExitStatus::unhealthy;
        case Verdict::unknown: return ExitStatus::unknown;
    }
    return ExitStatus::our_fault;
}

constexpr int to_int(ExitStatus status) { return static_cast<int>(status); }

}  // namespace jetcuda
