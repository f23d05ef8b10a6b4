// Compilers and profilers do not count: a developer's board often has the debugger and the profilers of a newer CUDA
// than its own, and every check says of it what it says of the same board without them. The tools are read from a
// package database by our own data, so that a record of the wrong kind shows here.

#include <doctest/doctest.h>

#include "probes/packages/software.hpp"
#include "tests/daemon/checks/software_facts.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/platform/our_catalog.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

struct Package {
    const char* name;
    const char* version;
};

// As the feed of R39.2, NVIDIA's repositories and Debian have them.
const std::vector<Package> newer_tools = {
    {"cuda-gdb-13-2", "13.2.75-1"},
    {"cuda-gdb-src-13-2", "13.2.75-1"},
    {"cuda-nsight-compute-13-2", "13.2.1-1"},
    {"cuda-nsight-systems-13-2", "13.2.1-1"},
    {"nsight-compute-2026.1.1", "2026.1.1.2-1"},
    {"nsight-systems-2025.6.3", "2025.6.3.541-256337736014v0"},
    {"nsight-systems-2026.3.1", "2026.3.1.157-263138048394v0"},
    {"nsight-systems-cli-2026.3.1", "2026.3.1.157-263138048394v0"},
    {"nsight-graphics-for-embeddedlinux-2024.2.0.0", "2024.2.0.0"},
    {"nvidia-nsight-systems", "7.2-b184"},
    {"nvidia-nsight-graphics", "6.2.2+b24"},
    {"nvidia-nsight-sys", "5.1.6-b5"},
    {"nsight-dl", "2022.2.22298.1421-1"},
    {"nvidia-cuda-gdb", "12.4.127~12.4.1-2"},
    {"nsight-compute-target", "2024.1.1.4~12.4.1-2"},
    {"nsight-systems-target", "2023.4.4.54~12.4.1-2"},
};

// As NVIDIA builds them for servers, which is what apt installs from the repository for SBSA.
std::vector<InstalledComponent> read_tools(const L4tRelease& l4t) {
    const TempRoot board;
    std::string status;
    for (const Package& package : newer_tools) {
        status += std::string("Package: ") + package.name +
                  "\nStatus: install ok installed\nArchitecture: arm64\nVersion: " + package.version + "\n\n";
        board.write(std::string("/var/lib/dpkg/info/") + package.name + ".list",
                    "/usr/local/cuda/targets/sbsa-linux\n");
    }
    board.write("/var/lib/dpkg/status", status);
    const SystemRoot root(board.directory());
    const Fact<Software> software = read_software(root, our_catalog(), {read_dpkg(root), "/run/current-system", l4t});
    REQUIRE(software.known());
    REQUIRE(software->l4t.empty());
    REQUIRE(software->discrete_drivers.empty());
    return software->components;
}

void check_that_tools_change_nothing(const Facts& board) {
    Facts with_tools = board;
    const std::vector<InstalledComponent> tools = read_tools(*board.release->l4t);
    REQUIRE(tools.size() == newer_tools.size());
    add(with_tools, tools);
    for (const Check* check : all_checks()) {
        CAPTURE(check->id);
        const CheckResult before = judged(check->id, board);
        const CheckResult after = judged(check->id, with_tools);
        CHECK(after.status == before.status);
        CHECK(after.code == before.code);
        CHECK(after.summary == before.summary);
    }
}

}  // namespace

TEST_CASE("debuggers and profilers of a newer CUDA change no check's answer") {
    for (const Facts& board : {healthy_xavier(), healthy_orin(), healthy_thor()}) {
        check_that_tools_change_nothing(board);
        CHECK(judged("cuda-packages-agree", board).status == Status::pass);
        CHECK(judged("cuda-packages-fit-release", board).status == Status::pass);
    }
}

TEST_CASE("on a board with no CUDA libraries they are no CUDA libraries either") {
    for (const Facts& board : {xavier_with({}), orin_with({}), thor_with({})}) {
        check_that_tools_change_nothing(board);
        CHECK(judged("cuda-packages-fit-release", board).code == "no-cuda-installed");
    }
}

TEST_CASE("beside libraries that do not fit, they are not among what is named") {
    const Facts board = orin_with(cuda_set({13, 2}));
    CHECK(judged("cuda-packages-fit-release", board).status == Status::fail);
    check_that_tools_change_nothing(board);
}
