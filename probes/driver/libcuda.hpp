// Which libcuda is the L4T release's own, what sort of file it is, and of which release. Each distribution keeps
// it elsewhere, and what lies there need not be a driver: container tools leave empty files in place of mounts,
// images carry the toolkit's stub, a desktop's driver package installs one of its own. A cuda_compat library is
// never meant here: it is an addition, judged by other checks.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// What decides where to look. Whatever is not known is left out, and its alternatives are all looked at.
struct LibcudaPlaces {
    Distribution distribution = Distribution::other;
    std::optional<int> line;  // 36: of the root file system
    std::string gpu_variant;  // "nvgpu", "openrm", or empty: R39 brings both
    bool at_rest = false;     // an image: links that are made at boot are not there yet
};

// The first of `places` that exists, and what it is by its content. Missing (not_there): nothing lies in any of
// them, and the clause names the first. A file that is there and is no driver is known, with its flaw.
Fact<LibcudaFile> find_libcuda(const SystemRoot& root, const LibcudaPlaces& places);

// The paths looked at, in their order.
std::vector<std::string> libcuda_candidates(const LibcudaPlaces& places);

// From the store path, from the package that brought the file, and from the names of its companions. Packages say
// nothing about a file that was mounted into a container, so they are not asked there.
Fact<DriverRelease> read_libcuda_release(const SystemRoot& root, const Catalog& catalog,
                                         const Fact<LibcudaFile>& libcuda, const Fact<DpkgPackages>& packages,
                                         bool in_container);

}  // namespace jetcuda
