// Each fault of the simulated driver happens where the settings put it, and nowhere else.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/patterns.hpp"
#include "kernels/twins.hpp"
#include "tests/drivers/simulated_gpu.hpp"

using namespace jetcuda;
using testing::kernel_of_role;
using testing::SimulatedGpu;
using testing::SimulatedLibrary;

namespace {

constexpr std::uint32_t seed = 7;
constexpr std::uint64_t nothing = 0;

std::string faults(const std::string& words) { return R"({"faults":[)" + words + "]}"; }

std::string name_of(KernelRole role) { return std::string(kernel_of_role(role).name); }

std::vector<std::uint32_t> expected(const Kernel& kernel) {
    std::vector<std::uint32_t> out(kernel.count + 1);
    twin_of(kernel.name)(out.data(), nullptr, kernel.count, seed);
    return out;
}

// What a checked kernel has computed; the result of waiting for it.
struct Ran {
    int launched = 0, waited = 0;
    std::vector<std::uint32_t> out;
};

Ran run(const SimulatedGpu& gpu) {
    const Kernel& kernel = kernel_of_role(KernelRole::checked);
    const std::uint64_t out = gpu.allocate(kernel.count + 1);
    Ran ran;
    ran.launched = gpu.launch(gpu.function(kernel), kernel, out, nothing, kernel.count, seed);
    ran.waited = gpu.synchronize();
    if (ran.waited == 0) ran.out = gpu.read(out, kernel.count + 1);
    return ran;
}

// The first word of each kind that is wrong in memory that a pattern was written into.
struct Told {
    std::uint32_t wrong = 0, index = 0, expected = 0, got = 0;
};

Told test_memory(const SimulatedGpu& gpu, std::uint32_t pattern) {
    const Kernel& write = kernel_of_role(KernelRole::memory_write);
    const Kernel& invert = kernel_of_role(KernelRole::memory_invert);
    const std::uint32_t count = write.threads * 1024;
    const std::uint64_t region = gpu.allocate(count);
    const std::uint64_t told = gpu.allocate(4);
    CHECK(gpu.launch(gpu.function(write), write, region, nothing, count, pattern) == 0);
    CHECK(gpu.launch(gpu.function(invert), invert, told, region, count, pattern) == 0);
    CHECK(gpu.synchronize() == 0);
    const auto words = gpu.read(told, 4);
    CHECK(gpu.call("cuMemFree_v2", region) == 0);
    return {words[0], words[1], words[2], words[3]};
}

const std::vector<const char*> all_calls{"cuInit",
                                         "cuDriverGetVersion",
                                         "cuGetErrorName",
                                         "cuGetErrorString",
                                         "cuGetProcAddress_v2",
                                         "cuDeviceGetCount",
                                         "cuDeviceGet",
                                         "cuDeviceGetAttribute",
                                         "cuDeviceGetName",
                                         "cuDeviceTotalMem_v2",
                                         "cuDevicePrimaryCtxRetain",
                                         "cuDevicePrimaryCtxRelease_v2",
                                         "cuCtxSetCurrent",
                                         "cuCtxSynchronize",
                                         "cuModuleLoadData",
                                         "cuModuleLoadDataEx",
                                         "cuModuleGetFunction",
                                         "cuModuleUnload",
                                         "cuMemGetInfo_v2",
                                         "cuMemAlloc_v2",
                                         "cuMemFree_v2",
                                         "cuMemAllocManaged",
                                         "cuMemHostAlloc",
                                         "cuMemHostGetDevicePointer_v2",
                                         "cuMemFreeHost",
                                         "cuMemcpyHtoD_v2",
                                         "cuMemcpyDtoH_v2",
                                         "cuMemsetD32_v2",
                                         "cuLaunchKernel",
                                         "cuStreamCreate",
                                         "cuStreamDestroy_v2",
                                         "cuStreamSynchronize",
                                         "cuStreamWaitEvent",
                                         "cuEventCreate",
                                         "cuEventRecord",
                                         "cuEventSynchronize",
                                         "cuEventElapsedTime",
                                         "cuEventDestroy_v2"};

// No call touches its arguments before its fault, so nulls will do.
int call_with_nulls(const SimulatedLibrary& library, const char* name) {
    void* const none = nullptr;
    return library.call(name, none, none, none, none, none, none, none, none, none, none, none);
}

}  // namespace

TEST_CASE("every call may answer any error, and may be absent") {
    std::string returns;
    std::string absences;
    int number = 1000;
    for (const char* call : all_calls) {
        const std::string place = R"({"call":")" + std::string(call) + "\",";
        returns += (returns.empty() ? "" : ",") + place + R"("do":"return","result":)" + std::to_string(number++) + "}";
        absences += (absences.empty() ? "" : ",") + place + R"("do":"absent"})";
    }
    const SimulatedLibrary returning(faults(returns));
    const SimulatedLibrary lacking(faults(absences));
    number = 1000;
    for (const char* call : all_calls) {
        INFO(call);
        CHECK(call_with_nulls(returning, call) == number++);
        CHECK_FALSE(lacking.has(call));
    }
    CHECK(lacking.has("jetcuda_simulated_driver"));
}

TEST_CASE("a fault of the nth call happens then and only then") {
    const SimulatedGpu gpu(faults(R"({"call":"cuMemAlloc_v2","nth":3,"do":"return","result":2})"));
    std::uint64_t address = 0;
    for (const int wanted : {0, 0, 2, 0, 0}) CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == wanted);
}

TEST_CASE("what has happened is written down where somebody asks for it") {
    const SimulatedGpu gpu(faults(R"({"call":"cuMemAlloc_v2","nth":2,"do":"return","result":2})"));
    gpu.write("faults_that_happened", "");
    const auto told = [&] {
        std::ifstream stream(gpu.on_host("faults_that_happened"));
        return std::string(std::istreambuf_iterator<char>(stream), {});
    };
    std::uint64_t address = 0;
    CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == 0);
    CHECK(told().empty());
    CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == 2);
    CHECK(told() == "return in cuMemAlloc_v2 2\n");
}

TEST_CASE("a call may answer success and write nothing") {
    const SimulatedGpu gpu(faults(R"({"call":"cuMemAlloc_v2","do":"unwritten"})"));
    std::uint64_t address = 99;
    CHECK(gpu.call("cuMemAlloc_v2", &address, std::size_t{4}) == 0);
    CHECK(address == 99);
}

TEST_CASE("a process dies in the call that the settings name") {
    struct Death {
        const char* action;
        int signal_number;
    };
    for (const Death& death : {Death{"crash", SIGSEGV}, Death{"abort", SIGABRT}, Death{"exit", 0}}) {
        const SimulatedGpu gpu(
            faults(R"({"call":"cuCtxSynchronize","nth":2,"do":")" + std::string(death.action) + "\"}"));
        CHECK(gpu.synchronize() == 0);
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) _exit(gpu.synchronize() == 0 ? 0 : 1);
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK((WIFSIGNALED(status) ? WTERMSIG(status) : 0) == death.signal_number);
        if (WIFEXITED(status)) CHECK(WEXITSTATUS(status) == 3);
    }
}

TEST_CASE("a kernel may answer a wrong word, from one kind of image alone") {
    const std::string kernel = name_of(KernelRole::checked);
    const auto right = expected(kernel_of_role(KernelRole::checked));
    auto wrong = right;
    wrong[17] ^= 5;
    const std::string place = R"({"kernel":")" + kernel + "\",";
    CHECK(run(SimulatedGpu()).out == right);
    CHECK(run(SimulatedGpu(faults(place + R"("do":"wrong","index":17,"flip":5})"))).out == wrong);
    CHECK(run(SimulatedGpu(faults(place + R"("image":"ptx","do":"wrong","index":17,"flip":5})"))).out == wrong);
    CHECK(run(SimulatedGpu(faults(place + R"("image":"cubin","do":"wrong","index":17})"))).out == right);
    CHECK(run(SimulatedGpu(faults(R"({"kernel":"no such","do":"wrong","index":17})"))).out == right);

    const SimulatedGpu second(faults(place + R"("nth":2,"do":"wrong","index":17,"flip":5})"));
    CHECK(run(second).out == right);
    CHECK(run(second).out == wrong);
    CHECK(run(second).out == right);
}

TEST_CASE("a kernel may not run, be refused, or end in an error that stays") {
    const std::string place = R"({"kernel":")" + name_of(KernelRole::checked) + "\",";
    const Ran skipped = run(SimulatedGpu(faults(place + R"("do":"skipped"})")));
    CHECK(skipped.waited == 0);
    CHECK(skipped.out == std::vector<std::uint32_t>(skipped.out.size()));

    CHECK(run(SimulatedGpu(faults(place + R"("do":"return","result":701})"))).launched == 701);

    const SimulatedGpu poisoned(faults(place + R"("do":"poison","result":719})"));
    const Ran ran = run(poisoned);
    CHECK(ran.launched == 0);
    CHECK(ran.waited == 719);
    CHECK(poisoned.synchronize() == 719);
}

TEST_CASE("the steps of work are reached by the calls that serve them") {
    const Ran native = run(SimulatedGpu(faults(R"({"step":"native","do":"return","result":999})")));
    CHECK(native.launched == 0);  // this kernel comes from a PTX
    const Kernel& kernel = kernel_of_role(KernelRole::checked);
    const SimulatedGpu from_cubin(faults(R"({"step":"native","do":"return","result":999})"));
    void* module = nullptr;
    REQUIRE(from_cubin.load(module, kernel.sm_87.data()) == 0);
    CHECK(from_cubin.launch(from_cubin.function_in(module, kernel), kernel, nothing, nothing, kernel.count, seed) ==
          999);

    const SimulatedGpu patterns(faults(R"({"step":"patterns","do":"return","result":999})"));
    const Kernel& write = kernel_of_role(KernelRole::memory_write);
    CHECK(run(patterns).launched == 0);
    CHECK(patterns.launch(patterns.function(write), write, nothing, nothing, write.threads, seed) == 999);
}

TEST_CASE("an error of ECC comes with the first kernel") {
    const Ran ran = run(SimulatedGpu(faults(R"({"do":"ecc"})")));
    CHECK(ran.launched == 0);
    CHECK(ran.waited == 214);
}

TEST_CASE("a context is refused where the GPU is another's") {
    for (const char* taken : {"exclusive", "prohibited", "busy"}) {
        const SimulatedLibrary library(faults(R"({"do":")" + std::string(taken) + "\"}"));
        void* context = nullptr;
        int mode = -1;
        REQUIRE(library.call("cuInit", 0U) == 0);
        CHECK(library.call("cuDevicePrimaryCtxRetain", &context, 0) == 46);
        CHECK(library.call("cuDeviceGetAttribute", &mode, 20, 0) == 0);
        CHECK(mode == (taken == std::string("exclusive") ? 3 : taken == std::string("prohibited") ? 2 : 0));
    }
}

TEST_CASE("memory may be short, or of a kind that there is not") {
    std::uint64_t address = 0;
    void* host = nullptr;
    const SimulatedGpu full(faults(R"({"do":"out-of-memory","above":4096})"));
    CHECK(full.call("cuMemAlloc_v2", &address, std::size_t{4096}) == 0);
    CHECK(full.call("cuMemAlloc_v2", &address, std::size_t{4097}) == 2);
    CHECK(full.call("cuMemHostAlloc", &host, std::size_t{4097}, 2U) == 2);

    const SimulatedGpu plain(faults(R"({"do":"no-managed"},{"do":"no-zero-copy"})"));
    int managed = -1;
    int mapped = -1;
    CHECK(plain.call("cuDeviceGetAttribute", &managed, 83, 0) == 0);
    CHECK(plain.call("cuDeviceGetAttribute", &mapped, 19, 0) == 0);
    CHECK(managed == 0);
    CHECK(mapped == 0);
    CHECK(plain.call("cuMemAllocManaged", &address, std::size_t{4}, 1U) == 801);
    REQUIRE(plain.call("cuMemHostAlloc", &host, std::size_t{4}, 2U) == 0);
    CHECK(plain.call("cuMemHostGetDevicePointer_v2", &address, host, 0U) == 1);
}

TEST_CASE("a bit that does not hold is wrong under every pattern") {
    const SimulatedGpu gpu(faults(R"({"memory":"device","do":"bit-flip","word":100,"bit":4})"));
    for (const std::uint32_t pattern : {pattern_seed(Pattern::solid, 0), pattern_seed(Pattern::solid, 0xFF),
                                        pattern_seed(Pattern::addresses, 0), pattern_seed(Pattern::random, 1)}) {
        const Told told = test_memory(gpu, pattern);
        CHECK(told.wrong == 1);
        CHECK(told.index == 100);
        CHECK(told.expected == pattern_word(pattern, 100));
        CHECK(told.got == (told.expected ^ 1U << 4U));
    }
}

TEST_CASE("a bit that is stuck is right half of the time") {
    const SimulatedGpu gpu(faults(R"({"memory":"device","do":"stuck-at","word":100,"bit":4,"value":1})"));
    CHECK(test_memory(gpu, pattern_seed(Pattern::solid, 0)).wrong == 1);
    CHECK(test_memory(gpu, pattern_seed(Pattern::solid, 0xFF)).wrong == 0);
}

TEST_CASE("two words that are one are seen by the pattern of addresses alone") {
    const SimulatedGpu gpu(faults(R"({"memory":"device","do":"alias","word":100,"bit":10})"));
    CHECK(test_memory(gpu, pattern_seed(Pattern::solid, 0x55)).wrong == 0);
    const Told told = test_memory(gpu, pattern_seed(Pattern::addresses, 0));
    CHECK(told.wrong == 1);
    CHECK(told.index == 100);
    CHECK(told.got == (100 ^ 1U << 10U));
}

TEST_CASE("faults of words spare what kernels answer in") {
    const SimulatedGpu gpu(faults(R"({"memory":"device","do":"bit-flip","word":0,"bit":0})"));
    CHECK(run(gpu).out == expected(kernel_of_role(KernelRole::checked)));
}

TEST_CASE("memory that CPU and GPU share may be out of step, either way") {
    for (const char* action : {"stale", "unseen"}) {
        const SimulatedGpu gpu(faults(R"({"memory":"host","do":")" + std::string(action) + "\"}"));
        void* host = nullptr;
        std::uint64_t address = 0;
        REQUIRE(gpu.call("cuMemHostAlloc", &host, std::size_t{16}, 2U) == 0);
        REQUIRE(gpu.call("cuMemHostGetDevicePointer_v2", &address, host, 0U) == 0);
        auto* const words = static_cast<std::uint32_t*>(host);
        words[0] = 1;
        words[1] = 2;
        CHECK(gpu.call("cuMemsetD32_v2", address, 9U, std::size_t{1}) == 0);
        const bool stale = action == std::string("stale");
        CHECK(gpu.read(address, 2)[1] == (stale ? 0 : 2));
        CHECK(words[0] == (stale ? 9 : 1));
        CHECK(words[1] == 2);
    }
}
