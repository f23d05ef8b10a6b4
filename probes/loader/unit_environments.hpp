// Environments that systemd gives to services, as its files say it. LD_LIBRARY_PATH and LD_PRELOAD there change which
// libcuda a service gets, and nobody who tries the same program in a terminal sees it.

#pragma once

#include <string>
#include <vector>

#include "probes/system/system_root.hpp"

namespace jetcuda {

struct UnitEnvironment {
    std::string unit;                 // "ollama.service"; of all: "every systemd unit", "every login session"
    std::string library_path;         // LD_LIBRARY_PATH; empty: not set
    std::string library_path_source;  // "/etc/systemd/system/ollama.service.d/gpu.conf, line 3"
    std::string preload;              // LD_PRELOAD; empty: not set
    std::string preload_source;
};

// Only units that set one of the two, sorted by name, those for all units and sessions first. A unit's own setting
// counts for it instead of that for all units.
std::vector<UnitEnvironment> read_unit_environments(const SystemRoot& root);

}  // namespace jetcuda
