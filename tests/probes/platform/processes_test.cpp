// Which programs run, by what /proc says.

#include "probes/platform/processes.hpp"

#include <doctest/doctest.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;

TEST_CASE("a program is running where a process has its name, and nothing else is taken for one") {
    const testing::TempRoot board;
    board.write("/proc/1/comm", "systemd\n");
    board.write("/proc/nvpmodel/comm", "nvpmodel\n");
    board.write("/proc/412/status", "Name:\tnvpmodel\n");
    const SystemRoot root(board.on_host(""));
    CHECK(is_running(root, "systemd"));
    CHECK_FALSE(is_running(root, "nvpmodel"));
    board.write("/proc/413/comm", "nvpmodel\n");
    CHECK(is_running(root, "nvpmodel"));
    CHECK_FALSE(is_running(root, "nvp"));
}

TEST_CASE("without /proc nothing runs") {
    const testing::TempRoot board;
    CHECK_FALSE(is_running(SystemRoot(board.on_host("")), "nvpmodel"));
}
