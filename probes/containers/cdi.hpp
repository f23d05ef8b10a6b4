// The specifications of the Container Device Interface, by which podman, docker, containerd and CRI-O give containers
// a device of a vendor: device nodes and mounts, for all devices of a kind and for each. `nvidia-ctk cdi generate`
// writes one for the GPU of a Jetson (kind nvidia.com/gpu); what is missing in it, no container gets. (source:
// cncf-tags/container-device-interface, SPEC.md)

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "probes/containers/csv.hpp"

namespace jetcuda {

struct CdiSpec {
    std::string kind;                 // "nvidia.com/gpu"
    std::vector<MountEntry> entries;  // of all devices and of each, every host path once

    // Is it for NVIDIA's GPUs? The runtime hands such devices out under names of its own, too.
    [[nodiscard]] bool for_gpu() const;
};

// What makes it no specification: "devices[0] has no name", "line 3, column 7: …".
struct CdiFlaw : std::runtime_error {
    explicit CdiFlaw(const std::string& what, bool is_certain = true) : std::runtime_error(what), certain(is_certain) {}

    bool certain;  // container engines refuse it, too; false: it may be that only this reader's limits do
};

enum class CdiFormat { yaml, json };

// `file` is the specification's name for sources. Throws CdiFlaw.
CdiSpec parse_cdi(std::string_view text, const std::string& file, CdiFormat format);

}  // namespace jetcuda
