// The simulated GPU computes what the host twins say, when it is asked properly; it punishes what a real one punishes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/patterns.hpp"
#include "kernels/twins.hpp"
#include "tests/drivers/simulated_gpu.hpp"

using namespace jetcuda;
using testing::kernel_of_role;
using testing::SimulatedGpu;

namespace {

constexpr std::uint32_t seed = 7;
constexpr std::uint64_t nothing = 0;

struct Launched {
    void* function = nullptr;
    const Kernel* kernel = nullptr;
    std::uint64_t out = 0;
};

Launched checked_kernel(const SimulatedGpu& gpu) {
    const Kernel& kernel = kernel_of_role(KernelRole::checked);
    return {gpu.function(kernel), &kernel, gpu.allocate(kernel.count + 1)};
}

std::vector<std::uint32_t> input_of(const Kernel& kernel) {
    std::vector<std::uint32_t> input(kernel.count);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::uint32_t>(i * 2654435761U);
    return input;
}

std::vector<std::uint32_t> expected(const Kernel& kernel, std::vector<std::uint32_t> input = {}) {
    std::vector<std::uint32_t> out(kernel.count + 1);
    twin_of(kernel.name)(out.data(), input.empty() ? nullptr : input.data(), kernel.count, seed);
    return out;
}

}  // namespace

TEST_CASE("every checked kernel answers what its twin does, from its cubin and from its PTX") {
    for (const char* board : {"xavier", "orin", "thor"}) {
        const SimulatedGpu gpu(std::string(R"({"board":")") + board + "\"}");
        const int sm = board == std::string("xavier") ? 72 : board == std::string("orin") ? 87 : 110;
        for (const Kernel& kernel : all_kernels()) {
            if (kernel.role != KernelRole::checked && kernel.role != KernelRole::transform) continue;
            INFO(board, ' ', kernel.name);
            const auto input = kernel.role == KernelRole::transform ? input_of(kernel) : std::vector<std::uint32_t>();
            const std::uint64_t in = input.empty() ? nothing : gpu.allocate(kernel.count);
            if (!input.empty()) {
                CHECK(gpu.call("cuMemcpyHtoD_v2", in, static_cast<const void*>(input.data()), input.size() * 4) == 0);
            }
            for (const std::string_view image : {kernel.cubin(sm), kernel.ptx}) {
                void* module = nullptr;
                REQUIRE(gpu.load(module, image.data()) == 0);
                const std::uint64_t out = gpu.allocate(kernel.count + 1);
                CHECK(gpu.launch(gpu.function_in(module, kernel), kernel, out, in, kernel.count, seed) == 0);
                CHECK(gpu.synchronize() == 0);
                CHECK(gpu.read(out, kernel.count + 1) == expected(kernel, input));
                CHECK(gpu.call("cuMemFree_v2", out) == 0);
                CHECK(gpu.call("cuModuleUnload", module) == 0);
            }
            if (in != 0) CHECK(gpu.call("cuMemFree_v2", in) == 0);
        }
    }
}

TEST_CASE("a launch that the kernel is not made for is refused") {
    const SimulatedGpu gpu;
    const Launched it = checked_kernel(gpu);
    std::uint64_t out = it.out;
    std::uint64_t in = 0;
    std::uint32_t count = it.kernel->count;
    std::uint32_t given = seed;
    void* parameters[] = {&out, &in, &count, &given};
    const auto launch = [&](void* function, unsigned blocks, unsigned threads, unsigned shared, void* stream,
                            void** arguments) {
        return gpu.call("cuLaunchKernel", function, blocks, 1U, 1U, threads, 1U, 1U, shared, stream, arguments,
                        static_cast<void**>(nullptr));
    };
    const unsigned threads = it.kernel->threads;
    const unsigned blocks = count / threads;
    const unsigned shared = it.kernel->dynamic_shared_bytes;
    CHECK(launch(&out, blocks, threads, shared, nullptr, parameters) == 400);
    CHECK(launch(it.function, blocks, threads, shared, &out, parameters) == 400);
    CHECK(launch(it.function, 0, threads, shared, nullptr, parameters) == 1);
    CHECK(launch(it.function, blocks, 2048, shared, nullptr, parameters) == 1);
    CHECK(launch(it.function, blocks + 1, threads, shared, nullptr, parameters) == 1);
    CHECK(launch(it.function, blocks * 2, threads / 2, shared, nullptr, parameters) == 1);
    CHECK(launch(it.function, blocks, threads, shared + 4, nullptr, parameters) == 1);
    CHECK(launch(it.function, blocks, threads, shared, nullptr, nullptr) == 1);
    CHECK(launch(it.function, blocks, threads, shared, nullptr, parameters) == 0);
    CHECK(gpu.synchronize() == 0);
}

TEST_CASE("an address that is nobody's is an illegal access, and nothing works after it") {
    for (const bool too_short : {false, true}) {
        const SimulatedGpu gpu;
        const Launched it = checked_kernel(gpu);
        const std::uint64_t out = too_short ? gpu.allocate(it.kernel->count) : 0x123456780;
        CHECK(gpu.launch(it.function, *it.kernel, out, nothing, it.kernel->count, seed) == 0);
        std::uint64_t address = 0;
        CHECK(gpu.synchronize() == 700);
        CHECK(gpu.synchronize() == 700);
        CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == 700);
        CHECK(gpu.call("cuMemFree_v2", it.out) == 700);
        CHECK(gpu.call("cuDevicePrimaryCtxRelease_v2", 0) == 0);
        // A new context is sound again.
        void* context = nullptr;
        CHECK(gpu.call("cuDevicePrimaryCtxRetain", &context, 0) == 0);
        CHECK(gpu.call("cuCtxSetCurrent", context) == 0);
        CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == 0);
    }
    const SimulatedGpu gpu;
    const Launched it = checked_kernel(gpu);
    CHECK(gpu.launch(it.function, *it.kernel, it.out + 2, nothing, it.kernel->count, seed) == 0);
    CHECK(gpu.synchronize() == 716);
}

TEST_CASE("memory is given once, freed once, and limited") {
    const SimulatedGpu gpu(R"({"free_bytes":1048576})");
    std::uint64_t address = 0;
    std::size_t free = 0;
    std::size_t total = 0;
    CHECK(gpu.call("cuMemGetInfo_v2", &free, &total) == 0);
    CHECK(free == 1048576);
    CHECK(total > free);
    CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{0}) == 1);
    CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{1048577}) == 2);
    CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{1048576}) == 0);
    CHECK(gpu.call("cuMemGetInfo_v2", &free, &total) == 0);
    CHECK(free == 0);
    CHECK(gpu.call("cuMemFree_v2", address + 4) == 1);
    CHECK(gpu.call("cuMemFree_v2", address) == 0);
    CHECK(gpu.call("cuMemFree_v2", address) == 1);
    CHECK(gpu.call("cuMemFree_v2", nothing) == 0);
    CHECK(gpu.call("cuMemGetInfo_v2", &free, &total) == 0);
    CHECK(free == 1048576);
}

TEST_CASE("a copy stays within one allocation") {
    const SimulatedGpu gpu;
    const std::uint64_t address = gpu.allocate(4);
    std::vector<std::uint32_t> words{1, 2, 3, 4, 5};
    const auto copy_in = [&](std::uint64_t to, std::size_t bytes) {
        return gpu.call("cuMemcpyHtoD_v2", to, static_cast<const void*>(words.data()), bytes);
    };
    CHECK(copy_in(address, 16) == 0);
    CHECK(copy_in(address, 20) == 1);
    CHECK(copy_in(address + 4, 16) == 1);
    CHECK(copy_in(0x1000, 4) == 1);
    CHECK(gpu.read(address, 4) == std::vector<std::uint32_t>{1, 2, 3, 4});
    CHECK(gpu.call("cuMemsetD32_v2", address + 4, 9U, std::size_t{2}) == 0);
    CHECK(gpu.call("cuMemsetD32_v2", address + 2, 9U, std::size_t{2}) == 1);
    CHECK(gpu.call("cuMemsetD32_v2", address, 9U, std::size_t{5}) == 1);
    CHECK(gpu.read(address, 4) == std::vector<std::uint32_t>{1, 9, 9, 4});
    CHECK(gpu.call("cuMemcpyDtoH_v2", static_cast<void*>(words.data()), address, std::size_t{20}) == 1);
}

TEST_CASE("nothing clears memory that is allocated") {
    const SimulatedGpu gpu;
    std::uint64_t address = 0;
    REQUIRE(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == 0);
    CHECK(gpu.read(address, 1).front() != 0);
}

TEST_CASE("zero-copy memory is one for both, and wants the right call to free it") {
    const SimulatedGpu gpu;
    const Kernel& kernel = kernel_of_role(KernelRole::transform);
    const auto input = input_of(kernel);
    void* in = nullptr;
    void* out = nullptr;
    REQUIRE(gpu.call("cuMemHostAlloc", &in, std::size_t{kernel.count} * 4, 2U) == 0);
    REQUIRE(gpu.call("cuMemHostAlloc", &out, std::size_t{kernel.count} * 4 + 4, 2U) == 0);
    CHECK(gpu.call("cuMemHostAlloc", &in, std::size_t{4}, 99U) == 1);
    std::uint64_t gpu_in = 0;
    std::uint64_t gpu_out = 0;
    REQUIRE(gpu.call("cuMemHostGetDevicePointer_v2", &gpu_in, in, 0U) == 0);
    REQUIRE(gpu.call("cuMemHostGetDevicePointer_v2", &gpu_out, out, 0U) == 0);
    CHECK(gpu.call("cuMemHostGetDevicePointer_v2", &gpu_in, static_cast<void*>(&gpu_in), 0U) == 1);
    std::copy(input.begin(), input.end(), static_cast<std::uint32_t*>(in));
    CHECK(gpu.launch(gpu.function(kernel), kernel, gpu_out, gpu_in, kernel.count, seed) == 0);
    auto* const words = static_cast<std::uint32_t*>(out);
    CHECK(words[0] == 0);  // the GPU has not begun: nobody waited for it
    CHECK(gpu.synchronize() == 0);
    CHECK(std::vector<std::uint32_t>(words, words + kernel.count + 1) == expected(kernel, input));
    CHECK(gpu.call("cuMemFree_v2", gpu_in) == 1);
    CHECK(gpu.call("cuMemFreeHost", in) == 0);
    CHECK(gpu.call("cuMemFreeHost", in) == 1);
    CHECK(gpu.call("cuMemFreeHost", out) == 0);
}

TEST_CASE("managed memory is one for both, one after the other") {
    const SimulatedGpu gpu;
    const Kernel& kernel = kernel_of_role(KernelRole::checked);
    std::uint64_t out = 0;
    CHECK(gpu.call("cuMemAllocManaged", &out, std::size_t{4}, 0U) == 1);
    REQUIRE(gpu.call("cuMemAllocManaged", &out, std::size_t{kernel.count} * 4 + 4, 1U) == 0);
    auto* const words = reinterpret_cast<std::uint32_t*>(out);  // NOLINT(performance-no-int-to-ptr): one for both
    words[kernel.count] = 0;
    CHECK(gpu.launch(gpu.function(kernel), kernel, out, nothing, kernel.count, seed) == 0);
    CHECK(gpu.synchronize() == 0);
    CHECK(std::vector<std::uint32_t>(words, words + kernel.count + 1) == expected(kernel));
    CHECK(gpu.call("cuMemFreeHost", static_cast<void*>(words)) == 1);
    CHECK(gpu.call("cuMemFree_v2", out) == 0);
}

TEST_CASE("streams run in any order that their events allow") {
    const SimulatedGpu gpu;
    const Kernel& kernel = kernel_of_role(KernelRole::transform);
    void* const function = gpu.function(kernel);
    const auto input = input_of(kernel);
    const std::uint64_t in = gpu.allocate(kernel.count);
    REQUIRE(gpu.call("cuMemcpyHtoD_v2", in, static_cast<const void*>(input.data()), input.size() * 4) == 0);
    void* first = nullptr;
    void* second = nullptr;
    void* event = nullptr;
    CHECK(gpu.call("cuStreamCreate", &first, 1U) == 0);
    CHECK(gpu.call("cuStreamCreate", &second, 1U) == 0);
    CHECK(gpu.call("cuStreamCreate", &second, 2U) == 1);
    CHECK(gpu.call("cuEventCreate", &event, 0U) == 0);
    auto middle = expected(kernel, input);
    middle.pop_back();
    for (const bool ordered : {true, false}) {
        const std::uint64_t between = gpu.allocate(kernel.count + 1);
        const std::uint64_t out = gpu.allocate(kernel.count + 1);
        CHECK(gpu.launch(function, kernel, between, in, kernel.count, seed, first) == 0);
        CHECK(gpu.call("cuEventRecord", event, first) == 0);
        if (ordered) CHECK(gpu.call("cuStreamWaitEvent", second, event, 0U) == 0);
        CHECK(gpu.launch(function, kernel, out, between, kernel.count, seed, second) == 0);
        CHECK(gpu.call("cuStreamSynchronize", second) == 0);
        // Without the event the second kernel has read what the first had not written yet.
        CHECK((gpu.read(out, kernel.count + 1) == expected(kernel, middle)) == ordered);
    }
    CHECK(gpu.call("cuStreamDestroy_v2", first) == 0);
    CHECK(gpu.call("cuStreamDestroy_v2", first) == 400);
    CHECK(gpu.call("cuStreamSynchronize", first) == 400);
    CHECK(gpu.call("cuEventDestroy_v2", event) == 0);
    CHECK(gpu.call("cuEventDestroy_v2", event) == 400);
    CHECK(gpu.call("cuEventRecord", event, second) == 400);
}

TEST_CASE("the default stream waits for the streams that were not made to run beside it") {
    const SimulatedGpu gpu;
    const Kernel& kernel = kernel_of_role(KernelRole::transform);
    void* const function = gpu.function(kernel);
    const auto input = input_of(kernel);
    const std::uint64_t in = gpu.allocate(kernel.count);
    REQUIRE(gpu.call("cuMemcpyHtoD_v2", in, static_cast<const void*>(input.data()), input.size() * 4) == 0);
    auto middle = expected(kernel, input);
    middle.pop_back();
    for (const unsigned non_blocking : {0U, 1U}) {
        void* stream = nullptr;
        REQUIRE(gpu.call("cuStreamCreate", &stream, non_blocking) == 0);
        const std::uint64_t between = gpu.allocate(kernel.count + 1);
        const std::uint64_t out = gpu.allocate(kernel.count + 1);
        CHECK(gpu.launch(function, kernel, between, in, kernel.count, seed, stream) == 0);
        CHECK(gpu.launch(function, kernel, out, between, kernel.count, seed) == 0);
        CHECK(gpu.synchronize() == 0);
        CHECK((gpu.read(out, kernel.count + 1) == expected(kernel, middle)) == (non_blocking == 0));
    }
}

TEST_CASE("the time between events is told when both have come") {
    const SimulatedGpu gpu;
    void* begin = nullptr;
    void* end = nullptr;
    void* untimed = nullptr;
    float milliseconds = -1;
    CHECK(gpu.call("cuEventCreate", &begin, 0U) == 0);
    CHECK(gpu.call("cuEventCreate", &end, 0U) == 0);
    CHECK(gpu.call("cuEventCreate", &untimed, 2U) == 0);
    CHECK(gpu.call("cuEventCreate", &untimed, 99U) == 1);
    CHECK(gpu.call("cuEventElapsedTime", &milliseconds, begin, end) == 400);
    CHECK(gpu.call("cuEventRecord", begin, static_cast<void*>(nullptr)) == 0);
    CHECK(gpu.call("cuEventRecord", end, static_cast<void*>(nullptr)) == 0);
    CHECK(gpu.call("cuEventRecord", untimed, static_cast<void*>(nullptr)) == 0);
    CHECK(gpu.call("cuEventElapsedTime", &milliseconds, begin, end) == 600);
    CHECK(gpu.call("cuEventSynchronize", end) == 0);
    CHECK(gpu.call("cuEventElapsedTime", &milliseconds, begin, end) == 0);
    CHECK(milliseconds >= 0);
    CHECK(gpu.call("cuEventElapsedTime", &milliseconds, begin, untimed) == 400);
}

TEST_CASE("patterns are written, checked and inverted by the memory kernels") {
    const SimulatedGpu gpu;
    const Kernel& write = kernel_of_role(KernelRole::memory_write);
    const Kernel& invert = kernel_of_role(KernelRole::memory_invert);
    const std::uint32_t count = write.threads * 256;
    const std::uint64_t region = gpu.allocate(count);
    const std::uint64_t told = gpu.allocate(4);
    const std::uint32_t pattern = pattern_seed(Pattern::walking_ones, 3);
    CHECK(gpu.launch(gpu.function(write), write, region, nothing, count, pattern) == 0);
    CHECK(gpu.launch(gpu.function(invert), invert, told, region, count, pattern) == 0);
    CHECK(gpu.synchronize() == 0);
    CHECK(gpu.read(told, 4).front() == 0);
    CHECK(gpu.read(region, count)[5] == ~pattern_word(pattern, 5));
}
