// The versions of packages, as far as they speak of CUDA. "1:12.6.68-1" is upstream's 12.6.68; the suffix of
// "10.3.0.30-1+cuda12.5" names the CUDA that TensorRT was built with. Yocto's recipes have the same versions, and add
// a revision of their own: "12.6.68-1-r0".

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/versions.hpp"

namespace jetcuda {

struct PackageVersion {
    std::string upstream;
    std::optional<CudaVersion> cuda;
};

PackageVersion parse_package_version(std::string_view version);

// The first two numbers of "12.6.68" or "12.1.20230222".
std::optional<CudaVersion> first_two(std::string_view version);

}  // namespace jetcuda
