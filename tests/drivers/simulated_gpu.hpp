// The simulated libcuda as a test calls it: a copy of its own for each test, so that each has a library that was not
// initialized yet, and the calls by name.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include "kernels/kernels.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda::testing {

class SimulatedLibrary : public TempRoot {
public:
    explicit SimulatedLibrary(const std::string& settings = {}) {
        std::filesystem::copy_file(JETCUDA_BINARY_DIR "/tests/drivers/libcuda.so.1.1", on_host("libcuda.so.1"));
        if (!settings.empty()) write("simulated_driver.json", settings);
        handle_ = dlopen(on_host("libcuda.so.1").c_str(), RTLD_NOW | RTLD_LOCAL);
        REQUIRE(handle_ != nullptr);
    }
    template <typename Function>
    Function* find(const char* name) const {
        auto* const function = reinterpret_cast<Function*>(dlsym(handle_, name));
        REQUIRE_MESSAGE((function != nullptr), name);
        return function;
    }
    [[nodiscard]] bool has(const char* name) const { return dlsym(handle_, name) != nullptr; }

    template <typename... Parameters>
    int call(const char* name, Parameters... parameters) const {
        return find<int(Parameters...)>(name)(parameters...);
    }

private:
    void* handle_ = nullptr;  // never closed: the sanitizers want its names to the end
};

// With a context, and short words for what most tests do.
class SimulatedGpu : public SimulatedLibrary {
public:
    explicit SimulatedGpu(const std::string& settings = {}) : SimulatedLibrary(settings) {
        void* context = nullptr;
        REQUIRE(call("cuInit", 0U) == 0);
        REQUIRE(call("cuDevicePrimaryCtxRetain", &context, 0) == 0);
        REQUIRE(call("cuCtxSetCurrent", context) == 0);
    }
    int load(void*& module, const void* image) const { return call("cuModuleLoadData", &module, image); }
    [[nodiscard]] void* function(const Kernel& kernel) const {
        void* module = nullptr;
        REQUIRE(load(module, kernel.ptx.data()) == 0);
        return function_in(module, kernel);
    }
    [[nodiscard]] void* function_in(void* module, const Kernel& kernel) const {
        void* function = nullptr;
        REQUIRE(call("cuModuleGetFunction", &function, module, std::string(kernel.name).c_str()) == 0);
        return function;
    }
    [[nodiscard]] std::uint64_t allocate(std::size_t words) const {
        std::uint64_t address = 0;
        REQUIRE(call("cuMemAlloc_v2", &address, words * sizeof(std::uint32_t)) == 0);
        REQUIRE(call("cuMemsetD32_v2", address, 0U, words) == 0);
        return address;
    }
    int launch(void* function, const Kernel& kernel, std::uint64_t out, std::uint64_t in, std::uint32_t count,
               std::uint32_t seed, void* stream = nullptr) const {
        void* parameters[] = {&out, &in, &count, &seed};
        return call("cuLaunchKernel", function, count / kernel.threads, 1U, 1U, kernel.threads, 1U, 1U,
                    kernel.dynamic_shared_bytes, stream, static_cast<void**>(parameters), static_cast<void**>(nullptr));
    }
    [[nodiscard]] int synchronize() const { return call("cuCtxSynchronize"); }
    [[nodiscard]] std::vector<std::uint32_t> read(std::uint64_t address, std::size_t words) const {
        std::vector<std::uint32_t> values(words);
        REQUIRE(call("cuMemcpyDtoH_v2", static_cast<void*>(values.data()), address, words * sizeof(std::uint32_t)) ==
                0);
        return values;
    }
};

inline const Kernel& kernel_of_role(KernelRole role) {
    for (const Kernel& kernel : all_kernels()) {
        if (kernel.role == role) return kernel;
    }
    FAIL("there is no kernel of this role");
    return all_kernels().front();
}

}  // namespace jetcuda::testing
