// What the loader does for one program: which objects it loads, which of them ask for libcuda, and where the search of
// each would lead. In one process the first libcuda that is loaded serves everybody who asks by that name, so objects
// whose searches differ make the driver depend on who asks first.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/facts.hpp"
#include "probes/loader/libcuda_search.hpp"
#include "probes/programs/file_looks.hpp"

namespace jetcuda {

struct ProgramLoading {
    LoadedProgram program;
    // What is loaded with it, by the paths that the loader uses, the program itself first; without the driver's own
    // libraries and the loader.
    std::vector<std::string> objects;
};

// It carries code or a runtime, or needs libcuda itself.
bool asks_for_gpu(const Inspection& inspection);

// The loaders of one system, as its programs name them. `root` and `looks` must outlive it.
class ProgramLoaders {
public:
    ProgramLoaders(const SystemRoot& root, LdSoConf conf, FileLooks& looks);

    // Nothing: no loader of this system starts it or loads it (for another processor, linked statically, no ELF file).
    std::optional<ProgramLoading> load(const std::string& path);

private:
    const SystemLoader& loader_for(const std::string& interpreter);
    void add_request(const LoaderProcess& process, std::size_t object, bool needs, ProgramLoading& loading) const;

    const SystemRoot& root_;
    LdSoConf conf_;
    FileLooks& looks_;
    ElfMachine machine_;
    std::map<std::string, std::unique_ptr<SystemLoader>, std::less<>> loaders_;
};

}  // namespace jetcuda
