#include "daemon/cli/gate_policy.hpp"

#include <utility>

#include <fmt/format.h>

namespace jetcuda {

GateDecision with_policy(GateDecision decision, const Report* report, const Settings& settings) {
    const bool judged = report != nullptr && report->sequence > 0 && report->verdict != Verdict::unknown;
    if (decision.allow && !judged && settings.gate_on_unknown == OnUnknown::deny) {
        const std::string why = report == nullptr
                                    ? std::string{"there is no report of this boot"}
                                    : fmt::format("the verdict is unknown ({})",
                                                  report->reason.empty() ? "no reason given" : report->reason);
        decision = {false, fmt::format("The boot is withheld: {}, and gate.on_unknown is \"deny\". See why with: "
                                       "jetcuda-check status",
                                       why)};
    }
    if (!decision.allow && settings.gate_mode == GateMode::observe) {
        decision = {true, fmt::format("The boot passes, since gate.mode is \"observe\"; \"enforce\" would say: {}",
                                      decision.sentence)};
    }
    return decision;
}

}  // namespace jetcuda
