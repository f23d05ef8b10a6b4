// Which CUDA runtime an ELF file uses: the shared libcudart that it needs, or one that was linked into it. That decides
// whether it starts on a driver at all, before any of its code is looked at.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/elf/bytes.hpp"
#include "probes/versions.hpp"

namespace jetcuda {

enum class RuntimeLinkage { none, shared, linked_in };

struct RuntimeUse {
    RuntimeLinkage linkage = RuntimeLinkage::none;
    std::optional<CudaVersion> cuda;  // minor -1: the name of a shared one tells the major only; absent: not recorded
    std::string soname;               // of a shared one: "libcudart.so.12"
};

// "libcudart.so.12" is of CUDA 12, "libcudart.so.11.0" of any CUDA 11.
RuntimeUse runtime_by_needed(const std::vector<std::string>& needed);

// Of a file that needs no shared one. Searches its constants for a sentence of the runtime and, where that is there,
// its code for the version that cudaRuntimeGetVersion stores, which is all that stripping leaves of it. Never throws
// for what is in the file: a damaged one uses none.
RuntimeUse runtime_linked_into(const ByteSource& source);

}  // namespace jetcuda
