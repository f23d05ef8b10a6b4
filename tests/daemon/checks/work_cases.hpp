// What every check of a work step must say alike, whatever the step is about.

#pragma once

#include <string>
#include <string_view>

#include "tests/daemon/checks/healthy_facts.hpp"

namespace jetcuda::testing {

// Begun and died, not begun, begun without a context: each told by its own code, and never as a pass.
void check_common_ends(std::string_view id, ProbeStep step);

// The thing that was being tried when the probe died is named.
void check_names_unfinished(std::string_view id, ProbeStep step, const std::string& name);

}  // namespace jetcuda::testing
