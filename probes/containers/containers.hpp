// What containers are given of this board: the toolkit that does it, the engines that know of it, and every file of
// the host that the lists of both kinds name (csv.hpp, cdi.hpp), looked at as it is now. A list that is older than the
// driver, or was made before the driver had loaded, gives containers less than CUDA needs, and nothing says so until
// a program in one fails.

#pragma once

#include <string>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct ContainerSurroundings {
    bool in_container = false;
    bool at_rest = false;     // device nodes and specs are made at boot: not there yet
    std::string gpu_variant;  // "nvgpu", "openrm"; empty: not known, and no minimal set is held against the lists
    std::string libcuda;      // real path; empty: none
    bool libcuda_linked_at_boot = false;
    // What the names of the driver's own libraries may carry: its number and, up to R35, the L4T release.
    std::string driver_version;
    std::string l4t;
};

// What of those facts matters here.
ContainerSurroundings container_surroundings(const Facts& facts);

// Missing (not asked) in a container only: the lists of the host are not there.
Fact<Containers> read_containers(const SystemRoot& root, const std::vector<ContainerFileRecord>& minimal_set,
                                 const Fact<DpkgPackages>& packages, const ContainerSurroundings& around);

}  // namespace jetcuda
