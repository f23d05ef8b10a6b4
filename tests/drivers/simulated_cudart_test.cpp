// The simulated runtime and CUDA libraries, each in the process that has the simulated driver already, as jetcuda-probe
// has it.
//
// The loader gives a second caller of dlopen("libcuda.so.1") the first libcuda of the process. So each case that needs
// a driver of its own is a process of its own.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/drivers/simulated_gpu.hpp"

using namespace jetcuda;
using testing::SimulatedLibrary;

namespace {

const std::string built = JETCUDA_BINARY_DIR "/tests/drivers/";

struct Libraries : testing::TempRoot {
    explicit Libraries(const std::string& settings) { write("simulated_library.json", settings); }
    [[nodiscard]] void* open(const std::string& file, const std::string& name) const {
        std::filesystem::copy_file(built + file, on_host(name));
        return dlopen(on_host(name).c_str(), RTLD_NOW | RTLD_LOCAL);
    }
};

template <typename... Parameters>
int call(void* library, const char* name, Parameters... parameters) {
    auto* const function = reinterpret_cast<int (*)(Parameters...)>(dlsym(library, name));
    REQUIRE_MESSAGE((function != nullptr), name);
    return function(parameters...);
}

// Runs what it is given in a child; the number that it answers, 0 to 255.
int in_a_process(const std::function<int()>& body) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        try {
            _exit(body());
        } catch (...) {
            _exit(254);  // a REQUIRE, which has said what it misses
        }
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr const char* runtime_12_6 = R"({"libcudart.so.12":{"version":"12.6"}})";

}  // namespace

TEST_CASE("the runtime works with the driver that the process has") {
    const int failed = in_a_process([] {
        const SimulatedLibrary driver;
        const Libraries libraries(runtime_12_6);
        void* const runtime = libraries.open("libsimulated-cudart.so", "libcudart.so.12");
        if (runtime == nullptr) return 1;
        int number = 0;
        if (call(runtime, "cudaRuntimeGetVersion", &number) != 0 || number != 12060) return 2;
        if (call(runtime, "cudaDriverGetVersion", &number) != 0 || number != 12060) return 3;
        if (call(runtime, "cudaGetDeviceCount", &number) != 0 || number != 1) return 4;
        if (call(runtime, "cudaSetDevice", 1) != 101 || call(runtime, "cudaGetLastError") != 101) return 5;
        void* address = nullptr;
        std::vector<std::uint32_t> words{1, 2, 3, 4};
        std::vector<std::uint32_t> back(4);
        if (call(runtime, "cudaMalloc", &address, std::size_t{16}) != 0) return 6;
        if (call(runtime, "cudaMemcpy", address, words.data(), std::size_t{16}, 1) != 0) return 7;
        if (call(runtime, "cudaMemcpy", back.data(), address, std::size_t{16}, 2) != 0 || back != words) return 8;
        if (call(runtime, "cudaMemset", address, 255, std::size_t{8}) != 0) return 9;
        if (call(runtime, "cudaMemcpy", back.data(), address, std::size_t{16}, 2) != 0) return 10;
        if (back != std::vector<std::uint32_t>{~0U, ~0U, 3, 4}) return 11;
        if (call(runtime, "cudaDeviceSynchronize") != 0 || call(runtime, "cudaFree", address) != 0) return 12;
        return call(runtime, "cudaFree", address) == 1 ? 0 : 13;
    });
    CHECK(failed == 0);
}

TEST_CASE("the runtime wants a driver, and one of its own major version") {
    const auto count = [](const std::string& driver_settings, const std::string& library_settings) {
        return in_a_process([&] {
            const SimulatedLibrary driver(driver_settings);
            const Libraries libraries(library_settings);
            int number = 0;
            return call(libraries.open("libsimulated-cudart.so", "libcudart.so.12"), "cudaGetDeviceCount", &number);
        });
    };
    CHECK(count(R"({"driver_version":12020})", runtime_12_6) == 0);
    CHECK(count(R"({"driver_version":11040})", runtime_12_6) == 35);
    CHECK(count(R"({"driver_version":13000})", runtime_12_6) == 0);
    CHECK(count(R"({"faults":[{"step":"init","do":"return","result":100}]})", runtime_12_6) == 100);
    CHECK(count(R"({"faults":[{"step":"devices","do":"value","value":0}]})", runtime_12_6) == 100);
    CHECK(count("", R"({"libcudart.so.12":{"version":"12.6","faults":[
        {"step":"runtime","do":"return","result":99}]}})") == 99);
    CHECK(count("", R"({"libcudart.so.12":{"version":"12.6","every_call":34}})") == 34);
    CHECK(count("", R"({"libcudart.so.12":{"versoin":"12.6"}})") == 231);  // 999, of which a process answers 8 bits
}

TEST_CASE("the runtime names its errors") {
    const Libraries libraries(runtime_12_6);
    void* const runtime = libraries.open("libsimulated-cudart.so", "libcudart.so.12");
    REQUIRE(runtime != nullptr);
    const auto words = [&](const char* name, int error) {
        return std::string(reinterpret_cast<const char* (*)(int)>(dlsym(runtime, name))(error));
    };
    CHECK(words("cudaGetErrorName", 35) == "cudaErrorInsufficientDriver");
    CHECK(words("cudaGetErrorString", 35) == "CUDA driver version is insufficient for CUDA runtime version");
    CHECK(words("cudaGetErrorName", 2) == "cudaErrorMemoryAllocation");
    CHECK(words("cudaGetErrorString", 2) == "out of memory");
    CHECK(words("cudaGetErrorName", 4321) == "unrecognized error code");
}

TEST_CASE("faults of the runtime: an error of a call, a wrong word, a call that is absent") {
    const int failed = in_a_process([] {
        const SimulatedLibrary driver;
        const Libraries libraries(R"({"libcudart.so.12":{"version":"12.6","faults":[
            {"call":"cudaMalloc","nth":2,"do":"return","result":2},
            {"call":"cudaMemcpy","do":"wrong","index":1,"flip":4},
            {"call":"cudaDeviceSynchronize","do":"absent"}]}})");
        void* const runtime = libraries.open("libsimulated-cudart.so", "libcudart.so.12");
        void* address = nullptr;
        std::vector<std::uint32_t> words{1, 2};
        if (call(runtime, "cudaMalloc", &address, std::size_t{8}) != 0) return 1;
        if (call(runtime, "cudaMemcpy", address, words.data(), std::size_t{8}, 1) != 0) return 2;
        if (call(runtime, "cudaMemcpy", words.data(), address, std::size_t{8}, 2) != 0 || words[1] != 6) return 3;
        if (call(runtime, "cudaMalloc", &address, std::size_t{8}) != 2) return 4;
        return dlsym(runtime, "cudaDeviceSynchronize") == nullptr ? 0 : 5;
    });
    CHECK(failed == 0);
}

TEST_CASE("each library tells the version in its settings, by its own call and no other's") {
    const Libraries libraries(R"({"libcublas.so.12":{"version":"12.6.1.4"},"libcudnn.so.9":{"version":"9.3.0.75"},
        "libcudnn.so.8":{"version":"8.6.0.166"},"libnvinfer.so.10":{"version":"10.3.0.30"},
        "libnvinfer.so.8":{"version":"8.5.2.2"},"libcufft.so.11":{"version":"11.2.6.59"},
        "libnppc.so.12":{"version":"12.3.1.54"},"libcublasLt.so.12":{"version":"12.6.1.4"}})");
    const auto property = [&](const char* file, const char* function) {
        void* const library = libraries.open("libsimulated-library.so", file);
        std::string version;
        for (const int part : {0, 1, 2}) {
            int number = -1;
            CHECK(call(library, function, part, &number) == 0);
            version += std::to_string(number) + (part < 2 ? "." : "");
        }
        return version;
    };
    CHECK(property("libcublas.so.12", "cublasGetProperty") == "12.6.1");
    CHECK(property("libcublasLt.so.12", "cublasLtGetProperty") == "12.6.1");
    CHECK(property("libcufft.so.11", "cufftGetProperty") == "11.2.6");
    CHECK(property("libcurand.so.10", "curandGetProperty") == "0.0.0");
    void* const cudnn = libraries.open("libsimulated-library.so", "libcudnn.so.9");
    CHECK(reinterpret_cast<std::size_t (*)()>(dlsym(cudnn, "cudnnGetVersion"))() == 90300);
    CHECK(dlsym(cudnn, "cublasGetProperty") == nullptr);
    void* const older = libraries.open("libsimulated-library.so", "libcudnn.so.8");
    CHECK(reinterpret_cast<std::size_t (*)()>(dlsym(older, "cudnnGetVersion"))() == 8600);
    CHECK(call(libraries.open("libsimulated-library.so", "libnvinfer.so.10"), "getInferLibVersion") == 100300);
    CHECK(call(libraries.open("libsimulated-library.so", "libnvinfer.so.8"), "getInferLibVersion") == 8502);
    void* const npp = libraries.open("libsimulated-library.so", "libnppc.so.12");
    CHECK(*reinterpret_cast<const int* (*)()>(dlsym(npp, "nppGetLibVersion"))() == 12);
    CHECK(std::string(static_cast<const char*>(dlsym(npp, "jetcuda_simulated_library"))) == "simulated");
}

TEST_CASE("a library that needs one which is nowhere cannot be loaded") {
    const Libraries libraries("{}");
    CHECK(libraries.open("libsimulated-unloadable.so", "libcublas.so.12") == nullptr);
    const std::string why = dlerror();  // NOLINT(concurrency-mt-unsafe): one thread
    CHECK(why.find("libsimulated-nowhere.so: cannot open shared object file") != std::string::npos);
}
