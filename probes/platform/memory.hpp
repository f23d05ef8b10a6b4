// How much memory the board has to spare. CPU and GPU of a Jetson share it, so what the GPU may take is what programs
// leave.

#pragma once

#include <cstdint>

#include "probes/fact.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// MemAvailable of /proc/meminfo, in bytes (proc(5): in KiB, since Linux 3.14).
Fact<std::uint64_t> read_available_memory(const SystemRoot& root);

}  // namespace jetcuda
