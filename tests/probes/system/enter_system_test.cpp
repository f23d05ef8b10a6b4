// A NixOS system that is not running, seen by the links that a switch to it would set.

#include <doctest/doctest.h>

#include "probes/system/system_root.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

// A running system and an incoming one, in one store.
struct Board {
    Board() {
        for (const std::string name : {"now", "next"}) {
            root.write("/nix/store/" + name + "-etc/etc/os-release", name);
            root.write("/nix/store/" + name + "-etc/etc/tmpfiles.d/graphics-driver.conf",
                       "L+ /run/opengl-driver - - - - /nix/store/" + name + "-drivers\n");
            root.write("/nix/store/" + name + "-drivers/lib/libcuda.so.1", name);
            root.write("/nix/store/" + name + "-system/nixos-version", name);
            root.link("/nix/store/" + name + "-system/etc", "/nix/store/" + name + "-etc/etc");
        }
        root.write("/nix/store/next-etc/etc/only-next", "next");
        root.write("/nix/store/now-etc/etc/only-now", "now");
        root.link("/run/current-system", "/nix/store/now-system");
        root.link("/run/booted-system", "/nix/store/now-system");
        root.link("/run/opengl-driver", "/nix/store/now-drivers");
        root.link("/etc/static", "/nix/store/now-etc/etc");
        root.link("/etc/os-release", "/etc/static/os-release");
        root.link("/etc/only-now", "/etc/static/only-now");
        root.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        root.write("/proc/modules", "nvgpu 1 0 - Live 0x0\n");
    }
    [[nodiscard]] std::string refusal(const std::string& system) const {
        try {
            const SystemRoot seen(root.directory(), system);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    }
    TempRoot root;
};

}  // namespace

TEST_CASE("without a system, everything is as it is") {
    const Board board;
    const SystemRoot root(board.root.directory());
    CHECK(root.incoming_system().empty());
    CHECK(*root.read("/etc/os-release") == "now");
    CHECK(*root.read("/run/opengl-driver/lib/libcuda.so.1") == "now");
    CHECK_FALSE(root.exists("/etc/only-next"));
}

TEST_CASE("with one, the links lead where a switch would let them lead") {
    const Board board;
    const SystemRoot root(board.root.directory(), "/nix/store/next-system");
    CHECK(root.incoming_system() == "/nix/store/next-system");
    CHECK(*root.read("/etc/os-release") == "next");
    CHECK(*root.read("/etc/static/os-release") == "next");
    CHECK(*root.read("/etc/only-next") == "next");
    CHECK(*root.read("/run/current-system/nixos-version") == "next");
    CHECK(root.resolve("/run/opengl-driver/lib/libcuda.so.1")->inside == "/nix/store/next-drivers/lib/libcuda.so.1");
    CHECK_FALSE(root.exists("/etc/only-now"));  // it stands by a link into the etc that goes away
}

TEST_CASE("what no switch changes stays the root's own") {
    const Board board;
    const SystemRoot root(board.root.directory(), "/nix/store/next-system");
    CHECK(*root.read("/run/booted-system/nixos-version") == "now");
    CHECK(*root.read("/run/booted-system/etc/os-release") == "now");
    CHECK(root.read("/etc/passwd").known());
    CHECK(root.read("/proc/modules").known());
    CHECK(*root.read("/nix/store/now-system/nixos-version") == "now");
}

TEST_CASE("a system without a driver has none, whatever is linked now") {
    const Board board;
    board.root.remove("/nix/store/next-etc/etc/tmpfiles.d");
    const SystemRoot root(board.root.directory(), "/nix/store/next-system");
    CHECK_FALSE(root.exists("/run/opengl-driver/lib/libcuda.so.1"));
    CHECK(root.status("/run/opengl-driver").lacks(Lack::not_there));
}

TEST_CASE("an image without /run has the links too, and the system may be named by a link") {
    const Board board;
    board.root.remove("/run");
    board.root.link("/nix/var/nix/profiles/system", "/nix/store/next-system");
    const SystemRoot root(board.root.directory(), "/nix/var/nix/profiles/system");
    CHECK(root.incoming_system() == "/nix/store/next-system");
    CHECK(*root.read("/run/opengl-driver/lib/libcuda.so.1") == "next");
    CHECK(*root.read("/run/current-system/nixos-version") == "next");
    CHECK_FALSE(root.exists("/run/booted-system"));
}

TEST_CASE("a path that is no NixOS system is refused, with the way out") {
    const Board board;
    board.root.write("/home/x/file", "");
    board.root.write("/nix/store/half-system/nixos-version", "");
    for (const char* path :
         {"", "result", "/nix/store/none-system", "/home/x", "/home/x/file", "/nix/store/half-system"}) {
        CAPTURE(path);
        const std::string why = board.refusal(path);
        CHECK(why.find(path) != std::string::npos);
        CHECK(why.find("readlink -f result") != std::string::npos);
    }
    CHECK(board.refusal("/nix/store/next-system").empty());
}

TEST_CASE("links of a system that lead out, or round and round, do neither") {
    const Board board;
    board.root.write("/nix/store/next-etc/etc/tmpfiles.d/graphics-driver.conf",
                     "L+ /run/opengl-driver - - - - /run/opengl-driver\n");
    const SystemRoot round(board.root.directory(), "/nix/store/next-system");
    CHECK(round.read("/run/opengl-driver/lib/libcuda.so.1").lacks(Lack::not_understood));
    board.root.write("/nix/store/next-etc/etc/tmpfiles.d/graphics-driver.conf",
                     "L+ /run/opengl-driver - - - - /../../../../etc\n");
    const SystemRoot out(board.root.directory(), "/nix/store/next-system");
    CHECK(*out.read("/run/opengl-driver/os-release") == "next");
}

}  // namespace jetcuda
