#include "tests/drivers/calls.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace simulated {
namespace {

// Names of cuda.h; the sentences are those that drivers give.
constexpr std::array<ResultText, 35> result_texts{{
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {303, "CUDA_ERROR_SHARED_OBJECT_INIT_FAILED", "shared object initialization failed"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed or operation not supported on this OS"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {401, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {715, "CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction was encountered"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {718, "CUDA_ERROR_INVALID_PC", "invalid program counter"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", "forward compatibility was attempted on non supported HW"},
    {805, "CUDA_ERROR_MPS_CONNECTION_FAILED",
     "MPS client failed to connect to the MPS control daemon or the MPS server"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
}};

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

}  // namespace

const ResultText* result_text(int result) {
    const auto* const found = std::find_if(result_texts.begin(), result_texts.end(),
                                           [=](const ResultText& known) { return known.result == result; });
    return found != result_texts.end() ? &*found : nullptr;
}

std::string own_path() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&own_path), &info) == 0 || info.dli_fname == nullptr) return {};
    return info.dli_fname;
}

bool happens(const Fault& fault) {
    if (!fault.happens()) return false;
    const std::string path = own_path();
    const int log =
        open((path.substr(0, path.rfind('/') + 1) + "faults_that_happened").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (log < 0) return true;
    const std::string line = fault.action + " in " + fault.place + ' ' + std::to_string(fault.reached) + '\n';
    [[maybe_unused]] const ssize_t written = write(log, line.data(), line.size());
    close(log);
    return true;
}

Answer suffer_all(const std::vector<const Fault*>& faults) {
    for (const Fault* fault : faults) {
        if (!happens(*fault)) continue;
        suffer(*fault);
        if (fault->action == "return") return {false, fault->result};
        if (fault->action == "unwritten") return {false, success};
        if (fault->action == "refused") return {false, unknown_error};
    }
    return {};
}

Answer begin_step(Step step) {
    std::vector<const Fault*> met;
    for (const Fault& fault : settings().faults) {
        if (fault.step == step) met.push_back(&fault);
    }
    return suffer_all(met);
}

Answer begin_call(std::string_view call, std::optional<Step> step) {
    if (settings().every_call) return {false, *settings().every_call};
    if (!settings().flaw.empty()) return {false, unknown_error};
    std::vector<const Fault*> met;
    for (const Fault& fault : settings().faults) {
        if (fault.call == call || (step && fault.step == step)) met.push_back(&fault);
    }
    return suffer_all(met);
}

void complain(const std::string& text) { std::fprintf(stderr, "simulated libcuda: %s\n", text.c_str()); }

}  // namespace simulated
