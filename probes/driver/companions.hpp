// What libcuda cannot do without: the libraries that it names in its ELF header, and those that it opens at run time,
// which the data knows. They come from other packages than libcuda does, so an image can have the one and lack the
// others, and half an update can mix two releases.

#pragma once

#include <string>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct CompanionQuestion {
    const Fact<LibcudaFile>& libcuda;
    const std::vector<CompanionRecord>& records;
    int line = 0;             // of the root file system; 0: not known, and no record applies
    std::string gpu_variant;  // "nvgpu", "openrm"; empty: not known, and only what both have applies
    std::vector<std::string> configured_folders = {};  // that /etc/ld.so.conf names for the loader
};

// Each once by name: NEEDED first, in libcuda's order, then the data's. The C library's own parts are left out.
// Missing (not_readable): one that libcuda names is there and cannot be read.
Fact<std::vector<DriverCompanion>> read_companions(const SystemRoot& root, const CompanionQuestion& question);

}  // namespace jetcuda
