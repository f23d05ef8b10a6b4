// The boot decision: pure. Only a required failure of a probed report that rests on no simulated driver
// withholds boot-complete.target; everything else lets it pass (contract, section 7).

#pragma once

#include <string>

#include "daemon/report/report.hpp"

namespace jetcuda {

struct GateDecision {
    bool allow = true;
    std::string sentence;  // why, for the journal
};

// `report` is null where there is none of this boot.
GateDecision decide_gate(const Report* report);

}  // namespace jetcuda
