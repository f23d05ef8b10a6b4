#include "probes/platform/kernel.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

constexpr std::string_view osrelease = "/proc/sys/kernel/osrelease";

Fact<KernelModules> modules_of(const TempRoot& board) {
    const SystemRoot root(board.directory());
    return read_kernel_modules(root, read_kernel_release(root));
}

}  // namespace

TEST_CASE("the running kernel's release comes from proc") {
    const TempRoot board;
    const SystemRoot root(board.directory());
    CHECK(read_kernel_release(root).lacks(Lack::not_there));
    CHECK(modules_of(board).lacks(Lack::not_there));
    board.write(osrelease, "5.15.185-tegra\n");
    CHECK(*read_kernel_release(root) == "5.15.185-tegra");
    CHECK(read_kernel_release(root).source() == osrelease);
    for (const char* text : {"", "\n", "../../etc", "a/b", ".", "5.15 x", "\xff"}) {
        CAPTURE(text);
        board.write(osrelease, text);
        CHECK(read_kernel_release(root).lacks(Lack::not_understood));
    }
}

TEST_CASE("modules are found where each distribution keeps them") {
    for (const char* folder : {"/lib/modules", "/usr/lib/modules", "/run/booted-system/kernel-modules/lib/modules",
                               "/run/current-system/kernel-modules/lib/modules"}) {
        CAPTURE(folder);
        const TempRoot board;
        board.write(osrelease, "5.15.185-tegra\n");
        board.write(std::string(folder) + "/5.15.185-tegra/modules.dep", "");
        board.write(std::string(folder) + "/5.15.148-tegra/modules.dep", "");
        board.make_directory(std::string(folder) + "/5.15.136-tegra");
        const Fact<KernelModules> modules = modules_of(board);
        REQUIRE(modules.known());
        CHECK(modules->directory == std::string(folder) + "/5.15.185-tegra");
        CHECK(modules.source() == modules->directory);
        CHECK(modules->other_kernels == std::vector<std::string>{"5.15.148-tegra"});
    }
}

TEST_CASE("a merged /usr does not count a kernel twice") {
    const TempRoot board;
    board.write(osrelease, "6.8.12-1021-tegra\n");
    board.link("/lib", "usr/lib");
    board.write("/usr/lib/modules/6.8.12-1021-tegra/modules.dep", "");
    board.write("/usr/lib/modules/6.8.12-tegra/modules.dep", "");
    const Fact<KernelModules> modules = modules_of(board);
    REQUIRE(modules.known());
    CHECK(modules->directory == "/lib/modules/6.8.12-1021-tegra");
    CHECK(modules->other_kernels == std::vector<std::string>{"6.8.12-tegra"});
}

TEST_CASE("on NixOS the booted system's modules count, also after a switch") {
    const TempRoot board;
    board.write(osrelease, "5.15.148\n");
    board.write("/nix/store/a-booted/kernel-modules/lib/modules/5.15.148/modules.dep", "");
    board.write("/nix/store/b-new/kernel-modules/lib/modules/5.15.185/modules.dep", "");
    board.link("/run/booted-system", "/nix/store/a-booted");
    board.link("/run/current-system", "/nix/store/b-new");
    const Fact<KernelModules> modules = modules_of(board);
    REQUIRE(modules.known());
    CHECK(modules->directory == "/run/booted-system/kernel-modules/lib/modules/5.15.148");
    CHECK(modules->other_kernels == std::vector<std::string>{"5.15.185"});
}

TEST_CASE("a running kernel without modules is told, with the kernels that have some") {
    const TempRoot board;
    board.write(osrelease, "5.15.148-tegra\n");
    CHECK(modules_of(board).missing().why ==
          "no modules of the running kernel 5.15.148-tegra are installed, nor of any other");
    board.write("/lib/modules/5.15.185-tegra/modules.dep", "");
    board.make_directory("/lib/modules/5.15.148-tegra");  // left behind empty
    const Fact<KernelModules> modules = modules_of(board);
    REQUIRE(modules.lacks(Lack::not_there));
    CHECK(modules.missing().why ==
          "no modules of the running kernel 5.15.148-tegra are installed; there are those of 5.15.185-tegra");
    CHECK(modules.missing().source == "/lib/modules/5.15.148-tegra");
}

TEST_CASE("no release makes the search misbehave") {
    const TempRoot board;
    board.write("/lib/modules/5.15.185-tegra/modules.dep", "");
    const SystemRoot root(board.directory());
    for (unsigned seed = 0; seed < 500; ++seed) {
        const Fact<KernelModules> modules =
            read_kernel_modules(root, Fact<std::string>(testing::mutated("5.15.185-tegra", seed), "a test"));
        if (modules) CHECK(modules->directory == "/lib/modules/5.15.185-tegra");
    }
}

}  // namespace jetcuda
