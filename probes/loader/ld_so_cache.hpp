// /etc/ld.so.cache as a file: which path the loader takes for the name of a library, without asking the loader. The
// file is described in glibc only (sysdeps/generic/dl-cache.h). An old form ("ld.so-1.7.0", 32-bit fields) may stand
// before the new one ("glibc-ld.so.cache1.1"), as ldconfig wrote it up to glibc 2.31, which is what R35 has.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/fact.hpp"
#include "probes/loader/loader_traits.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct LdSoCacheEntry {
    std::string name;         // "libcuda.so.1"
    std::string path;         // "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1"
    std::uint32_t flags = 0;  // kind of library and machine: 0xa03 is glibc's for aarch64, 0x303 for x86-64
    std::uint32_t os_version = 0;
    std::uint64_t hwcaps = 0;  // bits of the CPU that it needs
    std::string subfolder;     // of glibc-hwcaps: "x86-64-v3"; else empty
    bool named_hwcaps = false;
    // A text that leaves the file is empty. At such a name the loader ends its search; past such a path it goes on.
    bool has_name = true;
    bool has_path = true;
};

class LdSoCache {
public:
    // Throws Malformed where the loader would do without the cache. That depends on the loader: 31 is glibc 2.31, 0 one
    // whose version is not known, which is taken for a new one.
    explicit LdSoCache(std::string_view bytes, int glibc_minor = 0);

    // The path that the loader takes for `name`: searched by halves, as the loader does, since in a cache that is not
    // sorted (a damaged one) the first entry of the name need not be the one that is found. Empty: none.
    [[nodiscard]] std::string find(std::string_view name, const LoaderTraits& traits) const;

    // In the file's order. Of a file that was cut short these are the entries that are left.
    [[nodiscard]] const std::vector<LdSoCacheEntry>& entries() const { return entries_; }

private:
    std::vector<LdSoCacheEntry> entries_;
    std::size_t counted_ = 0;  // as many entries as the file claims to have, which is where the search begins
    bool new_form_ = true;
};

// How the loader compares names: runs of digits as numbers, so that libx.so.10 is behind libx.so.9.
int compare_library_names(std::string_view left, std::string_view right);

inline constexpr std::string_view ld_so_cache_path = "/etc/ld.so.cache";
Fact<LdSoCache> read_ld_so_cache(const SystemRoot& root, int glibc_minor = 0);

}  // namespace jetcuda
