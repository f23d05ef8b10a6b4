// A library beside libcuda that a step opens, and asks by its own entry points. Never closed: its threads may still
// run.

#pragma once

#include <string>

#include "probes/gpu/steps/gpu.hpp"

namespace jetcuda {

class OpenedLibrary {
public:
    explicit OpenedLibrary(const std::string& path);  // throws CannotCall, with the loader's words

    // Null where the library has no such entry point.
    template <typename Function>
    [[nodiscard]] Function* find(const char* name) const {
        return library_.find<Function>(name);
    }
    // Throws CannotCall instead.
    template <typename Function>
    [[nodiscard]] Function* entry(const char* name) const {
        auto* const function = find<Function>(name);
        if (function == nullptr) throw CannotCall{std::string("the entry point ") + name + " is missing in it"};
        return function;
    }

private:
    DriverLibrary library_;
};

inline OpenedLibrary::OpenedLibrary(const std::string& path) {
    const std::string reason = library_.open(path);
    if (!reason.empty()) throw CannotCall{reason};
}

}  // namespace jetcuda
