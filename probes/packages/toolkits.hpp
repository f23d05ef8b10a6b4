// CUDA toolkits as folders, whoever put them there: a package, NVIDIA's runfile, or somebody's tar. Compilers find
// them by /usr/local/cuda, and no database need know of them.

#pragma once

#include <vector>

#include "probes/fact.hpp"
#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// Those below /usr/local, in the order of their directories; none is an answer, too. A folder that holds only a
// cuda_compat is no toolkit. A default link that leads nowhere stands for itself.
Fact<std::vector<Toolkit>> find_toolkits(const SystemRoot& root);

}  // namespace jetcuda
