#include "probes/platform/environment.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;
using namespace std::string_literals;

Fact<Environment> environment_of(const TempRoot& board) { return read_environment(SystemRoot(board.directory())); }

Distribution distribution_with(std::string_view os_release, const char* path = nullptr) {
    const TempRoot board;
    board.write("/etc/os-release", os_release);
    if (path != nullptr) board.make_directory(path);
    const Fact<Distribution> distribution = read_distribution(SystemRoot(board.directory()));
    REQUIRE(distribution.known());
    return *distribution;
}

}  // namespace

TEST_CASE("a machine without a mark of a container is a host") {
    const TempRoot board;
    CHECK_FALSE(environment_of(board)->container);
    board.write("/proc/1/environ", "HOME=/\0TERM=linux\0container=\0"s);
    CHECK_FALSE(environment_of(board)->container);
}

TEST_CASE("each mark of a container is known, and named") {
    for (const char* mark : {"/.dockerenv", "/run/.containerenv", "/run/systemd/container"}) {
        CAPTURE(mark);
        const TempRoot board;
        board.write(mark, "");
        const Fact<Environment> environment = environment_of(board);
        CHECK(environment->container);
        CHECK(environment->evidence == mark);
        CHECK(environment.source() == mark);
    }
    const TempRoot board;
    board.write("/proc/1/environ", "PATH=/bin\0container=podman\0"s);
    CHECK(environment_of(board)->container);
    CHECK(environment_of(board)->evidence == "container=podman in the environment of PID 1");
    board.write("/proc/1/environ", "PATH=/bin\0KUBERNETES_SERVICE_HOST=10.0.0.1\0"s);
    CHECK(environment_of(board)->container);
    CHECK(environment_of(board)->evidence == "KUBERNETES_SERVICE_HOST in the environment of PID 1");
    board.write("/proc/1/environ", "MYcontainer=podman\0"s);
    CHECK_FALSE(environment_of(board)->container);
}

TEST_CASE("distributions are told by os-release") {
    CHECK(distribution_with("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n") == Distribution::ubuntu);
    CHECK(distribution_with("ID=mint\nID_LIKE=\"ubuntu debian\"\n") == Distribution::ubuntu);
    CHECK(distribution_with("NAME=NixOS\nID=nixos\n") == Distribution::nixos);
    CHECK(distribution_with("ID='nixos'\r\n") == Distribution::nixos);
    CHECK(distribution_with("ID=debian\n") == Distribution::other);
    CHECK(distribution_with("# ID=ubuntu\n") == Distribution::other);
    CHECK(distribution_with("") == Distribution::other);
}

TEST_CASE("a Yocto image is known whatever its makers called it") {
    CHECK(distribution_with("ID=poky\n") == Distribution::yocto);
    CHECK(distribution_with("ID=oe4t-demo\n") == Distribution::yocto);
    CHECK(distribution_with("ID=tegrademo\n") == Distribution::yocto);
    CHECK(distribution_with("ID=acme\nID_LIKE=\"poky\"\n") == Distribution::yocto);
    CHECK(distribution_with("ID=acme\nCPE_NAME=\"cpe:/o:openembedded:acme:5.0.18\"\n") == Distribution::yocto);
    CHECK(distribution_with("ID=acme\n", "/var/lib/opkg") == Distribution::yocto);
    CHECK(distribution_with("ID=acme\n", "/usr/lib/libcuda.so.1.1") == Distribution::yocto);
    CHECK(distribution_with("ID=acme\n") == Distribution::other);
    // Signs that weigh less than a distribution's own word.
    CHECK(distribution_with("ID=ubuntu\n", "/var/lib/opkg") == Distribution::ubuntu);
    CHECK(distribution_with("ID=debian\n", "/etc/opkg") == Distribution::other);
    CHECK(distribution_with("ID=pokyish\n") == Distribution::other);
}

TEST_CASE("os-release may lie in /usr/lib, and its source is told") {
    const TempRoot board;
    board.write("/usr/lib/os-release", "ID=ubuntu\n");
    Fact<Distribution> distribution = read_distribution(SystemRoot(board.directory()));
    CHECK(*distribution == Distribution::ubuntu);
    CHECK(distribution.source() == "/usr/lib/os-release, ID");
    board.link("/etc/os-release", "os-release");
    CHECK(read_distribution(SystemRoot(board.directory())).lacks(Lack::not_understood));
    const TempRoot bare;
    bare.write("/etc/NIXOS", "");
    CHECK(*read_distribution(SystemRoot(bare.directory())) == Distribution::nixos);
}

TEST_CASE("the boot id has one form") {
    const TempRoot board;
    const SystemRoot root(board.directory());
    CHECK(read_boot_id(root).lacks(Lack::not_there));
    board.write("/proc/sys/kernel/random/boot_id", "0f0c1b5e-5a0c-4c7e-8f5e-3a1b2c3d4e5f\n");
    CHECK(*read_boot_id(root) == "0f0c1b5e-5a0c-4c7e-8f5e-3a1b2c3d4e5f");
    board.write("/proc/sys/kernel/random/boot_id", "none\n");
    CHECK(read_boot_id(root).lacks(Lack::not_understood));
}

TEST_CASE("no content makes these misbehave") {
    const TempRoot board;
    for (unsigned seed = 0; seed < 60; ++seed) {
        board.write("/etc/os-release", testing::mutated("ID=\"ubuntu\"\nID_LIKE='debian'\nCPE_NAME=\"x\"\n", seed));
        board.write("/proc/1/environ", testing::random_bytes(seed, 80));
        const SystemRoot root(board.directory());
        CHECK(read_distribution(root).known());
        CHECK(read_environment(root).known());
    }
}

}  // namespace jetcuda
