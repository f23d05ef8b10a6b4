// What differs from one glibc loader to the next: its machine, the folders that were built into it, and the
// subfolders it tries for better CPUs. The loader is a file of the judged system, and says most of this itself.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct LoaderTraits {
    ElfMachine machine = ElfMachine::aarch64;
    std::string path;                          // "/lib/ld-linux-aarch64.so.1"
    int glibc_minor = 0;                       // 35: glibc 2.35; 0: not known
    std::vector<std::string> default_folders;  // searched last, in this order, without '/' at the end
    std::string lib;                           // what $LIB stands for: "lib/aarch64-linux-gnu"
    std::string platform;                      // what $PLATFORM stands for; empty: such a path is dropped
    std::vector<std::string> subfolders;       // tried in each folder before the folder itself, in this order
    std::vector<std::string> named_hwcaps;     // of glibc-hwcaps, the best first: "x86-64-v3"
    std::uint64_t hwcap_bits = 0;              // a cache entry that asks for other bits is passed over
    std::uint64_t platform_bit = 0;            // of a cache entry for one sort of CPU
};

// For programs of `machine` in this system. A loader that is not there, or says less, leaves what its
// distribution builds: Debian's folders where there is /lib/<triplet>, else all that are in use.
LoaderTraits read_loader_traits(const SystemRoot& root, ElfMachine machine, std::string_view loader_path = {});

// The machine whose loader this system has; aarch64 where it has none or both.
ElfMachine machine_of_loader(const SystemRoot& root);

}  // namespace jetcuda
