#include "tests/drivers/gpu_calls.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "tests/drivers/calls.hpp"
#include "tests/drivers/images.hpp"
#include "tests/drivers/memory.hpp"
#include "tests/drivers/work.hpp"

namespace simulated {
namespace {

struct Module {
    Image image;
    std::map<std::string, std::unique_ptr<Function>> functions;
};

struct Context {
    int retained = 0;
    bool is_current = false;
    std::map<void*, std::unique_ptr<Module>> modules;
};

Context& context() {
    static Context primary;
    return primary;
}

Answer begin_context_call(const char* call) {
    const Answer answer = begin_call(call);
    if (!answer.go_on) return answer;
    if (!context().is_current) return {false, invalid_context};
    if (context().retained == 0) return {false, context_is_destroyed};
    if (sticky_error() != 0) return {false, sticky_error()};
    return {};
}

int take_allocated(const Allocated& allocated, std::uint64_t* address) {
    if (allocated.result == success) *address = allocated.address;
    return allocated.result;
}

// A copy waits for what was handed over before, and comes before what follows.
int as_gpu_work(std::uint64_t address, std::size_t bytes, unsigned char*& place) {
    if (const int result = finish_all_work(); result != success) return result;
    place = gpu_memory(address, bytes);
    return place != nullptr ? success : invalid_value;
}

// What the compiler says goes into the caller's buffer, where he gave one.
void hand_over_log(const std::string& log, unsigned count, const int* options, void** values) {
    constexpr int error_log_buffer = 5;       // CU_JIT_ERROR_LOG_BUFFER
    constexpr int error_log_buffer_size = 6;  // CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES; its value is the number itself
    char* buffer = nullptr;
    std::size_t size = 0;
    for (unsigned i = 0; i < count; ++i) {
        if (options[i] == error_log_buffer) buffer = static_cast<char*>(values[i]);
        if (options[i] == error_log_buffer_size) size = reinterpret_cast<std::uintptr_t>(values[i]);
    }
    if (buffer != nullptr && size > 0) std::snprintf(buffer, size, "%s", log.c_str());
}

int load(void** module, const void* image, std::string& log) {
    if (module == nullptr || image == nullptr) return invalid_value;
    auto loaded = std::make_unique<Module>();
    const int result = read_image(image, loaded->image, log);
    if (result != success) return result;
    void* const handle = loaded.get();
    context().modules.emplace(handle, std::move(loaded));
    *module = handle;
    return success;
}

Function* function_of(void* handle) {
    for (const auto& [address, module] : context().modules) {
        for (const auto& [name, function] : module->functions) {
            if (function.get() == handle) return function.get();
        }
    }
    return nullptr;
}

}  // namespace

void* retain_context() {
    ++context().retained;
    return &context();
}

int release_context() {
    if (context().retained == 0) return invalid_context;
    if (--context().retained > 0) return success;
    forget_all_work();
    release_all();
    context().modules.clear();
    return success;
}

int ctx_set_current(void* given) {
    if (const Answer answer = begin_call("cuCtxSetCurrent"); !answer.go_on) return answer.result;
    if (given != nullptr && (given != &context() || context().retained == 0)) return invalid_context;
    context().is_current = given != nullptr;
    return success;
}

int ctx_synchronize() {
    if (const Answer answer = begin_context_call("cuCtxSynchronize"); !answer.go_on) return answer.result;
    return finish_all_work();
}

int module_load_data(void** module, const void* image) {
    if (const Answer answer = begin_context_call("cuModuleLoadData"); !answer.go_on) return answer.result;
    std::string log;
    return load(module, image, log);
}

int module_load_data_ex(void** module, const void* image, unsigned count, const int* options, void** values) {
    if (const Answer answer = begin_context_call("cuModuleLoadDataEx"); !answer.go_on) return answer.result;
    if (count > 0 && (options == nullptr || values == nullptr)) return invalid_value;
    std::string log;
    const int result = load(module, image, log);
    hand_over_log(log, count, options, values);
    return result;
}

int module_get_function(void** function, void* module, const char* name) {
    if (const Answer answer = begin_context_call("cuModuleGetFunction"); !answer.go_on) return answer.result;
    if (function == nullptr || name == nullptr) return invalid_value;
    const auto found = context().modules.find(module);
    if (found == context().modules.end()) return invalid_handle;
    const Image& image = found->second->image;
    if (std::find(image.entries.begin(), image.entries.end(), name) == image.entries.end()) return not_found;
    auto& known = found->second->functions[name];
    if (!known) known = std::make_unique<Function>(Function{name, image.ptx});
    *function = known.get();
    return success;
}

int module_unload(void* module) {
    if (const Answer answer = begin_context_call("cuModuleUnload"); !answer.go_on) return answer.result;
    if (context().modules.count(module) == 0) return invalid_handle;
    const int result = finish_all_work();
    context().modules.erase(module);
    return result;
}

int mem_get_info(std::size_t* free, std::size_t* total) {
    if (const Answer answer = begin_context_call("cuMemGetInfo_v2"); !answer.go_on) return answer.result;
    if (free == nullptr || total == nullptr) return invalid_value;
    *free = free_bytes();
    *total = std::size_t{16} << 30;  // as cuDeviceTotalMem
    return success;
}

int mem_alloc(std::uint64_t* address, std::size_t bytes) {
    if (const Answer answer = begin_context_call("cuMemAlloc_v2"); !answer.go_on) return answer.result;
    if (address == nullptr) return invalid_value;
    return take_allocated(allocate(MemoryKind::device, bytes), address);
}

int mem_free(std::uint64_t address) {
    if (const Answer answer = begin_context_call("cuMemFree_v2"); !answer.go_on) return answer.result;
    if (address == 0) return success;
    if (const int result = finish_all_work(); result != success) return result;
    return release(address, MemoryKind::device);
}

int mem_alloc_managed(std::uint64_t* address, std::size_t bytes, unsigned flags) {
    constexpr unsigned attach_global = 1;
    constexpr unsigned attach_host = 2;
    if (const Answer answer = begin_context_call("cuMemAllocManaged"); !answer.go_on) return answer.result;
    if (settings().whole("no-managed") != nullptr) return not_supported;
    if (address == nullptr || (flags != attach_global && flags != attach_host)) return invalid_value;
    return take_allocated(allocate(MemoryKind::managed, bytes), address);
}

int mem_host_alloc(void** address, std::size_t bytes, unsigned flags) {
    constexpr unsigned known_flags = 7;  // portable, device map, write-combined
    if (const Answer answer = begin_context_call("cuMemHostAlloc"); !answer.go_on) return answer.result;
    if (address == nullptr || (flags & ~known_flags) != 0) return invalid_value;
    const Allocated allocated = allocate(MemoryKind::host, bytes);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the GPU is a number there, and a pointer here
    if (allocated.result == success) *address = reinterpret_cast<void*>(allocated.address);
    return allocated.result;
}

int mem_host_get_device_pointer(std::uint64_t* device_address, void* address, unsigned flags) {
    if (const Answer answer = begin_context_call("cuMemHostGetDevicePointer_v2"); !answer.go_on) return answer.result;
    if (device_address == nullptr || flags != 0) return invalid_value;
    const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
    if (!is_host_allocation(number) || settings().whole("no-zero-copy") != nullptr) return invalid_value;
    *device_address = number;
    return success;
}

int mem_free_host(void* address) {
    if (const Answer answer = begin_context_call("cuMemFreeHost"); !answer.go_on) return answer.result;
    if (const int result = finish_all_work(); result != success) return result;
    return release(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)), MemoryKind::host);
}

int memcpy_htod(std::uint64_t to, const void* from, std::size_t bytes) {
    if (const Answer answer = begin_context_call("cuMemcpyHtoD_v2"); !answer.go_on) return answer.result;
    unsigned char* place = nullptr;
    if (const int result = as_gpu_work(to, bytes, place); result != success) return result;
    if (from == nullptr) return invalid_value;
    before_gpu_work();
    std::memcpy(place, from, bytes);
    after_gpu_work();
    return success;
}

int memcpy_dtoh(void* to, std::uint64_t from, std::size_t bytes) {
    if (const Answer answer = begin_context_call("cuMemcpyDtoH_v2"); !answer.go_on) return answer.result;
    unsigned char* place = nullptr;
    if (const int result = as_gpu_work(from, bytes, place); result != success) return result;
    if (to == nullptr) return invalid_value;
    std::memcpy(to, place, bytes);
    return success;
}

int memset_d32(std::uint64_t to, unsigned word, std::size_t count) {
    if (const Answer answer = begin_context_call("cuMemsetD32_v2"); !answer.go_on) return answer.result;
    if (to % sizeof word != 0) return invalid_value;
    unsigned char* place = nullptr;
    if (const int result = as_gpu_work(to, count * sizeof word, place); result != success) return result;
    before_gpu_work();
    std::fill_n(reinterpret_cast<unsigned*>(place), count, word);
    after_gpu_work();
    return success;
}

int launch_kernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                  unsigned block_z, unsigned shared_bytes, void* stream, void** parameters, void** extra) {
    if (const Answer answer = begin_context_call("cuLaunchKernel"); !answer.go_on) return answer.result;
    const Function* const known = function_of(function);
    if (known == nullptr) return invalid_handle;
    if (extra != nullptr) return invalid_value;
    Launch how;
    how.blocks = std::size_t{grid_x} * grid_y * grid_z;
    how.threads = std::size_t{block_x} * block_y * block_z;
    how.shared_bytes = shared_bytes;
    how.parameters = parameters;
    return launch(*known, how, stream);
}

int stream_create(void** stream, unsigned flags) {
    constexpr unsigned non_blocking = 1;
    if (const Answer answer = begin_context_call("cuStreamCreate"); !answer.go_on) return answer.result;
    if (stream == nullptr || flags > non_blocking) return invalid_value;
    *stream = make_stream(flags == non_blocking);
    return success;
}

int stream_destroy(void* stream) {
    if (const Answer answer = begin_context_call("cuStreamDestroy_v2"); !answer.go_on) return answer.result;
    return remove_stream(stream);
}

int stream_synchronize(void* stream) {
    if (const Answer answer = begin_context_call("cuStreamSynchronize"); !answer.go_on) return answer.result;
    if (!is_stream(stream)) return invalid_handle;
    return finish_all_work();
}

int stream_wait_event(void* stream, void* event, unsigned flags) {
    if (const Answer answer = begin_context_call("cuStreamWaitEvent"); !answer.go_on) return answer.result;
    if (flags != 0) return invalid_value;
    return wait_for_event(stream, event);
}

int event_create(void** event, unsigned flags) {
    constexpr unsigned disable_timing = 2;
    constexpr unsigned known_flags = 3;  // with blocking sync; an event for other processes is not simulated
    if (const Answer answer = begin_context_call("cuEventCreate"); !answer.go_on) return answer.result;
    if (event == nullptr || (flags & ~known_flags) != 0) return invalid_value;
    *event = make_event((flags & disable_timing) == 0);
    return success;
}

int event_record(void* event, void* stream) {
    if (const Answer answer = begin_context_call("cuEventRecord"); !answer.go_on) return answer.result;
    return record_event(event, stream);
}

int event_synchronize(void* event) {
    if (const Answer answer = begin_context_call("cuEventSynchronize"); !answer.go_on) return answer.result;
    return wait_for_event(event);
}

int event_elapsed_time(float* milliseconds, void* begin, void* end) {
    if (const Answer answer = begin_context_call("cuEventElapsedTime"); !answer.go_on) return answer.result;
    return elapsed_time(milliseconds, begin, end);
}

int event_destroy(void* event) {
    if (const Answer answer = begin_context_call("cuEventDestroy_v2"); !answer.go_on) return answer.result;
    return remove_event(event);
}

}  // namespace simulated
