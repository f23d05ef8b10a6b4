// A simulated CUDA library: cuBLAS, cuDNN, TensorRT or another one, by the name that it is opened by. It has one entry
// point, the one by which that library tells its version, and answers the version in its settings (settings.hpp,
// read_library_settings). The loader takes two links to one file for one library: each needs a copy of its own.

#include <cstddef>
#include <cstdio>
#include <string>

#include "tests/drivers/calls.hpp"

namespace simulated {

const Settings& settings() {
    static const Settings read = read_library_settings(own_path());
    return read;
}

namespace {

bool is_named(const char* name) {
    const std::string path = own_path();
    return path.compare(path.rfind('/') + 1, std::string(name).size(), name) == 0;
}

// enum libraryPropertyType of library_types.h
int get_property(int property, int* value) {
    constexpr int patch_level = 2;
    if (const Answer answer = begin_call("GetProperty", Step::libraries); !answer.go_on) return answer.result;
    if (value == nullptr || property < 0 || property > patch_level) return invalid_value;
    *value = settings().library_version.at(static_cast<std::size_t>(property));
    return success;
}

// One number of three: cuDNN from 9 and TensorRT from 10 on with two digits more for the minor version
// (cudnn_version.h, NvInferVersion.h).
int as_one_number(int first_of_new_form) {
    const auto& [major, minor, patch] = settings().library_version;
    return major >= first_of_new_form ? major * 10000 + minor * 100 + patch : major * 1000 + minor * 100 + patch;
}

std::size_t cudnn_get_version() {
    if (const Answer answer = begin_call("cudnnGetVersion", Step::libraries); !answer.go_on) {
        return static_cast<std::size_t>(answer.result);
    }
    return static_cast<std::size_t>(as_one_number(9));
}

int infer_get_version() {
    if (const Answer answer = begin_call("getInferLibVersion", Step::libraries); !answer.go_on) return answer.result;
    return as_one_number(10);
}

struct NppVersion {
    int major, minor, build;
};

const NppVersion* npp_get_version() {
    static NppVersion version{};
    if (const Answer answer = begin_call("nppGetLibVersion", Step::libraries); !answer.go_on) return nullptr;
    const auto& [major, minor, build] = settings().library_version;
    version = {major, minor, build};
    return &version;
}

__attribute__((constructor)) void load() {
    if (!settings().flaw.empty()) {
        std::fprintf(stderr, "simulated library: the settings are malformed, %s\n", settings().flaw.c_str());
    }
    begin_step(Step::open);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) extern const char jetcuda_simulated_library[];
const char jetcuda_simulated_library[] = "simulated";

// Only the entry point of the library that it is opened as is there.
#define EXPORT(type, entry, library, function, parameters)                              \
    [[maybe_unused]] static decltype(&(function)) resolve_##entry() {                   \
        return is_named(library) && !settings().absent(#entry) ? &(function) : nullptr; \
    }                                                                                   \
    __attribute__((visibility("default"), ifunc("resolve_" #entry))) type entry parameters

EXPORT(int, cublasGetProperty, "libcublas.so", get_property, (int, int*));
EXPORT(int, cublasLtGetProperty, "libcublasLt.so", get_property, (int, int*));
EXPORT(int, cufftGetProperty, "libcufft.so", get_property, (int, int*));
EXPORT(int, curandGetProperty, "libcurand.so", get_property, (int, int*));
EXPORT(int, cusolverGetProperty, "libcusolver.so", get_property, (int, int*));
EXPORT(int, cusparseGetProperty, "libcusparse.so", get_property, (int, int*));
EXPORT(std::size_t, cudnnGetVersion, "libcudnn.so", cudnn_get_version, ());
EXPORT(int, getInferLibVersion, "libnvinfer.so", infer_get_version, ());
EXPORT(const NppVersion*, nppGetLibVersion, "libnppc.so", npp_get_version, ());

}  // extern "C"

}  // namespace simulated
