// Whether a program is running now. The first GPU context freezes what nvpmodel has yet to set ("Golden image context
// is already created"), so no driver is asked while it runs.

#pragma once

#include <string_view>

#include "probes/system/system_root.hpp"

namespace jetcuda {

// By its name in /proc/PID/comm, which the kernel cuts to 15 characters.
bool is_running(const SystemRoot& root, std::string_view program);

}  // namespace jetcuda
