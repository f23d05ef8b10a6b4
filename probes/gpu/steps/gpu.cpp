// Calls of the driver API, with what they answer held to what they should have written.

#include "probes/gpu/steps/gpu.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace jetcuda {
namespace {

constexpr std::size_t log_size = 4096;

template <typename Value>
Value written(Value value, Value never, const char* call) {
    if (value == never) throw CannotCall{std::string(call) + " answered success and wrote nothing"};
    return value;
}

}  // namespace

Gpu::Gpu(Session& session) : session_(session), device_(asked_device(session).handle) {
    CUcontext context = nullptr;
    call<CuDevicePrimaryCtxRetain>("cuDevicePrimaryCtxRetain", &context, device_);
    written<CUcontext>(context, nullptr, "cuDevicePrimaryCtxRetain");
    if (const CUresult result = entry<CuCtxSetCurrent>("cuCtxSetCurrent")(context); result != 0) {
        call_quietly<CuDevicePrimaryCtxRelease>("cuDevicePrimaryCtxRelease_v2", device_);
        throw Refused{"cuCtxSetCurrent", result, 0, {}};
    }
}

Gpu::~Gpu() {
    call_quietly<CuCtxSetCurrent>("cuCtxSetCurrent", CUcontext{nullptr});
    call_quietly<CuDevicePrimaryCtxRelease>("cuDevicePrimaryCtxRelease_v2", device_);
}

int Gpu::attribute(DeviceAttribute attribute) const {
    int value = never_written;
    call<CuDeviceGetAttribute>("cuDeviceGetAttribute", &value, attribute, device_);
    return written(value, never_written, "cuDeviceGetAttribute");
}

int Gpu::sm() const {
    const GpuDevice* device = session_.answer.asked_device();
    return device != nullptr && device->capability ? device->capability->sm() : 0;
}

std::size_t Gpu::free_bytes() const {
    constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
    std::size_t free = never;
    std::size_t total = never;
    call<CuMemGetInfo>("cuMemGetInfo_v2", &free, &total);
    return written(free, never, "cuMemGetInfo_v2");
}

void Gpu::synchronize() const { call<CuCtxSynchronize>("cuCtxSynchronize"); }

Module::Module(const Gpu& gpu, std::string_view image) : gpu_(gpu) {
    std::array<char, log_size> log{};
    std::array<JitOption, 2> options{JitOption::error_log_buffer, JitOption::error_log_buffer_size_bytes};
    // The size travels in the place of a pointer. (cuda.h: CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES is an unsigned int)
    void* size = nullptr;
    const auto bytes = static_cast<unsigned>(log.size() - 1);
    std::memcpy(&size, &bytes, sizeof bytes);
    std::array<void*, 2> values{log.data(), size};
    const CUresult result = gpu.entry<CuModuleLoadDataEx>("cuModuleLoadDataEx")(
        &module_, image.data(), static_cast<unsigned>(options.size()), options.data(), values.data());
    if (result != 0)
        throw Refused{"cuModuleLoadDataEx", result, 0, std::string(log.data(), strnlen(log.data(), log.size()))};
    written<CUmodule>(module_, nullptr, "cuModuleLoadDataEx");
}

Module::~Module() { gpu_.call_quietly<CuModuleUnload>("cuModuleUnload", module_); }

CUfunction Module::function(std::string_view name) const {
    CUfunction function = nullptr;
    gpu_.call<CuModuleGetFunction>("cuModuleGetFunction", &function, module_, std::string(name).c_str());
    return written<CUfunction>(function, nullptr, "cuModuleGetFunction");
}

DeviceWords::DeviceWords(const Gpu& gpu, std::size_t count) : gpu_(gpu), count_(count) {
    const std::size_t bytes = count * sizeof(std::uint32_t);
    const CUresult result = gpu.entry<CuMemAlloc>("cuMemAlloc_v2")(&address_, bytes);
    if (result != 0) throw Refused{"cuMemAlloc_v2", result, bytes, {}};
    written<CUdeviceptr>(address_, 0, "cuMemAlloc_v2");
}

DeviceWords::~DeviceWords() { gpu_.call_quietly<CuMemFree>("cuMemFree_v2", address_); }

void DeviceWords::clear() const { gpu_.call<CuMemsetD32>("cuMemsetD32_v2", address_, 0U, count_); }

void DeviceWords::write(const std::vector<std::uint32_t>& words) const {
    gpu_.call<CuMemcpyHtoD>("cuMemcpyHtoD_v2", address_, static_cast<const void*>(words.data()),
                            words.size() * sizeof(std::uint32_t));
}

std::vector<std::uint32_t> DeviceWords::read(std::size_t first, std::size_t count) const {
    std::vector<std::uint32_t> words(count, never_copied);
    gpu_.call<CuMemcpyDtoH>("cuMemcpyDtoH_v2", static_cast<void*>(words.data()),
                            address_ + first * sizeof(std::uint32_t), count * sizeof(std::uint32_t));
    return held_to_be_copied(std::move(words), "cuMemcpyDtoH_v2");
}

std::vector<std::uint32_t> held_to_be_copied(std::vector<std::uint32_t> words, const char* call) {
    const auto is_untouched = [](std::uint32_t word) { return word == never_copied; };
    if (std::all_of(words.begin(), words.end(), is_untouched))
        throw CannotCall{std::string(call) + " answered success and wrote nothing"};
    return words;
}

SharedWords::SharedWords(const Gpu& gpu, Kind kind, std::size_t count) : gpu_(gpu), kind_(kind), count_(count) {
    const std::size_t bytes = count * sizeof(std::uint32_t);
    if (kind == Kind::managed) {
        const CUresult result = gpu.entry<CuMemAllocManaged>("cuMemAllocManaged")(&address_, bytes, mem_attach_global);
        if (result != 0) throw Refused{"cuMemAllocManaged", result, bytes, {}};
        written<CUdeviceptr>(address_, 0, "cuMemAllocManaged");
        words_ = reinterpret_cast<std::uint32_t*>(address_);  // NOLINT(performance-no-int-to-ptr): one address for both
        return;
    }
    void* words = nullptr;
    const CUresult result = gpu.entry<CuMemHostAlloc>("cuMemHostAlloc")(&words, bytes, memhostalloc_devicemap);
    if (result != 0) throw Refused{"cuMemHostAlloc", result, bytes, {}};
    words_ = static_cast<std::uint32_t*>(written<void*>(words, nullptr, "cuMemHostAlloc"));
    const CUresult mapped = gpu.entry<CuMemHostGetDevicePointer>("cuMemHostGetDevicePointer_v2")(&address_, words_, 0U);
    if (mapped != 0 || address_ == 0) {
        gpu.call_quietly<CuMemFreeHost>("cuMemFreeHost", words);
        if (mapped != 0) throw Refused{"cuMemHostGetDevicePointer_v2", mapped, 0, {}};
        throw CannotCall{"cuMemHostGetDevicePointer_v2 answered success and wrote nothing"};
    }
}

SharedWords::~SharedWords() {
    if (kind_ == Kind::managed) {
        gpu_.call_quietly<CuMemFree>("cuMemFree_v2", address_);
    } else {
        gpu_.call_quietly<CuMemFreeHost>("cuMemFreeHost", static_cast<void*>(words_));
    }
}

Stream::Stream(const Gpu& gpu) : gpu_(gpu) {
    gpu.call<CuStreamCreate>("cuStreamCreate", &stream_, stream_non_blocking);
    written<CUstream>(stream_, nullptr, "cuStreamCreate");
}

Stream::~Stream() { gpu_.call_quietly<CuStreamDestroy>("cuStreamDestroy_v2", stream_); }

void Stream::synchronize() const { gpu_.call<CuStreamSynchronize>("cuStreamSynchronize", stream_); }

Event::Event(const Gpu& gpu) : gpu_(gpu) {
    gpu.call<CuEventCreate>("cuEventCreate", &event_, 0U);
    written<CUevent>(event_, nullptr, "cuEventCreate");
}

Event::~Event() { gpu_.call_quietly<CuEventDestroy>("cuEventDestroy_v2", event_); }

void Event::record(const Stream& stream) const { gpu_.call<CuEventRecord>("cuEventRecord", event_, stream.handle()); }

void launch(const Gpu& gpu, const Kernel& kernel, CUfunction function, const Launch& on) {
    Launch copy = on;  // the driver reads the parameters through pointers
    std::array<void*, 4> parameters{&copy.out, &copy.in, &copy.count, &copy.seed};
    gpu.call<CuLaunchKernel>("cuLaunchKernel", function, on.count / kernel.threads, 1U, 1U, kernel.threads, 1U, 1U,
                             kernel.dynamic_shared_bytes, on.stream, parameters.data(), static_cast<void**>(nullptr));
}

}  // namespace jetcuda
