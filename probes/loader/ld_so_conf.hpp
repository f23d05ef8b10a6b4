// /etc/ld.so.conf and what it includes: the folders whose libraries ldconfig puts into the loader's cache, and who
// put each folder there. The cache alone names paths and no culprit.

#pragma once

#include <string>
#include <vector>

#include "probes/loader/loader_traits.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct ConfFolder {
    std::string path;    // "/usr/lib/aarch64-linux-gnu/nvidia", without '/' at the end
    std::string source;  // "/etc/ld.so.conf.d/nvidia-tegra.conf, line 1"; of the built-in ones "ldconfig itself"
};

struct LdSoConf {
    std::vector<ConfFolder> folders;  // in ldconfig's order, the first naming of each; without built-in ones
    std::vector<std::string> files;   // that were read
};

// A configuration that is not there is an empty one, as it is for ldconfig.
LdSoConf read_ld_so_conf(const SystemRoot& root);

// Who put the folder of this library into the loader's cache; null: no line of the configuration.
const ConfFolder* folder_of_library(const LdSoConf& conf, const SystemRoot& root, std::string_view library_path);

// A library that ldconfig would enter under a name, and the file that it is.
struct ConfLibrary {
    std::string path;    // as the cache would name it: FOLDER/NAME, which ldconfig makes where it is not there
    std::string file;    // that is there today: FOLDER/libcuda.so.1.1
    std::string source;  // who named the folder
};

// What ldconfig would enter for the name of this library ("libcuda.so.1"), in its order: the loader takes the first.
// Looks only at files whose names begin with the name up to ".so".
std::vector<ConfLibrary> libraries_for_ldconfig(const SystemRoot& root, const LdSoConf& conf,
                                                const LoaderTraits& traits, std::string_view name);

}  // namespace jetcuda
