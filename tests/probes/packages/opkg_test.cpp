#include "probes/packages/opkg.hpp"

#include <string>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

const std::string sample =
    "Package: cuda-cudart\nVersion: 12.6.68-1-r0\nDepends: libc6 (>= 2.39)\nStatus: install user installed\n"
    "Architecture: armv8a_tegra234\nInstalled-Time: 1768535445\nAuto-Installed: yes\n\n"
    "Package: libcublas\nVersion: 12.6.1.4-1-r0\nStatus: deinstall ok not-installed\n\n"
    "Package: tegra-libraries-cuda\nVersion: 36.5.0-20260115194252-r0\nStatus: install ok unpacked\n\n";

Fact<DpkgPackages> read(const TempRoot& board) { return read_opkg(SystemRoot(board.directory())); }

}  // namespace

TEST_CASE("opkg's packages have dpkg's form") {
    for (const char* file : {"/var/lib/opkg/status", "/usr/lib/opkg/status"}) {
        const TempRoot board;
        board.write(file, sample);
        const Fact<DpkgPackages> packages = read(board);
        REQUIRE(packages.known());
        CHECK(packages.source() == file);
        REQUIRE(packages->packages.size() == 2);
        CHECK(packages->find("cuda-cudart")->version == "12.6.68-1-r0");
        CHECK(packages->find("cuda-cudart")->installed);
        CHECK(packages->find("tegra-libraries-cuda")->state == "unpacked");
        CHECK_FALSE(packages->find("tegra-libraries-cuda")->installed);
    }
}

TEST_CASE("no database is not there, and a foreign file is not understood") {
    const TempRoot board;
    CHECK(read(board).lacks(Lack::not_there));
    board.write("/var/lib/opkg/status", "hello\n");
    CHECK(read(board).lacks(Lack::not_understood));
    board.write("/var/lib/opkg/status", "");
    CHECK(read(board)->packages.empty());
}

TEST_CASE("no database makes the reader misbehave") {
    const TempRoot board;
    for (unsigned seed = 0; seed < 120; ++seed) {
        board.write("/var/lib/opkg/status",
                    seed % 4 == 0 ? testing::random_bytes(seed, 200) : testing::mutated(sample, seed));
        const Fact<DpkgPackages> packages = read(board);
        if (!packages) continue;
        for (const DpkgPackage& package : packages->packages) CHECK_FALSE(package.version.empty());
    }
}

}  // namespace jetcuda
