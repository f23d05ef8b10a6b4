// MemAvailable, from the file as the kernel writes it and from damaged ones.

#include "probes/platform/memory.hpp"

#include <doctest/doctest.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;

namespace {

Fact<std::uint64_t> read(const std::string& content) {
    const testing::TempRoot board;
    board.write("/proc/meminfo", content);
    return read_available_memory(SystemRoot(board.on_host("")));
}

}  // namespace

TEST_CASE("the kernel's line is read, in bytes") {
    const auto available =
        read("MemTotal:       15823456 kB\nMemFree:          123456 kB\nMemAvailable:    7654321 kB\n");
    REQUIRE(available.known());
    CHECK(*available == std::uint64_t{7654321} * 1024);
    CHECK(available.source() == "/proc/meminfo");
    CHECK(*read("MemAvailable: 0 kB") == 0);
}

TEST_CASE("what is no such line is not understood") {
    for (const char* content :
         {"", "MemTotal: 1 kB\n", "MemAvailable:\n", "MemAvailable: many kB\n", "MemAvailable: 7 MB\n",
          "MemAvailable: -7 kB\n", "MemAvailable: 99999999999999999999 kB\n", "MemAvailable: 9999999999999 kB\n"}) {
        CAPTURE(content);
        CHECK(read(content).lacks(Lack::not_understood));
    }
}

TEST_CASE("without the file nothing is known") {
    const testing::TempRoot board;
    CHECK(read_available_memory(SystemRoot(board.on_host(""))).lacks(Lack::not_there));
}
