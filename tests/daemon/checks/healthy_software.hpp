// The software that healthy boards have installed, written out, for tests of judges: CUDA's set, cuDNN and TensorRT as
// NVIDIA's package lists for R35.6.4, R36.5.0 and R39.2.0 name them, and what the data pin for these releases.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/facts.hpp"

namespace jetcuda::testing {

std::string dashed(const CudaVersion& cuda);

// "libcublas", 12.6 -> package libcublas-12-6; "cuda_cudart" -> cuda-cudart-12-6
InstalledComponent part(const std::string& id, const CudaVersion& cuda, const std::string& version,
                        CudaBuild build = CudaBuild::not_recorded, ComponentKind kind = ComponentKind::runtime);
InstalledComponent named(const std::string& id, const std::string& package, const std::string& version,
                         std::optional<CudaVersion> cuda, ComponentKind kind = ComponentKind::runtime);

L4tPackage l4t_package(const std::string& name, const L4tRelease& l4t);

// A set of cudart, cuBLAS, cuSPARSE and (from 12 on) libnvJitLink, with its compiler.
std::vector<InstalledComponent> cuda_set(const CudaVersion& cuda, CudaBuild build = CudaBuild::not_recorded);

// What JetPack installs, with the pins of its release.
void put_healthy_software(Facts& facts);

}  // namespace jetcuda::testing
