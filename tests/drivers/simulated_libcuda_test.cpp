// The simulated libcuda refuses what a real one refuses, or the tests that rest on it would pass too easily.

#include <cstdint>
#include <string>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;

namespace {

constexpr const char* built = JETCUDA_BINARY_DIR "/tests/drivers/libcuda.so.1.1";

// A copy for each test, so that each has a library that was not initialized yet.
struct Library : testing::TempRoot {
    Library() {
        std::filesystem::copy_file(built, on_host("libcuda.so.1"));
        handle_ = dlopen(on_host("libcuda.so.1").c_str(), RTLD_NOW | RTLD_LOCAL);
        REQUIRE(handle_ != nullptr);
    }
    template <typename Function>
    Function* find(const char* name) const {
        auto* const function = reinterpret_cast<Function*>(dlsym(handle_, name));
        REQUIRE((function != nullptr));
        return function;
    }

private:
    void* handle_ = nullptr;  // never closed: the sanitizers want its names to the end
};

}  // namespace

TEST_CASE("calls before cuInit answer 3, and the version is answered") {
    const Library library;
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
    const Library library;
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
    const Library library;
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
    const Library library;
    const char* text = "untouched";
    CHECK(library.find<int(int, const char**)>("cuGetErrorName")(100, &text) == 0);
    CHECK(std::string(text) == "CUDA_ERROR_NO_DEVICE");
    CHECK(library.find<int(int, const char**)>("cuGetErrorName")(123456, &text) == 1);
    CHECK(text == nullptr);
}

TEST_CASE("it says what it is") {
    const Library library;
    CHECK(std::string(library.find<const char>("jetcuda_simulated_driver")) == "simulated");
}
