// Container engines: which are installed, and whether each has been told of NVIDIA's runtime. There are two ways:
// a runtime named "nvidia" in the engine's settings, which takes the place of runc; and CDI, where the engine itself
// reads a spec (cdi.hpp). `nvidia-ctk runtime configure` writes the former; podman and CRI-O know the latter without
// being told, docker from 28.2 on (25 to 28.1: with features.cdi), containerd from 2.0 on.
// (sources: NVIDIA container toolkit, cmd/nvidia-ctk/runtime/configure and pkg/config/engine; moby pull request 49963;
// containerd commit c8e8a093ce3d)

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct EngineSurroundings {
    std::string gpu_spec;  // the CDI spec for NVIDIA's GPUs, or the unit that makes it at boot; empty: none
    std::optional<Missing> spec_unread;  // a spec that is there and says nothing: it may be the one
    std::string docker_version;          // "28.2.2"; empty: not recorded
};

// In the order docker, containerd, podman, crio: those whose program is there.
std::vector<ContainerEngine> read_engines(const SystemRoot& root, const EngineSurroundings& around);

}  // namespace jetcuda
