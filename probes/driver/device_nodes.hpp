// The device nodes through which CUDA reaches the GPU, with who may open them. Only nodes that a CUDA program opens
// are asked for: display, debugging, profiling and scheduling nodes are closed to users on healthy boards.

#pragma once

#include <vector>

#include "probes/driver/accounts.hpp"
#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// Known also where none of them exists. Missing (not_readable) when one cannot be looked at: then nobody can say
// that it is not there.
Fact<DeviceNodes> read_device_nodes(const SystemRoot& root, const Fact<std::vector<Group>>& groups);

}  // namespace jetcuda
