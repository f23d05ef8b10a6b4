// The CUDA libraries as files, for jetcuda-probe to open: those of the newest toolkit that the driver can run, and
// cuDNN and TensorRT, found where programs find them.
//
// Libraries of a root that is not this machine's are never opened. Where a driver was named with --driver, those count
// that lie beside it, in a folder `cuda-libraries`, under the sonames of the ones that the root has.

#pragma once

#include <optional>
#include <string>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct CudaLibraryQuestion {
    const Fact<Software>& software;
    const Fact<std::vector<Toolkit>>& toolkits;
    std::optional<CudaVersion> driver_cuda;  // of the release's own driver, as the data know it
    std::optional<std::string> driver;       // --driver, a path on this machine
};

Fact<CudaLibraries> find_cuda_libraries(const SystemRoot& root, const Catalog& catalog,
                                        const CudaLibraryQuestion& question);

}  // namespace jetcuda
