// What the probe declares of CUDA by itself, held to NVIDIA's own headers where a toolkit is: the types of every entry
// point that it calls, their names, the numbers that it passes and the names of results. A toolkit of another release
// than 13.0 has other results than our table, but none of another name.
//
// Two function types are alike when a call goes through either in the same way: as many parameters, each of one size
// and one kind. Pointers are alike whatever they point to, since cuda.h's point to structures that nobody knows.

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <type_traits>

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include "probes/gpu/driver_api.hpp"
#include "probes/gpu/protocol.hpp"
#include "probes/gpu/runtime_api.hpp"

#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>
#endif
#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#endif
#if __has_include(<cufft.h>)
#include <cufft.h>
#endif
#if __has_include(<curand.h>)
#include <curand.h>
#endif
#if __has_include(<cusolver_common.h>)
#include <cusolver_common.h>
#endif
#if __has_include(<cusparse.h>)
#include <cusparse.h>
#endif

namespace {

template <class Type>
constexpr bool is_whole = std::is_integral_v<Type> || std::is_enum_v<Type>;

template <class Ours, class Theirs>
constexpr bool same_kind() {
    if constexpr (std::is_pointer_v<Ours>) {
        return std::is_pointer_v<Theirs>;
    } else if constexpr (is_whole<Ours> && is_whole<Theirs>) {
        return sizeof(Ours) == sizeof(Theirs);
    } else {
        return std::is_same_v<Ours, Theirs>;
    }
}
template <class Ours, class Theirs>
constexpr bool alike = false;
template <class Answer, class... Parameters, class TheirAnswer, class... TheirParameters>
constexpr bool alike<Answer(Parameters...), TheirAnswer(TheirParameters...)> = [] {
    if constexpr (sizeof...(Parameters) == sizeof...(TheirParameters)) {
        return same_kind<Answer, TheirAnswer>() && (same_kind<Parameters, TheirParameters>() && ...);
    } else {
        return false;
    }
}();

// The name that a program is linked with: cuda.h gives many calls a newer name by a macro.
#define AS_TEXT(name) #name
#define NAME_OF(call) AS_TEXT(call)

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are names
#define DRIVER_CALLS(DO)                                     \
    DO(CuInit, cuInit)                                       \
    DO(CuDriverGetVersion, cuDriverGetVersion)               \
    DO(CuGetErrorText, cuGetErrorName)                       \
    DO(CuGetErrorText, cuGetErrorString)                     \
    DO(CuDeviceGetCount, cuDeviceGetCount)                   \
    DO(CuDeviceGet, cuDeviceGet)                             \
    DO(CuDeviceGetName, cuDeviceGetName)                     \
    DO(CuDeviceGetAttribute, cuDeviceGetAttribute)           \
    DO(CuDeviceTotalMem, cuDeviceTotalMem)                   \
    DO(CuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain)   \
    DO(CuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease) \
    DO(CuCtxSetCurrent, cuCtxSetCurrent)                     \
    DO(CuCtxSynchronize, cuCtxSynchronize)                   \
    DO(CuModuleLoadDataEx, cuModuleLoadDataEx)               \
    DO(CuModuleGetFunction, cuModuleGetFunction)             \
    DO(CuModuleUnload, cuModuleUnload)                       \
    DO(CuLaunchKernel, cuLaunchKernel)                       \
    DO(CuMemGetInfo, cuMemGetInfo)                           \
    DO(CuMemAlloc, cuMemAlloc)                               \
    DO(CuMemAllocManaged, cuMemAllocManaged)                 \
    DO(CuMemFree, cuMemFree)                                 \
    DO(CuMemHostAlloc, cuMemHostAlloc)                       \
    DO(CuMemHostGetDevicePointer, cuMemHostGetDevicePointer) \
    DO(CuMemFreeHost, cuMemFreeHost)                         \
    DO(CuMemcpyHtoD, cuMemcpyHtoD)                           \
    DO(CuMemcpyDtoH, cuMemcpyDtoH)                           \
    DO(CuMemsetD32, cuMemsetD32)                             \
    DO(CuStreamCreate, cuStreamCreate)                       \
    DO(CuStreamWaitEvent, cuStreamWaitEvent)                 \
    DO(CuStreamSynchronize, cuStreamSynchronize)             \
    DO(CuStreamDestroy, cuStreamDestroy)                     \
    DO(CuEventCreate, cuEventCreate)                         \
    DO(CuEventRecord, cuEventRecord)                         \
    DO(CuEventSynchronize, cuEventSynchronize)               \
    DO(CuEventElapsedTime, cuEventElapsedTime)               \
    DO(CuEventDestroy, cuEventDestroy)
#define RUNTIME_CALLS(DO)                            \
    DO(CudaGetVersion, cudaRuntimeGetVersion)        \
    DO(CudaGetVersion, cudaDriverGetVersion)         \
    DO(CudaGetDeviceCount, cudaGetDeviceCount)       \
    DO(CudaSetDevice, cudaSetDevice)                 \
    DO(CudaFree, cudaFree)                           \
    DO(CudaMemset, cudaMemset)                       \
    DO(CudaMemcpy, cudaMemcpy)                       \
    DO(CudaDeviceSynchronize, cudaDeviceSynchronize) \
    DO(CudaGetErrorText, cudaGetErrorName)           \
    DO(CudaGetErrorText, cudaGetErrorString)
// NOLINTEND(bugprone-macro-parentheses)

#define HOLD_TYPE(ours, theirs) static_assert(alike<jetcuda::ours, decltype(theirs)>, #theirs);
DRIVER_CALLS(HOLD_TYPE)
RUNTIME_CALLS(HOLD_TYPE)
// The one that C++ overloads.
static_assert(alike<jetcuda::CudaMalloc,
                    std::remove_pointer_t<decltype(static_cast<cudaError_t (*)(void**, std::size_t)>(cudaMalloc))>>);

// As probes/gpu/steps/libraries.cpp calls them.
using GetProperty = int(int, int*);
static_assert(MAJOR_VERSION == 0 && MINOR_VERSION == 1 && PATCH_LEVEL == 2);
#if __has_include(<cublas_v2.h>)
static_assert(alike<GetProperty, decltype(cublasGetProperty)>);
#endif
#if __has_include(<cublasLt.h>)
static_assert(alike<GetProperty, decltype(cublasLtGetProperty)>);
#endif
#if __has_include(<cufft.h>)
static_assert(alike<GetProperty, decltype(cufftGetProperty)>);
#endif
#if __has_include(<curand.h>)
static_assert(alike<GetProperty, decltype(curandGetProperty)>);
#endif
#if __has_include(<cusolver_common.h>)
static_assert(alike<GetProperty, decltype(cusolverGetProperty)>);
#endif
#if __has_include(<cusparse.h>)
static_assert(alike<GetProperty, decltype(cusparseGetProperty)>);
#endif

static_assert(sizeof(jetcuda::CUdeviceptr) == sizeof(CUdeviceptr));
static_assert(sizeof(jetcuda::CUdevice) == sizeof(CUdevice));

// A comparison that could not fail would hold nothing.
static_assert(!alike<jetcuda::CuMemAlloc, decltype(cuMemFree)>);
static_assert(!alike<jetcuda::CuMemsetD32, decltype(cuMemsetD8)>);
static_assert(!alike<int(unsigned), int(std::size_t)>);
static_assert(!alike<int(float*), int(float)>);

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    REQUIRE_MESSAGE(file, path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

template <class Use>
void each_match(const std::string& text, const char* pattern, const Use& use) {
    const std::regex expression(pattern);
    for (auto match = std::sregex_iterator(text.begin(), text.end(), expression); match != std::sregex_iterator{};
         ++match)
        use(*match);
}

}  // namespace

TEST_CASE("numbers that the probe passes are those of the headers") {
    using jetcuda::DeviceAttribute;
    using jetcuda::JitOption;
    CHECK(static_cast<int>(DeviceAttribute::multiprocessor_count) == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    CHECK(static_cast<int>(DeviceAttribute::integrated) == CU_DEVICE_ATTRIBUTE_INTEGRATED);
    CHECK(static_cast<int>(DeviceAttribute::can_map_host_memory) == CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY);
    CHECK(static_cast<int>(DeviceAttribute::capability_major) == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    CHECK(static_cast<int>(DeviceAttribute::capability_minor) == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    CHECK(static_cast<int>(DeviceAttribute::managed_memory) == CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY);
    CHECK(static_cast<int>(JitOption::error_log_buffer) == CU_JIT_ERROR_LOG_BUFFER);
    CHECK(static_cast<int>(JitOption::error_log_buffer_size_bytes) == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
    CHECK(jetcuda::mem_attach_global == static_cast<unsigned>(CU_MEM_ATTACH_GLOBAL));
    CHECK(jetcuda::memhostalloc_devicemap == static_cast<unsigned>(CU_MEMHOSTALLOC_DEVICEMAP));
    CHECK(jetcuda::stream_non_blocking == static_cast<unsigned>(CU_STREAM_NON_BLOCKING));
    CHECK(jetcuda::host_to_device == static_cast<int>(cudaMemcpyHostToDevice));
    CHECK(jetcuda::device_to_host == static_cast<int>(cudaMemcpyDeviceToHost));
}

TEST_CASE("each entry point that the probe asks for is in the headers, and is called as what it is") {
    std::map<std::string, std::string> types;
#define TAKE(ours, theirs) types[NAME_OF(theirs)] = #ours;
    DRIVER_CALLS(TAKE)
    RUNTIME_CALLS(TAKE)
    types["cudaMalloc"] = "CudaMalloc";
    // CUDA 13.0's header means a newer entry point of another name, which no driver before 12.8 has; the older one,
    // which is alike, stays in every driver.
    types["cuEventElapsedTime"] = "CuEventElapsedTime";
    std::set<std::string> called;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(JETCUDA_SOURCE_DIR "/probes/gpu")) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
        const std::string text = std::regex_replace(content_of(entry.path()), std::regex("//[^\n]*"), "");
        each_match(text, R"re(<(Cu\w+)>\(\s*(?:session,\s*step,\s*)?"(cu\w+)")re", [&](const std::smatch& match) {
            CAPTURE(match.str());
            CHECK(types[match[2].str()] == match[1].str());
            called.insert(match[1].str());
        });
        each_match(text, R"re("(cu(?:da)?[A-Z]\w+)")re", [&](const std::smatch& match) {
            static const std::regex of_a_library(R"(cu[A-Z]?\w*GetProperty|cudnnGetVersion)");
            CAPTURE(match.str());
            CHECK((types.count(match[1].str()) == 1 || std::regex_match(match[1].str(), of_a_library)));
        });
    }
    CHECK(called.size() > 30);  // or the sources are written otherwise than this test reads them
}

TEST_CASE("results have the names that cuda.h gives them") {
    std::map<int, std::string> theirs;
    each_match(content_of(JETCUDA_CUDA_HEADERS "/cuda.h"), R"((CUDA_SUCCESS|CUDA_ERROR_\w+)\s*=\s*(\d+))",
               [&](const std::smatch& match) { theirs[std::stoi(match[2].str())] = match[1].str(); });
    CHECK(theirs.size() > 90);
    constexpr int of_our_table = 13'000;
    for (int result = 0; result <= 1100; ++result) {
        const std::string ours(jetcuda::result_name(result));
        const auto found = theirs.find(result);
        CAPTURE(result);
        if (found != theirs.end() && (CUDA_VERSION <= of_our_table || !ours.empty())) CHECK(ours == found->second);
        if (found == theirs.end() && CUDA_VERSION >= of_our_table) CHECK(ours.empty());
    }
}
