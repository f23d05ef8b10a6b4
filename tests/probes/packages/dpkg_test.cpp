#include "probes/packages/dpkg.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

constexpr std::string_view status_file = "/var/lib/dpkg/status";

std::string stanza(const std::string& name, const std::string& state, const std::string& version) {
    return "Package: " + name + "\nStatus: install ok " + state +
           "\nPriority: standard\nSection: libs\nMaintainer: NVIDIA\nArchitecture: arm64\nVersion: " + version +
           "\nDescription: text\n Package: not-this-one\n .\n more\nHomepage: http://x\n\n";
}

Fact<DpkgPackages> read(const TempRoot& board, const std::vector<std::string_view>& prefixes = {"nvidia-l4t-"}) {
    return read_dpkg(SystemRoot(board.directory()), prefixes);
}

}  // namespace

TEST_CASE("packages are found by the beginning of their names, with version and state") {
    const TempRoot board;
    board.write(status_file, stanza("zlib1g", "installed", "1:1.2") +
                                 stanza("nvidia-l4t-kernel", "installed", "5.15.185-tegra-36.5.0-20260115194252") +
                                 stanza("nvidia-l4t-core", "half-configured", "36.5.0-20260115194252") +
                                 stanza("nvidia-l4t-3d-core", "triggers-pending", "36.5.0-20260115194252") +
                                 stanza("nvidia-l4t-gone", "config-files", "36.4.0-1") +
                                 stanza("cuda-cudart-12-6", "installed", "12.6.68-1"));
    const Fact<DpkgPackages> packages = read(board);
    REQUIRE(packages.known());
    CHECK(packages.source() == status_file);
    REQUIRE(packages->packages.size() == 3);
    CHECK(packages->packages[0].name == "nvidia-l4t-3d-core");
    CHECK(packages->packages[0].installed);
    const DpkgPackage* core = packages->find("nvidia-l4t-core");
    REQUIRE(core != nullptr);
    CHECK(core->version == "36.5.0-20260115194252");
    CHECK(core->architecture == "arm64");
    CHECK(core->state == "half-configured");
    CHECK_FALSE(core->installed);
    CHECK(packages->find("nvidia-l4t-kernel")->installed);
    CHECK(packages->find("nvidia-l4t-gone") == nullptr);
    CHECK(packages->find("zlib1g") == nullptr);
    CHECK(packages->find("nvidia-l4t") == nullptr);
    CHECK(read(board, {"cuda-", "zlib"})->packages.size() == 2);
    CHECK(read(board, {})->packages.empty());
    CHECK(read_dpkg(SystemRoot(board.directory()))->packages.size() == 5);
}

TEST_CASE("every state but those that mean gone is there, and only configured ones are installed") {
    const TempRoot board;
    std::string status;
    for (const char* state : {"half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending",
                              "installed", "config-files", "not-installed"}) {
        status += stanza(std::string("nvidia-l4t-") + state, state, "36.5.0-1");
    }
    board.write(status_file, status);
    const Fact<DpkgPackages> packages = read(board);
    REQUIRE(packages.known());
    CHECK(packages->packages.size() == 6);
    for (const char* state : {"triggers-awaited", "triggers-pending", "installed"}) {
        CHECK(packages->find(std::string("nvidia-l4t-") + state)->installed);
    }
    for (const char* state : {"half-installed", "unpacked", "half-configured"}) {
        const DpkgPackage* package = packages->find(std::string("nvidia-l4t-") + state);
        REQUIRE(package != nullptr);
        CHECK_FALSE(package->installed);
        CHECK(package->state == state);
    }
}

TEST_CASE("the file list of a package of several architectures carries its own") {
    const TempRoot board;
    board.write("/var/lib/dpkg/info/a.list", "/.\n/a\n");
    board.write("/var/lib/dpkg/info/b:arm64.list", "/.\n/b\n");
    const SystemRoot root(board.directory());
    CHECK(*read_file_list(root, {"a", "1", "arm64", "installed", true}) == "/.\n/a\n");
    const Fact<std::string> other = read_file_list(root, {"b", "1", "arm64", "installed", true});
    REQUIRE(other.known());
    CHECK(other.source() == "/var/lib/dpkg/info/b:arm64.list");
    CHECK(read_file_list(root, {"c", "1", "arm64", "installed", true}).lacks(Lack::not_there));
}

TEST_CASE("the last stanza counts without an empty line at its end, and more empty lines do no harm") {
    const TempRoot board;
    board.write(status_file, "\n\n" + stanza("a", "installed", "1") +
                                 "\n\nPackage: nvidia-l4t-core\nStatus: install ok installed\nVersion: 2");
    CHECK(read(board)->find("nvidia-l4t-core")->version == "2");
}

TEST_CASE("a stanza without version or state is no package") {
    const TempRoot board;
    board.write(status_file,
                "Package: nvidia-l4t-a\nStatus: install ok installed\n\n"
                "Package: nvidia-l4t-b\nVersion: 1\n\n"
                "Package: nvidia-l4t-c\nStatus: install ok installed\nVersion: 1\x01\n\n" +
                    stanza("nvidia-l4t-d", "installed", "1"));
    const Fact<DpkgPackages> packages = read(board);
    REQUIRE(packages->packages.size() == 1);
    CHECK(packages->packages[0].name == "nvidia-l4t-d");
}

TEST_CASE("no database is not there, and a foreign file is not understood") {
    const TempRoot board;
    CHECK(read(board).lacks(Lack::not_there));
    board.write(status_file, "");
    CHECK(read(board)->packages.empty());
    board.write(status_file, "hello\n");
    CHECK(read(board).lacks(Lack::not_understood));
}

TEST_CASE("the owner of a file is found in the lists of nvidia-l4t packages only") {
    const TempRoot board;
    const std::string module = "/usr/lib/modules/5.15.185-tegra/updates/nvgpu.ko";
    board.write(status_file, stanza("nvidia-l4t-core", "installed", "1") + stanza("other", "installed", "1") +
                                 stanza("nvidia-l4t-kernel-oot-modules", "installed", "1") +
                                 stanza("nvidia-l4t-init", "installed", "1"));
    board.write("/var/lib/dpkg/info/other.list", module + "\n");
    board.write("/var/lib/dpkg/info/nvidia-l4t-core.list", "/.\n/etc\n/etc/nv_tegra_release\n");
    board.write("/var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list", "/.\n" + module + ".old\n");
    const SystemRoot root(board.directory());
    const Fact<DpkgPackages> packages = read_dpkg(root, {"nvidia-l4t-", "other"});
    const Fact<std::string> nobody = find_owner_among_l4t_packages(root, *packages, module);
    REQUIRE(nobody.lacks(Lack::not_there));
    CHECK(nobody.missing().why == "no package nvidia-l4t-* lists " + module);
    CHECK(*find_owner_among_l4t_packages(root, *packages, "/etc/nv_tegra_release") == "nvidia-l4t-core");

    // Shipped as /lib, found as /usr/lib.
    board.write("/var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list", "/.\n" + module.substr(4) + "\n");
    const Fact<std::string> owner = find_owner_among_l4t_packages(root, *packages, module);
    REQUIRE(owner.known());
    CHECK(*owner == "nvidia-l4t-kernel-oot-modules");
    CHECK(owner.source() == "/var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list");
    CHECK(*find_owner_among_l4t_packages(root, *packages, module.substr(4)) == "nvidia-l4t-kernel-oot-modules");

    board.write("/var/lib/dpkg/info/nvidia-l4t-init:arm64.list", "/etc/udev/rules.d/99-tegra-devices.rules");
    const Fact<std::string> init =
        find_owner_among_l4t_packages(root, *packages, "/etc/udev/rules.d/99-tegra-devices.rules");
    REQUIRE(init.known());
    CHECK(*init == "nvidia-l4t-init");
}

TEST_CASE("no database makes the reader misbehave") {
    const TempRoot board;
    const std::string good = stanza("nvidia-l4t-core", "installed", "36.5.0") + stanza("a", "config-files", "1");
    for (unsigned seed = 0; seed < 120; ++seed) {
        board.write(status_file, seed % 4 == 0 ? testing::random_bytes(seed, 200) : testing::mutated(good, seed));
        const Fact<DpkgPackages> packages = read(board, {"nvidia", "a", ""});
        if (!packages) continue;
        for (const DpkgPackage& package : packages->packages) {
            CHECK(packages->find(package.name) != nullptr);
            CHECK_FALSE(package.version.empty());
        }
    }
}

}  // namespace jetcuda
