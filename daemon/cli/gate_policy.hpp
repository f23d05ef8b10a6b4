// What the settings make of the boot decision: `gate.mode` "observe" only tells it, and `gate.on_unknown` "deny"
// withholds a boot that nobody judged. Pure.

#pragma once

#include "daemon/gate/decision.hpp"
#include "daemon/settings/settings.hpp"

namespace jetcuda {

// `decision` is what decide_gate() made of `report`, which is null where there is none of this boot.
GateDecision with_policy(GateDecision decision, const Report* report, const Settings& settings);

}  // namespace jetcuda
