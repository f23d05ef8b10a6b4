// A simulated libcudart: the CUDA runtime as far as jetcuda-probe calls it. As the real one it links no driver, and
// looks for libcuda.so.1 when it is first called; where the process has one loaded already, that is the one it gets. It
// refuses a driver of an older major version than its own, and rests on the primary context as nearly every program
// does.
//
// Its version and faults: settings.hpp, read_library_settings. It is never installed and never packaged.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>

#include "tests/drivers/calls.hpp"

namespace simulated {

const Settings& settings() {
    static const Settings read = read_library_settings(own_path());
    return read;
}

namespace {

struct RuntimeError {
    int number;
    const char* name;
};

// enum cudaError of CUDA 13.0's driver_types.h. From 34 on most numbers are the driver's own.
constexpr std::array<RuntimeError, 28> runtime_errors{{{0, "cudaSuccess"},
                                                       {1, "cudaErrorInvalidValue"},
                                                       {2, "cudaErrorMemoryAllocation"},
                                                       {3, "cudaErrorInitializationError"},
                                                       {34, "cudaErrorStubLibrary"},
                                                       {35, "cudaErrorInsufficientDriver"},
                                                       {36, "cudaErrorCallRequiresNewerDriver"},
                                                       {46, "cudaErrorDevicesUnavailable"},
                                                       {100, "cudaErrorNoDevice"},
                                                       {101, "cudaErrorInvalidDevice"},
                                                       {200, "cudaErrorInvalidKernelImage"},
                                                       {201, "cudaErrorDeviceUninitialized"},
                                                       {209, "cudaErrorNoKernelImageForDevice"},
                                                       {214, "cudaErrorECCUncorrectable"},
                                                       {218, "cudaErrorInvalidPtx"},
                                                       {221, "cudaErrorJitCompilerNotFound"},
                                                       {222, "cudaErrorUnsupportedPtxVersion"},
                                                       {304, "cudaErrorOperatingSystem"},
                                                       {400, "cudaErrorInvalidResourceHandle"},
                                                       {500, "cudaErrorSymbolNotFound"},
                                                       {700, "cudaErrorIllegalAddress"},
                                                       {709, "cudaErrorContextIsDestroyed"},
                                                       {719, "cudaErrorLaunchFailure"},
                                                       {801, "cudaErrorNotSupported"},
                                                       {802, "cudaErrorSystemNotReady"},
                                                       {803, "cudaErrorSystemDriverMismatch"},
                                                       {804, "cudaErrorCompatNotSupportedOnDevice"},
                                                       {999, "cudaErrorUnknown"}}};

const char* name_of(int error) {
    for (const RuntimeError& known : runtime_errors) {
        if (known.number == error) return known.name;
    }
    return "unrecognized error code";
}

const char* text_of(int error) {
    if (error == insufficient_driver) return "CUDA driver version is insufficient for CUDA runtime version";
    const ResultText* const known = result_text(error);
    return known != nullptr ? known->text : "unrecognized error code";
}

int version() { return settings().library_version[0] * 1000 + settings().library_version[1] * 10; }

// The driver of this process; never closed again.
template <typename... Parameters>
int call_driver(const char* name, Parameters... parameters) {
    static void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return insufficient_driver;
    auto* const function = reinterpret_cast<int (*)(Parameters...)>(dlsym(library, name));
    return function != nullptr ? function(parameters...) : insufficient_driver;
}

int start() {
    if (const int result = call_driver("cuInit", 0U); result != success) return result;
    int driver = 0;
    if (const int result = call_driver("cuDriverGetVersion", &driver); result != success) return result;
    // Within one major version an older driver will do, from CUDA 11 on.
    return driver / 1000 < version() / 1000 ? insufficient_driver : success;
}

// The primary context, made by the first call that needs one and kept to the end of the process.
int enter_context() {
    static void* context = nullptr;
    if (const int result = start(); result != success) return result;
    if (context == nullptr) {
        if (const int result = call_driver("cuDevicePrimaryCtxRetain", &context, 0); result != success) return result;
    }
    return call_driver("cuCtxSetCurrent", context);
}

int last_error = success;

int remember(int error) {
    if (error != success) last_error = error;
    return error;
}

std::uint64_t address_of(const void* pointer) {
    return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer));
}

// ---- the calls ----

int runtime_get_version(int* written) {
    if (const Answer answer = begin_call("cudaRuntimeGetVersion"); !answer.go_on) return remember(answer.result);
    if (written == nullptr) return remember(invalid_value);
    *written = version();
    return success;
}

// Without a driver it answers success and version 0.
int driver_get_version(int* written) {
    if (const Answer answer = begin_call("cudaDriverGetVersion"); !answer.go_on) return remember(answer.result);
    if (written == nullptr) return remember(invalid_value);
    if (call_driver("cuDriverGetVersion", written) != success) *written = 0;
    return success;
}

int get_device_count(int* count) {
    if (const Answer answer = begin_call("cudaGetDeviceCount", Step::runtime); !answer.go_on) {
        return remember(answer.result);
    }
    if (count == nullptr) return remember(invalid_value);
    if (const int result = start(); result != success) return remember(result);
    if (const int result = call_driver("cuDeviceGetCount", count); result != success) return remember(result);
    return *count > 0 ? success : remember(no_device);
}

int set_device(int device) {
    if (const Answer answer = begin_call("cudaSetDevice"); !answer.go_on) return remember(answer.result);
    int count = 0;
    if (const int result = start(); result != success) return remember(result);
    if (const int result = call_driver("cuDeviceGetCount", &count); result != success) return remember(result);
    if (device < 0 || device >= count) return remember(invalid_device);
    return remember(enter_context());
}

int allocate(void** address, std::size_t bytes) {
    if (const Answer answer = begin_call("cudaMalloc"); !answer.go_on) return remember(answer.result);
    if (address == nullptr) return remember(invalid_value);
    if (const int result = enter_context(); result != success) return remember(result);
    std::uint64_t given = 0;
    const int result = call_driver("cuMemAlloc_v2", &given, bytes);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the GPU is a number there, and a pointer here
    if (result == success) *address = reinterpret_cast<void*>(given);
    return remember(result);
}

int release(void* address) {
    if (const Answer answer = begin_call("cudaFree"); !answer.go_on) return remember(answer.result);
    if (const int result = enter_context(); result != success) return remember(result);
    return remember(call_driver("cuMemFree_v2", address_of(address)));
}

int copy(void* to, const void* from, std::size_t bytes, int direction) {
    constexpr int to_device = 1;    // cudaMemcpyHostToDevice
    constexpr int from_device = 2;  // cudaMemcpyDeviceToHost
    if (const Answer answer = begin_call("cudaMemcpy"); !answer.go_on) return remember(answer.result);
    if (const int result = enter_context(); result != success) return remember(result);
    if (direction == to_device) return remember(call_driver("cuMemcpyHtoD_v2", address_of(to), from, bytes));
    if (direction != from_device) return remember(invalid_value);  // others are not simulated
    const int result = call_driver("cuMemcpyDtoH_v2", to, address_of(from), bytes);
    for (const Fault& fault : settings().faults) {
        if (fault.action != "wrong" || (fault.index + 1) * sizeof fault.flip > bytes || !happens(fault)) continue;
        static_cast<std::uint32_t*>(to)[fault.index] ^= fault.flip;
    }
    return remember(result);
}

int set_bytes(void* to, int byte, std::size_t bytes) {
    if (const Answer answer = begin_call("cudaMemset"); !answer.go_on) return remember(answer.result);
    if (const int result = enter_context(); result != success) return remember(result);
    if (bytes % sizeof(unsigned) != 0) return remember(invalid_value);  // others are not simulated
    const unsigned word = static_cast<unsigned>(byte & 0xFF) * 0x01010101U;
    return remember(call_driver("cuMemsetD32_v2", address_of(to), word, bytes / sizeof word));
}

int device_synchronize() {
    if (const Answer answer = begin_call("cudaDeviceSynchronize"); !answer.go_on) return remember(answer.result);
    if (const int result = enter_context(); result != success) return remember(result);
    return remember(call_driver("cuCtxSynchronize"));
}

int get_last_error() {
    if (const Answer answer = begin_call("cudaGetLastError"); !answer.go_on) return answer.result;
    const int error = last_error;
    last_error = success;
    return error;
}

const char* get_error_name(int error) {
    begin_call("cudaGetErrorName");
    return name_of(error);
}

const char* get_error_string(int error) {
    begin_call("cudaGetErrorString");
    return text_of(error);
}

__attribute__((constructor)) void load() {
    if (!settings().flaw.empty()) {
        std::fprintf(stderr, "simulated libcudart: the settings are malformed, %s\n", settings().flaw.c_str());
    }
    begin_step(Step::open);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) extern const char jetcuda_simulated_runtime[];
const char jetcuda_simulated_runtime[] = "simulated";

// Indirect functions, as in simulated_libcuda.cpp: an entry point may be absent.
#define EXPORT(type, entry, function, parameters)                     \
    [[maybe_unused]] static decltype(&(function)) resolve_##entry() { \
        return settings().absent(#entry) ? nullptr : &(function);     \
    }                                                                 \
    __attribute__((visibility("default"), ifunc("resolve_" #entry))) type entry parameters

EXPORT(int, cudaRuntimeGetVersion, runtime_get_version, (int*));
EXPORT(int, cudaDriverGetVersion, driver_get_version, (int*));
EXPORT(int, cudaGetDeviceCount, get_device_count, (int*));
EXPORT(int, cudaSetDevice, set_device, (int));
EXPORT(int, cudaMalloc, allocate, (void**, std::size_t));
EXPORT(int, cudaFree, release, (void*));
EXPORT(int, cudaMemcpy, copy, (void*, const void*, std::size_t, int));
EXPORT(int, cudaMemset, set_bytes, (void*, int, std::size_t));
EXPORT(int, cudaDeviceSynchronize, device_synchronize, ());
EXPORT(int, cudaGetLastError, get_last_error, ());
EXPORT(const char*, cudaGetErrorName, get_error_name, (int));
EXPORT(const char*, cudaGetErrorString, get_error_string, (int));

}  // extern "C"

}  // namespace simulated
