// A simulated libcuda: a real shared library with the entry points that jetcuda-probe calls, which answers as a Jetson
// with a given board, driver version and fault would (settings.hpp says how to choose them). It refuses what a real
// one refuses: calls before cuInit, flags that there are not, devices that there are not.
//
// It shows what the programs do with a driver's answers. It shows nothing about any real driver, so it is never
// installed and never packaged; it exports `jetcuda_simulated_driver`, by which everything that rests on it is
// marked "simulated". It shares no code with the programs, so that a mistake cannot be made on both sides.

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/drivers/settings.hpp"

namespace {

using simulated::Fault;
using simulated::Settings;
using simulated::Step;

// cuda.h of CUDA 13.0
constexpr int success = 0;
constexpr int invalid_value = 1;
constexpr int not_initialized = 3;
constexpr int invalid_device = 101;
constexpr int invalid_context = 201;
constexpr int unknown_error = 999;
constexpr int symbol_not_found = 1;  // CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND

struct ErrorText {
    int result;
    const char* name;
    const char* text;
};
constexpr std::array<ErrorText, 14> error_texts{{
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed or operation not supported on this OS"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", "forward compatibility was attempted on non supported HW"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
}};

// The folder of the name it was opened by, not of the file: tests open it through a link beside their settings.
std::string own_path() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&own_path), &info) == 0 || info.dli_fname == nullptr) return {};
    return info.dli_fname;
}

const Settings& settings() {
    static const Settings read = [] {
        const std::string path = own_path();
        return simulated::read_settings(path.substr(0, path.rfind('/') + 1) + "simulated_driver.json");
    }();
    return read;
}

bool initialized = false;
int context_count = 0;
int context = 0;  // its address is the context

// As a driver that runs wild does it: into every pipe of the process, whoever it belongs to.
void write_into_every_pipe(std::string_view text) {
    for (int number = 1; number < 1024; ++number) {
        struct stat status {};
        if (fstat(number, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
        if ((fcntl(number, F_GETFL) & O_ACCMODE) == O_RDONLY) continue;
        [[maybe_unused]] const ssize_t written = write(number, text.data(), text.size());
    }
}

[[noreturn]] void die_by(int signal_number) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    std::abort();
}

// Faults that happen whatever the call is about. The others are the call's own.
void suffer(const Fault& fault) {
    const std::string& action = fault.action;
    if (action == "hang") {
        while (true) pause();
    }
    if (action == "sleep") usleep(static_cast<useconds_t>(fault.milliseconds) * 1000);
    if (action == "crash") die_by(SIGSEGV);
    if (action == "abort") die_by(SIGABRT);
    if (action == "sigkill") die_by(SIGKILL);
    if (action == "sigterm") die_by(SIGTERM);
    if (action == "sigsys") die_by(SIGSYS);
    if (action == "exit") _exit(3);
    if (action == "babble") {
        while (true) write_into_every_pipe("one line after the other, and no end of it ................\n");
    }
    if (action == "garbage") write_into_every_pipe("{\"end\": \x01 what is this\n");
    if (action == "noise") {
        std::puts("{\"end\":\"init\",\"result\":999}");
        std::fflush(stdout);
        std::fputs("simulated driver: a complaint of no consequence\n", stderr);
    }
    if (action == "say") std::fprintf(stderr, "%s\n", fault.text.c_str());
    if (action == "refused") std::fputs("NvRmMemInitNvmap failed: Operation not permitted\n", stderr);
}

// What a call answers before it does its own work; `go_on` when it is to do that.
struct Answer {
    bool go_on = true;
    int result = success;
};

Answer begin_call(Step step) {
    if (settings().every_call) return {false, *settings().every_call};
    if (!settings().flaw.empty()) return {false, unknown_error};
    if (const Fault* fault = settings().fault(step)) {
        suffer(*fault);
        if (fault->action == "return") return {false, fault->result};
        if (fault->action == "unwritten") return {false, success};
        if (fault->action == "refused") return {false, unknown_error};
    }
    if (step > Step::init && !initialized) return {false, not_initialized};
    return {};
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
    if (const Answer answer = begin_call(Step::init); !answer.go_on) return answer.result;
    if (flags != 0) return invalid_value;
    initialized = true;
    return success;
}

int driver_get_version(int* version) {
    if (const Answer answer = begin_call(Step::version); !answer.go_on) return answer.result;
    if (version == nullptr) return invalid_value;
    const Fault* fault = settings().fault(Step::version, "value");
    *version = fault != nullptr ? static_cast<int>(fault->value) : settings().driver_version;
    return success;
}

int get_error_text(int result, const char** text, const char* ErrorText::*member) {
    if (settings().every_call) return *settings().every_call;
    if (text == nullptr) return invalid_value;
    *text = nullptr;
    for (const ErrorText& known : error_texts) {
        if (known.result == result) *text = known.*member;
    }
    return *text != nullptr ? success : invalid_value;
}

int get_error_name(int result, const char** text) { return get_error_text(result, text, &ErrorText::name); }
int get_error_string(int result, const char** text) { return get_error_text(result, text, &ErrorText::text); }

int device_get_count(int* count) {
    if (const Answer answer = begin_call(Step::devices); !answer.go_on) return answer.result;
    if (count == nullptr) return invalid_value;
    *count = device_count();
    return success;
}

int device_get(int* device, int ordinal) {
    if (settings().every_call) return *settings().every_call;
    if (!initialized) return not_initialized;
    if (device == nullptr) return invalid_value;
    if (!is_device(ordinal)) return invalid_device;
    *device = ordinal;
    return success;
}

int device_get_attribute(int* value, int attribute, int device) {
    constexpr int integrated = 18;
    constexpr int capability_major = 75;
    constexpr int capability_minor = 76;
    if (attribute == capability_major || attribute == capability_minor) {
        if (const Answer answer = begin_call(Step::capability); !answer.go_on) return answer.result;
    }
    if (settings().every_call) return *settings().every_call;
    if (!initialized) return not_initialized;
    if (value == nullptr) return invalid_value;
    if (!is_device(device)) return invalid_device;
    const Fault* fault = settings().fault(Step::capability, "value");
    const int sm = fault != nullptr ? static_cast<int>(fault->value) : settings().major * 10 + settings().minor;
    switch (attribute) {
        case integrated: *value = is_integrated(device) ? 1 : 0; return success;
        case capability_major: *value = sm / 10; return success;
        case capability_minor: *value = sm % 10; return success;
        default: return invalid_value;
    }
}

int device_get_name(char* name, int length, int device) {
    if (const Answer answer = begin_call(Step::name); !answer.go_on) return answer.result;
    if (name == nullptr || length <= 0) return invalid_value;
    if (!is_device(device)) return invalid_device;
    const Fault* fault = settings().fault(Step::name, "value");
    const std::string& shown = fault != nullptr ? fault->text : settings().gpu_name;
    std::snprintf(name, static_cast<std::size_t>(length), "%s", shown.c_str());
    return success;
}

int device_total_mem(std::size_t* bytes, int device) {
    if (const Answer answer = begin_call(Step::memory); !answer.go_on) return answer.result;
    if (bytes == nullptr) return invalid_value;
    if (!is_device(device)) return invalid_device;
    const Fault* fault = settings().fault(Step::memory, "value");
    *bytes = fault != nullptr ? static_cast<std::size_t>(fault->value) : std::size_t{16} << 30;  // of no real board
    return success;
}

int device_primary_ctx_retain(void** retained, int device) {
    if (const Answer answer = begin_call(Step::context); !answer.go_on) return answer.result;
    if (retained == nullptr) return invalid_value;
    if (!is_device(device)) return invalid_device;
    ++context_count;
    *retained = &context;
    return success;
}

int device_primary_ctx_release(int device) {
    if (settings().every_call) return *settings().every_call;
    if (!initialized) return not_initialized;
    if (!is_device(device)) return invalid_device;
    if (context_count == 0) return invalid_context;
    --context_count;
    return success;
}

// An unknown name is answered with success and a null pointer, as Debian's 535 and later do.
int get_proc_address(const char* symbol, void** function, int, std::uint64_t, int* status) {
    if (settings().every_call) return *settings().every_call;
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
    if (const Fault* fault = settings().fault(Step::open)) suffer(*fault);
}

}  // namespace

// ---- what is exported ----
// An entry point that the settings make absent must be absent for dlsym(), in a file that has it. So each one is an
// indirect function (GNU ifunc): the loader asks a resolver for its address at dlsym(), and takes null for an answer.

extern "C" {

__attribute__((visibility("default"))) extern const char jetcuda_simulated_driver[];
const char jetcuda_simulated_driver[] = "simulated";

#define EXPORT(entry, step, function, parameters)                                   \
    static decltype(&(function)) resolve_##entry() {                                \
        return settings().fault(step, "absent") != nullptr ? nullptr : &(function); \
    }                                                                               \
    __attribute__((visibility("default"), ifunc("resolve_" #entry))) int entry parameters

// The ones that belong to no single step are never absent.
#define EXPORT_ALWAYS(entry, function, parameters) EXPORT(entry, Step::open, function, parameters)

EXPORT(cuInit, Step::init, init, (unsigned));
EXPORT(cuDriverGetVersion, Step::version, driver_get_version, (int*));
EXPORT_ALWAYS(cuGetErrorName, get_error_name, (int, const char**));
EXPORT_ALWAYS(cuGetErrorString, get_error_string, (int, const char**));
EXPORT_ALWAYS(cuGetProcAddress_v2, get_proc_address, (const char*, void**, int, std::uint64_t, int*));
EXPORT(cuDeviceGetCount, Step::devices, device_get_count, (int*));
EXPORT_ALWAYS(cuDeviceGet, device_get, (int*, int));
EXPORT(cuDeviceGetAttribute, Step::capability, device_get_attribute, (int*, int, int));
EXPORT(cuDeviceGetName, Step::name, device_get_name, (char*, int, int));
EXPORT(cuDeviceTotalMem_v2, Step::memory, device_total_mem, (std::size_t*, int));
EXPORT(cuDevicePrimaryCtxRetain, Step::context, device_primary_ctx_retain, (void**, int));
EXPORT_ALWAYS(cuDevicePrimaryCtxRelease_v2, device_primary_ctx_release, (int));

}  // extern "C"
