// The CUDA libraries as files, for jetcuda-probe to open: those of the newest toolkit that the driver can run, and
// cuDNN and TensorRT, found where programs find them.
//
// Libraries of a root that is not this machine's are never opened. Where a driver was named with --driver, those count
// that lie beside it, in a folder `cuda-libraries`, under the sonames of the ones that the root has.

#pragma once

#include <optional>
#include <string>
#include <vector>

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

// The same libraries of whatever root, to be read and not opened, and what stands beside each under the same beginning
// of a name (libcublasLt beside libcublas): most of the GPU code is in those. Each file once, without its content.
Fact<std::vector<CudaLibraryFile>> find_cuda_library_files(const SystemRoot& root, const Catalog& catalog,
                                                           const CudaLibraryQuestion& question);

}  // namespace jetcuda
