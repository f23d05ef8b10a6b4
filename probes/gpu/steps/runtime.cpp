// libcudart, as programs use it: does it find the driver and the GPU, can it allocate and copy, does a kernel run in
// the context that it makes? It opens libcuda.so.1 itself and gets the one that this process has loaded, since the
// loader goes by the soname. So the driver under test is the one that it talks to.
//
// The kernel is launched through the driver API in the runtime's own context, the primary one: the runtime launches
// only what a compiler registered with it, and its cudaLibraryLoadData came with CUDA 12.8 alone. (source: CUDA Runtime
// API 12.8, "Library Management")

#include <array>
#include <cstring>
#include <utility>

#include "probes/gpu/runtime_api.hpp"
#include "probes/gpu/steps/opened_library.hpp"
#include "probes/gpu/steps/try_work.hpp"

namespace jetcuda {
namespace {

// An error of the runtime; its numbers and names are its own (driver_types.h).
struct RuntimeRefused {
    std::string call;
    CudaError result = 0;
};

class Runtime {
public:
    explicit Runtime(const std::string& path) : library_(path) {}

    template <typename Function, typename... Arguments>
    void call(const char* name, Arguments... arguments) const {
        if (const CudaError result = library_.entry<Function>(name)(arguments...); result != 0) {
            throw RuntimeRefused{name, result};
        }
    }
    void free_quietly(void* address) const {
        if (auto* const free = library_.find<CudaFree>("cudaFree")) free(address);
    }
    [[nodiscard]] std::string text_of(const char* entry, CudaError error) const {
        auto* const ask = library_.find<CudaGetErrorText>(entry);
        const char* const text = ask != nullptr ? ask(error) : nullptr;
        return text != nullptr ? printable({text, strnlen(text, 1024)}) : std::string{};
    }

private:
    OpenedLibrary library_;
};

// Memory that the runtime allocates.
class RuntimeWords {
public:
    RuntimeWords(const Runtime& runtime, std::size_t count) : runtime_(runtime), bytes_(count * sizeof(std::uint32_t)) {
        runtime.call<CudaMalloc>("cudaMalloc", &address_, bytes_);
        if (address_ == nullptr) throw CannotCall{"cudaMalloc answered success and wrote nothing"};
    }
    ~RuntimeWords() { runtime_.free_quietly(address_); }
    RuntimeWords(const RuntimeWords&) = delete;
    RuntimeWords& operator=(const RuntimeWords&) = delete;

    [[nodiscard]] CUdeviceptr address() const { return reinterpret_cast<CUdeviceptr>(address_); }
    void clear() const { runtime_.call<CudaMemset>("cudaMemset", address_, 0, bytes_); }
    void write(const std::vector<std::uint32_t>& words) const {
        runtime_.call<CudaMemcpy>("cudaMemcpy", address_, static_cast<const void*>(words.data()), bytes_,
                                  host_to_device);
    }
    [[nodiscard]] std::vector<std::uint32_t> read() const {
        std::vector<std::uint32_t> words(bytes_ / sizeof(std::uint32_t), never_copied);
        runtime_.call<CudaMemcpy>("cudaMemcpy", static_cast<void*>(words.data()), static_cast<const void*>(address_),
                                  bytes_, device_to_host);
        return held_to_be_copied(std::move(words), "cudaMemcpy");
    }

private:
    const Runtime& runtime_;
    void* address_ = nullptr;
    std::size_t bytes_;
};

void tell_version(const Runtime& runtime, WorkItem& item) {
    int version = never_written;
    runtime.call<CudaGetVersion>("cudaRuntimeGetVersion", &version);
    if (version < 1000 || version > 999'990)
        throw CannotCall{"cudaRuntimeGetVersion answered success and wrote no version"};
    item.detail = CudaVersion::from_api(version).text();
}

// Answers how many there are.
int tell_devices(const Runtime& runtime, WorkItem& item) {
    int count = never_written;
    runtime.call<CudaGetDeviceCount>("cudaGetDeviceCount", &count);
    if (count < 0 || count > 64) throw CannotCall{"cudaGetDeviceCount answered success and wrote no number"};
    item.detail = std::to_string(count);
    return count;
}

void copy_there_and_back(const Runtime& runtime, WorkItem& item) {
    const std::vector<std::uint32_t> words = input_words(4096, 1);
    const RuntimeWords copy(runtime, words.size());
    copy.clear();
    copy.write(words);
    compare(copy.read().data(), words, item);
}

void launch_one(const Runtime& runtime, const Gpu& gpu, WorkItem& item) {
    const Kernel& kernel = kernel_named("transform");
    const std::vector<std::uint32_t> in = input_words(kernel.count, 1);
    const RuntimeWords in_words(runtime, in.size());
    const RuntimeWords out(runtime, std::size_t{kernel.count} + 1);
    in_words.write(in);
    out.clear();
    const Module module(gpu, image_for(kernel, gpu.sm(), item.detail));
    launch(gpu, kernel, module.function(kernel.name), {out.address(), in_words.address(), kernel.count, 1, nullptr});
    runtime.call<CudaDeviceSynchronize>("cudaDeviceSynchronize");
    compare(out.read().data(), expected_of(kernel, kernel.count, 1, in), item);
}

}  // namespace

void do_runtime(Session& session, StepAnswer& step) {
    std::optional<Runtime> runtime;
    // What is tried with the runtime: its errors are told by its own names.
    const auto with_runtime = [&runtime](WorkItem& item, const auto& use) {
        try {
            use(*runtime);
        } catch (const RuntimeRefused& refused) {
            item.outcome = WorkOutcome::refused;
            item.call = refused.call;
            item.result = refused.result;
            item.result_name = runtime->text_of("cudaGetErrorName", refused.result);
            item.text = runtime->text_of("cudaGetErrorString", refused.result);
        }
    };
    with_gpu(session, step, [&](WorkStep& work, const Gpu& gpu) {
        // After an error that leaves the context unusable the rest is told as not tried; after any other it has no
        // ground.
        const auto goes_on = [&] {
            return work.is_unusable() || session.answer.work.back().outcome == WorkOutcome::right;
        };
        work.try_item("version", [&](WorkItem& item) {
            runtime.emplace(session.runtime);
            with_runtime(item, [&item](const Runtime& opened) { tell_version(opened, item); });
        });
        if (!goes_on()) return;
        int devices = 0;
        work.try_item("devices", [&](WorkItem& item) {
            with_runtime(item, [&](const Runtime& opened) { devices = tell_devices(opened, item); });
        });
        if (!goes_on() || (devices == 0 && !work.is_unusable())) return;
        const int ordinal = session.answer.asked_device()->ordinal;
        work.try_item("memory", [&](WorkItem& item) {
            with_runtime(item, [&](const Runtime& opened) {
                opened.call<CudaSetDevice>("cudaSetDevice", ordinal);
                copy_there_and_back(opened, item);
            });
        });
        if (!goes_on()) return;
        work.try_item("launch", [&](WorkItem& item) {
            with_runtime(item, [&](const Runtime& opened) { launch_one(opened, gpu, item); });
        });
    });
}

}  // namespace jetcuda
