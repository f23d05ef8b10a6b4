// The programs that the settings name: what they and the libraries that they load carry for a GPU, and which libcuda
// they get. An entry is a file, or a folder with any number of them.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "probes/facts.hpp"
#include "probes/loader/ld_so_conf.hpp"
#include "probes/programs/file_looks.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct ProgramQuestion {
    const std::vector<std::string>& paths;
    const LdSoConf& conf;
    // Real paths of files that are looked into anyway and are not the programs' own: the installed CUDA libraries.
    std::set<std::string, std::less<>> known;
};

// In the order of the setting. What is said of a folder's programs is bounded; where a limit was reached, that is told.
std::vector<NamedProgram> look_at_programs(const SystemRoot& root, const ProgramQuestion& question, FileLooks& looks);

}  // namespace jetcuda
