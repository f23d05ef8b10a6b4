// An image is taken or refused as a driver of its version on its GPU does it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/drivers/simulated_gpu.hpp"

using namespace jetcuda;
using testing::SimulatedGpu;

namespace {

std::string board(const std::string& name, int driver_version, const std::string& more = {}) {
    return R"({"board":")" + name + R"(","driver_version":)" + std::to_string(driver_version) + more + "}";
}

std::string fault(const std::string& words) { return R"(,"faults":[{)" + words + "}]"; }

// The least that is a cubin: a header, a table of symbols with one kernel, and its strings.
std::vector<unsigned char> cubin(int architecture, bool new_abi, std::uint16_t type = 2, std::uint16_t machine = 190) {
    std::vector<unsigned char> bytes(512);
    const auto put = [&](std::size_t at, auto number) { std::memcpy(bytes.data() + at, &number, sizeof number); };
    const auto sm = static_cast<std::uint32_t>(architecture);
    put(0, std::array<unsigned char, 9>{0x7F, 'E', 'L', 'F', 2, 1, 1, static_cast<unsigned char>(new_abi ? 0x41 : 0x33),
                                        static_cast<unsigned char>(new_abi ? 8 : 7)});
    put(16, type);
    put(18, machine);
    put(40, std::uint64_t{64});  // of the section headers: none, symbols, strings
    put(48, new_abi ? 0x6000004U | sm << 8U : sm << 16U | 0x500U | sm);
    put(58, std::uint16_t{64});
    put(60, std::uint16_t{3});
    put(128 + 4, std::uint32_t{2});  // SHT_SYMTAB
    put(128 + 24, std::uint64_t{256});
    put(128 + 32, std::uint64_t{48});
    put(128 + 40, std::uint32_t{2});
    put(192 + 4, std::uint32_t{3});
    put(192 + 24, std::uint64_t{320});
    put(256 + 24, std::uint32_t{1});  // the second symbol's name
    bytes[256 + 24 + 4] = 0x12;       // a global function
    bytes[256 + 24 + 5] = 0x10;       // and a kernel
    std::memcpy(bytes.data() + 321, "rung", 5);
    return bytes;
}

int load(const SimulatedGpu& gpu, const std::vector<unsigned char>& image) {
    void* module = nullptr;
    const int result = gpu.load(module, image.data());
    CHECK((module != nullptr) == (result == 0));
    return result;
}

int load(const SimulatedGpu& gpu, const std::string& image) {
    void* module = nullptr;
    return gpu.load(module, image.c_str());
}

std::string ptx(const std::string& version, const std::string& target, const std::string& body = "{ ret; }") {
    return "// a comment\n/* .version 99.0 */ .version " + version + "\n.target " + target +
           "\n.address_size 64\n.visible .entry rung()\n" + body + "\n";
}

}  // namespace

TEST_CASE("a cubin runs on its own architecture alone, in both layouts of its header") {
    const SimulatedGpu orin(board("orin", 13000));
    CHECK(load(orin, cubin(87, false)) == 0);
    CHECK(load(orin, cubin(87, true)) == 0);
    for (const int other : {72, 80, 86, 89, 110}) {
        CHECK(load(orin, cubin(other, false)) == 209);
        CHECK(load(orin, cubin(other, true)) == 209);
    }
    CHECK(load(SimulatedGpu(board("xavier", 11040)), cubin(72, false)) == 0);
    CHECK(load(SimulatedGpu(board("thor", 13000)), cubin(110, true)) == 0);
}

TEST_CASE("a driver before CUDA 13 cannot read the ABI of CUDA 13") {
    const SimulatedGpu gpu(board("orin", 12060));
    CHECK(load(gpu, cubin(87, true)) == 200);
    CHECK(load(gpu, cubin(87, false)) == 0);
}

TEST_CASE("what is no image is refused as one that is invalid") {
    const SimulatedGpu gpu;
    CHECK(load(gpu, cubin(87, false, 1)) == 200);      // relocatable
    CHECK(load(gpu, cubin(87, false, 2, 62)) == 200);  // x86-64
    CHECK(load(gpu, std::string("garbage")) == 200);
    CHECK(load(gpu, std::string()) == 200);
    CHECK(load(gpu, std::string("\x50\xED\x55\xBA")) == 200);  // a fat binary
    void* module = nullptr;
    CHECK(gpu.load(module, nullptr) == 1);
    CHECK(gpu.call("cuModuleLoadData", static_cast<void**>(nullptr), static_cast<const void*>("x")) == 1);
}

TEST_CASE("a kernel is found by its name in the image that has it, until that is unloaded") {
    const SimulatedGpu gpu;
    const auto image = cubin(87, false);
    void* module = nullptr;
    void* function = nullptr;
    REQUIRE(gpu.load(module, image.data()) == 0);
    CHECK(gpu.call("cuModuleGetFunction", &function, module, "rung") == 0);
    CHECK(gpu.call("cuModuleGetFunction", &function, module, "run") == 500);
    CHECK(gpu.call("cuModuleUnload", module) == 0);
    CHECK(gpu.call("cuModuleUnload", module) == 400);
    CHECK(gpu.call("cuModuleGetFunction", &function, module, "rung") == 400);
}

TEST_CASE("PTX is compiled up to the version that the driver's CUDA version brought") {
    struct Row {
        int driver;
        const char *highest, *refused;
    };
    for (const Row& row :
         {Row{11040, "7.4", "7.5"}, Row{11080, "7.8", "8.0"}, Row{12020, "8.2", "8.3"}, Row{12060, "8.5", "8.6"},
          Row{12090, "8.8", "9.0"}, Row{13000, "9.0", "9.1"}, Row{13020, "9.2", "9.3"}}) {
        const SimulatedGpu gpu(board("orin", row.driver));
        CHECK(load(gpu, ptx("6.0", "sm_50")) == 0);
        CHECK(load(gpu, ptx(row.highest, "sm_72")) == 0);
        CHECK(load(gpu, ptx(row.refused, "sm_72")) == 222);
    }
}

TEST_CASE("PTX is compiled for the GPUs that its target names") {
    const SimulatedGpu orin(board("orin", 13000));
    CHECK(load(orin, ptx("6.3", "sm_87")) == 0);
    CHECK(load(orin, ptx("6.3", "sm_72, debug")) == 0);
    CHECK(load(orin, ptx("9.0", "sm_89")) == 209);
    const SimulatedGpu thor(board("thor", 13000));
    CHECK(load(thor, ptx("9.0", "sm_87")) == 0);
    CHECK(load(thor, ptx("9.0", "sm_110a")) == 0);
    CHECK(load(thor, ptx("9.0", "sm_110f")) == 0);
    CHECK(load(thor, ptx("9.0", "sm_100a")) == 209);
    CHECK(load(thor, ptx("9.0", "sm_100f")) == 209);
    CHECK(load(thor, ptx("9.0", "sm_100")) == 0);
}

TEST_CASE("broken PTX is refused, and the compiler's words come back") {
    const SimulatedGpu gpu;
    CHECK(load(gpu, std::string(".version six\n.target sm_72\n")) == 218);
    CHECK(load(gpu, std::string(".version 6.3\n.entry rung() { ret; }\n")) == 218);
    CHECK(load(gpu, ptx("6.3", "gpu_72")) == 218);
    CHECK(load(gpu, ptx("6.3", "sm_72", "{ ret;")) == 218);
    CHECK(load(gpu, ptx("6.3", "sm_72", "{ ( ret; } )")) == 218);

    std::array<char, 200> log{};
    const std::array<int, 2> options{5, 6};  // the buffer, and its size
    // NOLINTNEXTLINE(performance-no-int-to-ptr): so cuda.h wants numbers handed over
    std::array<void*, 2> values{log.data(), reinterpret_cast<void*>(log.size())};
    const std::string image = ptx("9.9", "sm_72");
    void* module = nullptr;
    CHECK(gpu.call("cuModuleLoadDataEx", &module, static_cast<const void*>(image.c_str()), 2U, options.data(),
                   values.data()) == 222);
    CHECK(std::string(log.data()).find("Unsupported .version 9.9; current version is '8.5'") != std::string::npos);
    CHECK(gpu.call("cuModuleLoadDataEx", &module, static_cast<const void*>(image.c_str()), 1U,
                   static_cast<const int*>(nullptr), static_cast<void**>(nullptr)) == 1);
}

TEST_CASE("faults of the compiler") {
    const SimulatedGpu without(board("orin", 12060, fault(R"("do":"no-jit")")));
    CHECK(load(without, ptx("6.3", "sm_72")) == 221);
    CHECK(load(without, cubin(87, false)) == 0);

    const SimulatedGpu below(board("orin", 12060, fault(R"("do":"jit-below-promise","ptx":"8.2")")));
    CHECK(load(below, ptx("8.2", "sm_72")) == 0);
    CHECK(load(below, ptx("8.3", "sm_72")) == 222);

    const SimulatedGpu takes(board("orin", 12060, fault(R"("do":"takes-any-image")")));
    CHECK(load(takes, cubin(72, false)) == 0);
    CHECK(load(takes, ptx("8.5", "sm_90")) == 0);

    const SimulatedGpu step(board("orin", 12060, fault(R"("step":"jit","do":"return","result":999)")));
    CHECK(load(step, ptx("6.3", "sm_72")) == 999);
    CHECK(load(step, cubin(87, false)) == 0);
}
