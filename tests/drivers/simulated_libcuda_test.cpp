// The simulated libcuda refuses what a real one refuses, or the tests that rest on it would pass too easily.

#include <cstdint>
#include <initializer_list>
#include <string>

#include <doctest/doctest.h>

#include "tests/drivers/simulated_gpu.hpp"

using namespace jetcuda;
using testing::SimulatedGpu;
using testing::SimulatedLibrary;

TEST_CASE("calls before cuInit answer 3, and the version is answered") {
    const SimulatedLibrary library;
    int number = -1;
    void* context = nullptr;
    CHECK(library.find<int(int*)>("cuDeviceGetCount")(&number) == 3);
    CHECK(library.find<int(int*, int)>("cuDeviceGet")(&number, 0) == 3);
    CHECK(library.find<int(int*, int, int)>("cuDeviceGetAttribute")(&number, 18, 0) == 3);
    CHECK(library.find<int(void**, int)>("cuDevicePrimaryCtxRetain")(&context, 0) == 3);
    CHECK(number == -1);
    CHECK(library.find<int(int*)>("cuDriverGetVersion")(&number) == 0);
    CHECK(number == 12060);
}

TEST_CASE("flags, devices and contexts that there are not are refused") {
    const SimulatedLibrary library;
    int number = -1;
    CHECK(library.find<int(unsigned)>("cuInit")(1) == 1);
    CHECK(library.find<int(int*)>("cuDeviceGetCount")(&number) == 3);  // that was no init
    CHECK(library.find<int(unsigned)>("cuInit")(0) == 0);
    CHECK(library.find<int(unsigned)>("cuInit")(0) == 0);  // again is allowed
    CHECK(library.find<int(int*, int)>("cuDeviceGet")(&number, 1) == 101);
    CHECK(library.find<int(int*, int)>("cuDeviceGet")(&number, -1) == 101);
    CHECK(library.find<int(int*, int, int)>("cuDeviceGetAttribute")(&number, 75, 7) == 101);
    CHECK(library.find<int(int*, int, int)>("cuDeviceGetAttribute")(&number, 0, 0) == 1);
    CHECK(library.find<int(int*, int)>("cuDeviceGet")(nullptr, 0) == 1);
    CHECK(library.find<int(int)>("cuDevicePrimaryCtxRelease_v2")(0) == 201);
}

TEST_CASE("cuGetProcAddress answers an unknown name with success and a null pointer") {
    const SimulatedLibrary library;
    auto* const get = library.find<int(const char*, void**, int, std::uint64_t, int*)>("cuGetProcAddress_v2");
    int status = -1;
    void* function = &status;
    CHECK(get("cuNoSuchCall", &function, 12060, 0, &status) == 0);
    CHECK(function == nullptr);
    CHECK(status == 1);
    CHECK(get("cuInit", &function, 12060, 0, &status) == 0);
    CHECK(function != nullptr);
    CHECK(status == 0);
}

TEST_CASE("results have names, and numbers that are none have not") {
    const SimulatedLibrary library;
    const char* text = "untouched";
    CHECK(library.find<int(int, const char**)>("cuGetErrorName")(100, &text) == 0);
    CHECK(std::string(text) == "CUDA_ERROR_NO_DEVICE");
    CHECK(library.find<int(int, const char**)>("cuGetErrorName")(123456, &text) == 1);
    CHECK(text == nullptr);
}

TEST_CASE("it says what it is") {
    const SimulatedLibrary library;
    CHECK(std::string(library.find<const char>("jetcuda_simulated_driver")) == "simulated");
}

TEST_CASE("what wants a context is refused without one, and after its last release") {
    const SimulatedLibrary library;
    std::uint64_t address = 0;
    CHECK(library.call("cuMemAlloc_v2", &address, std::size_t{4}) == 201);
    REQUIRE(library.call("cuInit", 0U) == 0);
    CHECK(library.call("cuMemAlloc_v2", &address, std::size_t{4}) == 201);
    CHECK(library.call("cuCtxSetCurrent", static_cast<void*>(&address)) == 201);

    void* context = nullptr;
    REQUIRE(library.call("cuDevicePrimaryCtxRetain", &context, 0) == 0);
    CHECK(library.call("cuMemAlloc_v2", &address, std::size_t{4}) == 201);  // retained, and not current
    REQUIRE(library.call("cuCtxSetCurrent", context) == 0);
    CHECK(library.call("cuMemAlloc_v2", &address, std::size_t{4}) == 0);
    REQUIRE(library.call("cuDevicePrimaryCtxRelease_v2", 0) == 0);
    CHECK(library.call("cuMemFree_v2", address) == 709);
    CHECK(library.call("cuCtxSetCurrent", context) == 201);
}

TEST_CASE("a context is there for as long as somebody has retained it, and takes all that is in it along") {
    const SimulatedGpu gpu;
    void* context = nullptr;
    REQUIRE(gpu.call("cuDevicePrimaryCtxRetain", &context, 0) == 0);
    const std::uint64_t address = gpu.allocate(4);
    REQUIRE(gpu.call("cuDevicePrimaryCtxRelease_v2", 0) == 0);
    CHECK(gpu.read(address, 4).size() == 4);
    REQUIRE(gpu.call("cuDevicePrimaryCtxRelease_v2", 0) == 0);
    REQUIRE(gpu.call("cuDevicePrimaryCtxRetain", &context, 0) == 0);
    REQUIRE(gpu.call("cuCtxSetCurrent", context) == 0);
    CHECK(gpu.call("cuMemFree_v2", address) == 1);
}

TEST_CASE("each board has the attributes of its GPU, and the settings may change them") {
    struct Board {
        const char* name;
        int capability_major, capability_minor, multiprocessors;
    };
    for (const Board& board : {Board{"xavier", 7, 2, 8}, Board{"orin", 8, 7, 16}, Board{"thor", 11, 0, 20}}) {
        const SimulatedGpu gpu(std::string(R"({"board":")") + board.name + "\"}");
        const auto attribute = [&](int number) {
            int value = -1;
            CHECK(gpu.call("cuDeviceGetAttribute", &value, number, 0) == 0);
            return value;
        };
        CHECK(attribute(75) == board.capability_major);
        CHECK(attribute(76) == board.capability_minor);
        CHECK(attribute(16) == board.multiprocessors);
        CHECK(attribute(18) == 1);
        CHECK(attribute(19) == 1);
        CHECK(attribute(20) == 0);
        CHECK(attribute(32) == 0);
        CHECK(attribute(83) == 1);
        CHECK(attribute(89) == 0);
    }
    int value = -1;
    const SimulatedGpu gpu(R"({"attributes":{"16":4}})");
    CHECK(gpu.call("cuDeviceGetAttribute", &value, 16, 0) == 0);
    CHECK(value == 4);
}

TEST_CASE("as a stub it answers every call alike and writes nothing") {
    const SimulatedLibrary stub(R"({"every_call":34})");
    int number = -1;
    std::size_t bytes = 7;
    std::uint64_t address = 7;
    const char* text = nullptr;
    CHECK(stub.call("cuInit", 0U) == 34);
    CHECK(stub.call("cuDriverGetVersion", &number) == 34);
    CHECK(stub.call("cuGetErrorName", 34, &text) == 34);
    CHECK(stub.call("cuMemAlloc_v2", &address, std::size_t{4}) == 34);
    CHECK(stub.call("cuMemGetInfo_v2", &bytes, &bytes) == 34);
    CHECK(stub.call("cuCtxSynchronize") == 34);
    CHECK(number == -1);
    CHECK(bytes == 7);
    CHECK(address == 7);
    CHECK(text == nullptr);
}

TEST_CASE("a mistake in the settings makes it of no use, and is told") {
    for (const char* settings :
         {"{", R"({"bord":"orin"})", R"({"board":"nano"})", R"({"faults":[{"step":"init"}]})",
          R"({"faults":[{"step":"init","do":"sulk"}]})", R"({"faults":[{"step":"init","call":"cuInit","do":"crash"}]})",
          R"({"faults":[{"do":"crash"}]})", R"({"faults":[{"kernel":"integers","do":"absent"}]})",
          R"({"faults":[{"memory":"device","do":"stale"}]})", R"({"faults":[{"memory":"device","do":"bit-flip"}]})",
          R"({"faults":[{"memory":"disk","do":"stale"}]})", R"({"faults":[{"call":"cuInit","do":"return"}]})",
          R"({"faults":[{"step":"native","do":"absent"}]})",
          R"({"faults":[{"do":"jit-below-promise","ptx":"seven"}]})"}) {
        const SimulatedLibrary library(settings);
        INFO(settings);
        CHECK(library.call("cuInit", 0U) == 999);
    }
}
