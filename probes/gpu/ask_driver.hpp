// The caller's side of jetcuda-probe.

#pragma once

#include <string>

#include "probes/gpu/protocol.hpp"

namespace jetcuda {

// Starts `probe_program` on one libcuda and waits for its end, in bounded time, whatever the library does.
// The child's environment holds PATH, CUDA_CACHE_DISABLE=1 and the request's LD_LIBRARY_PATH, nothing else.
// Where the driver crashes in a work step, another process is started for the work that is left, within the same limit
// of all together; in the answer each step stands once. `inherited_descriptor` (or -1) stays open in the child: a lock
// that a stuck child then keeps.
ProbeAnswer ask_driver(const std::string& probe_program, const ProbeRequest& request, int inherited_descriptor = -1);

}  // namespace jetcuda
