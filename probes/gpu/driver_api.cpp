// Opening one libcuda, and finding its entry points.

#include "probes/gpu/driver_api.hpp"

#include <cerrno>
#include <system_error>

#include <dlfcn.h>
#include <unistd.h>

namespace jetcuda {

// RTLD_NOW: what a library lacks is told here, not by a crash in some later step. RTLD_LOCAL: it gets no say in how
// other libraries resolve their symbols.
std::string DriverLibrary::open(const std::string& path) {
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return {};
    const char* reason = dlerror();  // NOLINT(concurrency-mt-unsafe): the probe has one thread of its own
    if (reason == nullptr) return "the loader gave no reason";
    std::string words = reason;
    // So the loader speaks of a file for another machine, too, and of one that this file needs it names the other path.
    const bool not_there =
        words.rfind(path + ": ", 0) == 0 && words.find(std::generic_category().message(ENOENT)) != std::string::npos;
    if (not_there && ::access(path.c_str(), R_OK) == 0) return path + ": it is for another machine than this one";
    return words;
}

void* DriverLibrary::find_address(const char* name) const {
    return handle_ != nullptr ? dlsym(handle_, name) : nullptr;
}

}  // namespace jetcuda
