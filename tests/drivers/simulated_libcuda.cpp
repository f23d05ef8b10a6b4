// A simulated libcuda: a real shared library with the entry points that jetcuda-probe calls, which answers as a Jetson
// with a given board, driver version and fault would (settings.hpp says how to choose them). It refuses what a real
// one refuses: calls before cuInit, flags, devices and addresses that there are not, images that are not for it.
//
// It shows what the programs do with a driver's answers. It shows nothing about any real driver, so it is never
// installed and never packaged; it exports `jetcuda_simulated_driver`, by which everything that rests on it is
// marked "simulated". Its GPU is the host twin of each kernel, so it proves the probe and not the kernels. But for
// these it shares no code with the programs, so that a mistake cannot be made on both sides.
//
// Here are the calls about the driver, the device and the context; the others are in gpu_calls.cpp.

#include <cstdint>
#include <cstdio>
#include <string>

#include <dlfcn.h>

#include "tests/drivers/calls.hpp"
#include "tests/drivers/gpu_calls.hpp"

namespace simulated {

const Settings& settings() {
    static const Settings read = [] {
        const std::string path = own_path();
        return read_settings(path.substr(0, path.rfind('/') + 1) + "simulated_driver.json");
    }();
    return read;
}

namespace {

bool initialized = false;

// Of all calls but those that may come before cuInit.
Answer begin_device_call(const char* call, std::optional<Step> step = {}) {
    const Answer answer = begin_call(call, step);
    if (answer.go_on && !initialized) return {false, not_initialized};
    return answer;
}

int device_count() {
    const Fault* fault = settings().fault(Step::devices, "value");
    return fault != nullptr ? static_cast<int>(fault->value) : 1;
}

bool is_device(int device) { return device >= 0 && device < device_count(); }

// The last of several is the board's own: graphics cards may well come first.
bool is_integrated(int device) {
    return device == device_count() - 1 && settings().fault(Step::devices, "discrete") == nullptr;
}

// ---- the calls ----

int init(unsigned flags) {
    if (const Answer answer = begin_call("cuInit", Step::init); !answer.go_on) return answer.result;
    if (flags != 0) return invalid_value;
    initialized = true;
    return success;
}

int driver_get_version(int* version) {
    if (const Answer answer = begin_call("cuDriverGetVersion", Step::version); !answer.go_on) return answer.result;
    if (version == nullptr) return invalid_value;
    const Fault* fault = settings().fault(Step::version, "value");
    *version = fault != nullptr ? static_cast<int>(fault->value) : settings().driver_version;
    return success;
}

int get_error_text(const char* call, int result, const char** text, const char* ResultText::*member) {
    if (settings().every_call) return *settings().every_call;
    if (const Answer answer = begin_call(call); !answer.go_on) return answer.result;
    if (text == nullptr) return invalid_value;
    const ResultText* const known = result_text(result);
    *text = known != nullptr ? known->*member : nullptr;
    return known != nullptr ? success : invalid_value;
}

int get_error_name(int result, const char** text) {
    return get_error_text("cuGetErrorName", result, text, &ResultText::name);
}
int get_error_string(int result, const char** text) {
    return get_error_text("cuGetErrorString", result, text, &ResultText::text);
}

int device_get_count(int* count) {
    if (const Answer answer = begin_device_call("cuDeviceGetCount", Step::devices); !answer.go_on) return answer.result;
    if (count == nullptr) return invalid_value;
    *count = device_count();
    return success;
}

int device_get(int* device, int ordinal) {
    if (const Answer answer = begin_device_call("cuDeviceGet"); !answer.go_on) return answer.result;
    if (device == nullptr) return invalid_value;
    if (!is_device(ordinal)) return invalid_device;
    *device = ordinal;
    return success;
}

// enum CUdevice_attribute of cuda.h
std::optional<int> attribute_of(int attribute, int device) {
    constexpr int multiprocessor_count = 16;
    constexpr int integrated = 18;
    constexpr int can_map_host_memory = 19;
    constexpr int compute_mode = 20;
    constexpr int ecc_enabled = 32;
    constexpr int capability_major = 75;
    constexpr int capability_minor = 76;
    constexpr int managed_memory = 83;
    constexpr int concurrent_managed_access = 89;
    constexpr int prohibited = 2;
    constexpr int exclusive_process = 3;
    const auto has = [](const char* fault) { return settings().whole(fault) != nullptr; };
    const auto set = settings().attributes.find(attribute);
    if (set != settings().attributes.end()) return set->second;
    const Fault* fault = settings().fault(Step::capability, "value");
    const int sm = fault != nullptr ? static_cast<int>(fault->value) : settings().major * 10 + settings().minor;
    switch (attribute) {
        case multiprocessor_count: return settings().multiprocessors;
        case integrated: return is_integrated(device) ? 1 : 0;
        case can_map_host_memory: return has("no-zero-copy") ? 0 : 1;
        case compute_mode: return has("exclusive") ? exclusive_process : has("prohibited") ? prohibited : 0;
        case ecc_enabled: return 0;
        case capability_major: return sm / 10;
        case capability_minor: return sm % 10;
        case managed_memory: return has("no-managed") ? 0 : 1;
        case concurrent_managed_access: return 0;
        default: return {};
    }
}

int device_get_attribute(int* value, int attribute, int device) {
    const bool of_capability = attribute == 75 || attribute == 76;
    const auto step = of_capability ? std::optional<Step>(Step::capability) : std::nullopt;
    if (const Answer answer = begin_device_call("cuDeviceGetAttribute", step); !answer.go_on) return answer.result;
    if (value == nullptr) return invalid_value;
    if (!is_device(device)) return invalid_device;
    const std::optional<int> known = attribute_of(attribute, device);
    if (!known) return invalid_value;
    *value = *known;
    return success;
}

int device_get_name(char* name, int length, int device) {
    if (const Answer answer = begin_device_call("cuDeviceGetName", Step::name); !answer.go_on) return answer.result;
    if (name == nullptr || length <= 0) return invalid_value;
    if (!is_device(device)) return invalid_device;
    const Fault* fault = settings().fault(Step::name, "value");
    const std::string& shown = fault != nullptr ? fault->text : settings().gpu_name;
    std::snprintf(name, static_cast<std::size_t>(length), "%s", shown.c_str());
    return success;
}

int device_total_mem(std::size_t* bytes, int device) {
    if (const Answer answer = begin_device_call("cuDeviceTotalMem_v2", Step::memory); !answer.go_on) {
        return answer.result;
    }
    if (bytes == nullptr) return invalid_value;
    if (!is_device(device)) return invalid_device;
    const Fault* fault = settings().fault(Step::memory, "value");
    *bytes = fault != nullptr ? static_cast<std::size_t>(fault->value) : std::size_t{16} << 30;  // of no real board
    return success;
}

int device_primary_ctx_retain(void** retained, int device) {
    if (const Answer answer = begin_device_call("cuDevicePrimaryCtxRetain", Step::context); !answer.go_on) {
        return answer.result;
    }
    if (retained == nullptr) return invalid_value;
    if (!is_device(device)) return invalid_device;
    for (const char* taken : {"exclusive", "prohibited", "busy"}) {
        if (settings().whole(taken) != nullptr) return device_unavailable;
    }
    *retained = retain_context();
    return success;
}

int device_primary_ctx_release(int device) {
    if (const Answer answer = begin_device_call("cuDevicePrimaryCtxRelease_v2"); !answer.go_on) return answer.result;
    if (!is_device(device)) return invalid_device;
    return release_context();
}

// An unknown name is answered with success and a null pointer, as Debian's 535 and later do.
int get_proc_address(const char* symbol, void** function, int, std::uint64_t, int* status) {
    constexpr int symbol_not_found = 1;  // CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND
    if (const Answer answer = begin_call("cuGetProcAddress_v2"); !answer.go_on) return answer.result;
    if (symbol == nullptr || function == nullptr) return invalid_value;
    void* const self = dlopen(own_path().c_str(), RTLD_NOW | RTLD_NOLOAD);
    *function = self != nullptr ? dlsym(self, symbol) : nullptr;
    if (self != nullptr) dlclose(self);
    if (status != nullptr) *status = *function != nullptr ? success : symbol_not_found;
    return success;
}

// Settings are read while the library is loaded, and a fault of "open" happens then.
__attribute__((constructor)) void load() {
    if (!settings().flaw.empty()) {
        std::fprintf(stderr, "simulated libcuda: the settings are malformed, %s\n", settings().flaw.c_str());
    }
    begin_step(Step::open);
}

bool is_absent(const char* call, std::optional<Step> step) {
    return settings().absent(call) || (step && settings().fault(*step, "absent") != nullptr);
}

}  // namespace

// ---- what is exported ----
// An entry point that the settings make absent must be absent for dlsym(), in a file that has it. So each one is an
// indirect function (GNU ifunc): the loader asks a resolver for its address at dlsym(), and takes null for an answer.

extern "C" {

__attribute__((visibility("default"))) extern const char jetcuda_simulated_driver[];
const char jetcuda_simulated_driver[] = "simulated";

#define EXPORT_STEP(entry, step, function, parameters)                \
    [[maybe_unused]] static decltype(&(function)) resolve_##entry() { \
        return is_absent(#entry, step) ? nullptr : &(function);       \
    }                                                                 \
    __attribute__((visibility("default"), ifunc("resolve_" #entry))) int entry parameters

#define EXPORT(entry, function, parameters) EXPORT_STEP(entry, std::nullopt, function, parameters)

EXPORT_STEP(cuInit, Step::init, init, (unsigned));
EXPORT_STEP(cuDriverGetVersion, Step::version, driver_get_version, (int*));
EXPORT(cuGetErrorName, get_error_name, (int, const char**));
EXPORT(cuGetErrorString, get_error_string, (int, const char**));
EXPORT(cuGetProcAddress_v2, get_proc_address, (const char*, void**, int, std::uint64_t, int*));
EXPORT_STEP(cuDeviceGetCount, Step::devices, device_get_count, (int*));
EXPORT(cuDeviceGet, device_get, (int*, int));
EXPORT_STEP(cuDeviceGetAttribute, Step::capability, device_get_attribute, (int*, int, int));
EXPORT_STEP(cuDeviceGetName, Step::name, device_get_name, (char*, int, int));
EXPORT_STEP(cuDeviceTotalMem_v2, Step::memory, device_total_mem, (std::size_t*, int));
EXPORT_STEP(cuDevicePrimaryCtxRetain, Step::context, device_primary_ctx_retain, (void**, int));
EXPORT(cuDevicePrimaryCtxRelease_v2, device_primary_ctx_release, (int));

EXPORT(cuCtxSetCurrent, ctx_set_current, (void*));
EXPORT(cuCtxSynchronize, ctx_synchronize, ());
EXPORT(cuModuleLoadData, module_load_data, (void**, const void*));
EXPORT(cuModuleLoadDataEx, module_load_data_ex, (void**, const void*, unsigned, const int*, void**));
EXPORT(cuModuleGetFunction, module_get_function, (void**, void*, const char*));
EXPORT(cuModuleUnload, module_unload, (void*));
EXPORT(cuMemGetInfo_v2, mem_get_info, (std::size_t*, std::size_t*));
EXPORT(cuMemAlloc_v2, mem_alloc, (std::uint64_t*, std::size_t));
EXPORT(cuMemFree_v2, mem_free, (std::uint64_t));
EXPORT(cuMemAllocManaged, mem_alloc_managed, (std::uint64_t*, std::size_t, unsigned));
EXPORT(cuMemHostAlloc, mem_host_alloc, (void**, std::size_t, unsigned));
EXPORT(cuMemHostGetDevicePointer_v2, mem_host_get_device_pointer, (std::uint64_t*, void*, unsigned));
EXPORT(cuMemFreeHost, mem_free_host, (void*));
EXPORT(cuMemcpyHtoD_v2, memcpy_htod, (std::uint64_t, const void*, std::size_t));
EXPORT(cuMemcpyDtoH_v2, memcpy_dtoh, (void*, std::uint64_t, std::size_t));
EXPORT(cuMemsetD32_v2, memset_d32, (std::uint64_t, unsigned, std::size_t));
EXPORT(cuLaunchKernel, launch_kernel,
       (void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**));
EXPORT(cuStreamCreate, stream_create, (void**, unsigned));
EXPORT(cuStreamDestroy_v2, stream_destroy, (void*));
EXPORT(cuStreamSynchronize, stream_synchronize, (void*));
EXPORT(cuStreamWaitEvent, stream_wait_event, (void*, void*, unsigned));
EXPORT(cuEventCreate, event_create, (void**, unsigned));
EXPORT(cuEventRecord, event_record, (void*, void*));
EXPORT(cuEventSynchronize, event_synchronize, (void*));
EXPORT(cuEventElapsedTime, event_elapsed_time, (float*, void*, void*));
EXPORT(cuEventDestroy_v2, event_destroy, (void*));

}  // extern "C"

}  // namespace simulated
