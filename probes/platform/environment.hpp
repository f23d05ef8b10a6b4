// Where the judged system runs and who made it: on the machine itself or in a container, which distribution (it
// decides where things are and what the remedy is), and which boot this is.

#pragma once

#include <string>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

Fact<Environment> read_environment(const SystemRoot& root);
Fact<Distribution> read_distribution(const SystemRoot& root);
Fact<std::string> read_boot_id(const SystemRoot& root);

}  // namespace jetcuda
