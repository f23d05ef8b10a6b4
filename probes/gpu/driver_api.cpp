// Opening one libcuda, and finding its entry points.

#include "probes/gpu/driver_api.hpp"

#include <dlfcn.h>

namespace jetcuda {

// RTLD_NOW: what a library lacks is told here, not by a crash in some later step. RTLD_LOCAL: it gets no say in how
// other libraries resolve their symbols.
std::string DriverLibrary::open(const std::string& path) {
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return {};
    const char* reason = dlerror();  // NOLINT(concurrency-mt-unsafe): the probe has one thread of its own
    return reason != nullptr ? reason : "the loader gave no reason";
}

void* DriverLibrary::find_address(const char* name) const {
    return handle_ != nullptr ? dlsym(handle_, name) : nullptr;
}

}  // namespace jetcuda
