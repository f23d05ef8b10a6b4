// Which libcuda.so.1 programs get: one that brings no search path of its own, and each systemd unit whose environment
// changes the search; and every libcuda that such a search can meet, first or not.

#pragma once

#include "probes/facts.hpp"
#include "probes/loader/ld_so_cache.hpp"
#include "probes/loader/ld_so_conf.hpp"
#include "probes/loader/search.hpp"
#include "probes/loader/unit_environments.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

inline constexpr std::string_view libcuda_name = "libcuda.so.1";
inline constexpr std::string_view nixos_driver_folder = "/run/opengl-driver/lib";

// The asker that stands for all programs without search paths of their own, or for those of nixpkgs.
constexpr std::string_view plain_program(bool nixos) {
    return nixos ? "a program of nixpkgs, built with RUNPATH /run/opengl-driver/lib"
                 : "a program without search paths of its own";
}

// The loader of this system and all that it reads. `root` must outlive it.
class SystemLoader {
public:
    // Where there is no cache, a loader does without. An image may get its own at the first start: `foresee_cache`
    // asks what ldconfig would write then.
    SystemLoader(const SystemRoot& root, LdSoConf conf, ElfMachine machine, std::string_view loader_path,
                 bool foresee_cache);
    SystemLoader(const SystemLoader&) = delete;
    SystemLoader& operator=(const SystemLoader&) = delete;

    [[nodiscard]] const Loader& loader() const { return loader_; }
    [[nodiscard]] const Fact<LdSoCache>& cache() const { return cache_; }
    [[nodiscard]] const LdSoConf& conf() const { return conf_; }
    // What the next run of ldconfig would enter for libcuda.so.1, in its order.
    [[nodiscard]] const std::vector<ConfLibrary>& after_ldconfig() const { return after_ldconfig_; }
    // /etc/ld.so.preload, as LD_PRELOAD would have it.
    [[nodiscard]] const std::string& preload() const { return preload_; }

private:
    LoaderTraits traits_;
    Fact<LdSoCache> cache_;
    LdSoConf conf_;
    std::vector<ConfLibrary> after_ldconfig_;
    std::string preload_;
    Loader loader_;
};

// Without a cache (an image may get its own at the first start) the answers rest on what ldconfig would write.
Fact<LibcudaSearch> search_libcuda(const SystemRoot& root, const LdSoConf& conf, Distribution distribution);

}  // namespace jetcuda
