#include "probes/platform/pending_reboot.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

// A board and what else is known of it; none of it, where a test does not set it.
struct SmallBoard {
    [[nodiscard]] PendingReboot read() const {
        const SystemRoot seen(root.directory());
        const KnownModules known{kernel_modules, gpu_module};
        const Fact<NixSystem> booted = read_nix_system(seen, booted_nix_system, known);
        const Fact<PendingReboot> pending = read_pending_reboot(seen, {kernel, packages, booted, known});
        REQUIRE(pending.known());
        CHECK(pending->reasons.size() == pending->sources.size());
        return *pending;
    }
    void runs(const std::string& release) { kernel = {release, "/proc/sys/kernel/osrelease"}; }
    void has_kernel_package(const std::string& version) {
        DpkgPackages known;
        known.packages.push_back({"nvidia-l4t-kernel", version, "arm64", "installed", true});
        packages = {known, "/var/lib/dpkg/status"};
    }
    TempRoot root;
    Fact<std::string> kernel;
    Fact<DpkgPackages> packages;
    Fact<KernelModules> kernel_modules;
    Fact<GpuModule> gpu_module;
};

void put_system(const TempRoot& root, const std::string& name, const std::string& kernel, const std::string& l4t) {
    const std::string system = "/nix/store/" + name + "-system";
    const std::string driver = "/nix/store/1a2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s-nvidia-l4t-cuda-" + l4t;
    root.write("/nix/store/" + kernel + "/Image", "");
    root.write(system + "/nixos-version", "");
    root.write(system + "/kernel-params", "init=" + system + "/init loglevel=4");
    root.write(system + "/etc/tmpfiles.d/graphics-driver.conf", "L+ /run/opengl-driver - - - - " + driver + "\n");
    root.write(driver + "/lib/libcuda.so.1", "");
    root.link(system + "/kernel", "/nix/store/" + kernel + "/Image");
}

}  // namespace

TEST_CASE("where nothing asks for a restart, none is pending") {
    const SmallBoard board;
    CHECK(board.read().reasons.empty());
    CHECK(board.read().other_packages.empty());
}

TEST_CASE("Ubuntu's note counts by the packages it names") {
    const SmallBoard board;
    board.root.write("/run/reboot-required", "*** System restart required ***\n");
    CHECK(board.read().reasons.front() == "/run/reboot-required asks for it and names no package");
    board.root.write("/run/reboot-required.pkgs", "libc6\ndbus\nlibc6\n");
    CHECK(board.read().reasons.empty());
    CHECK(board.read().other_packages == std::vector<std::string>{"libc6", "dbus"});
    board.root.write("/run/reboot-required.pkgs", "libc6\nlinux-image-5.15.0-1034-nvidia-tegra\nlinux-base\n");
    CHECK(board.read().reasons.front() ==
          "/run/reboot-required.pkgs names linux-image-5.15.0-1034-nvidia-tegra, linux-base");
    CHECK(board.read().sources.front() == "/run/reboot-required.pkgs");
}

TEST_CASE("the kernel's package brings another kernel than the one that runs") {
    SmallBoard board;
    board.runs("5.15.148-tegra");
    board.has_kernel_package("5.15.185-tegra-36.5.0-20260115194252");
    CHECK(board.read().reasons.front() ==
          "the kernel 5.15.148-tegra is running, and the package nvidia-l4t-kernel has installed "
          "5.15.185-tegra-36.5.0-20260115194252");
    board.runs("5.15.185-tegra");
    CHECK(board.read().reasons.empty());
    board.runs("6.8.12-1021-tegra");
    board.has_kernel_package("6.8.12-tegra-39.2.0-20260601141651");
    CHECK(board.read().reasons.empty());
}

TEST_CASE("no restart brings the package's kernel where the running one is newer: it came another way") {
    SmallBoard board;
    board.has_kernel_package("5.15.185-tegra-36.5.0-20260115194252");
    board.runs("5.15.199-tegra");
    CHECK(board.read().reasons.empty());
    board.runs("5.15.99-tegra");
    CHECK_FALSE(board.read().reasons.empty());
}

TEST_CASE("a kernel of the user's own waits for nothing") {
    SmallBoard board;
    board.has_kernel_package("5.15.185-tegra-36.5.0-20260115194252");
    board.runs("6.12.7");
    CHECK(board.read().reasons.empty());
    board.runs("5.15.199-tegra");  // built by somebody, with its modules
    GpuModule module;
    module.file = {ModuleFile{"/lib/modules/5.15.199-tegra/updates/nvgpu.ko", "", "", "", ""}, "there"};
    board.gpu_module = {module, "/proc/modules"};
    CHECK(board.read().reasons.empty());
    board.gpu_module.value().file = Missing{Lack::not_there, "no such module", "/lib/modules"};
    CHECK(board.read().reasons.empty());  // kernel-modules-are-installed says what is wrong with it
    board.runs("5.15.148-tegra");
    CHECK(board.read().reasons.size() == 1);
}

TEST_CASE("NixOS keeps the booted system beside the current one") {
    const SmallBoard board;
    put_system(board.root, "a", "linux-5.15.185", "36.5.0-1");
    put_system(board.root, "b", "linux-5.15.185", "36.5.0-2");
    put_system(board.root, "c", "linux-5.15.148", "36.4.4-1");
    board.root.link("/run/booted-system", "/nix/store/a-system");
    const auto pending_with = [&](const std::string& current) {
        board.root.remove("/run/current-system");
        board.root.link("/run/current-system", "/nix/store/" + current + "-system");
        return board.read();
    };
    CHECK(pending_with("a").reasons.empty());
    CHECK(pending_with("b").reasons.empty());  // another system, with the same kernel and driver
    const PendingReboot pending = pending_with("c");
    REQUIRE(pending.reasons.size() == 2);
    CHECK(pending.reasons[0] ==
          "the kernel of the current system is /nix/store/linux-5.15.148/Image, that of the booted one "
          "/nix/store/linux-5.15.185/Image");
    CHECK(pending.reasons[1] == "libcuda of the current system is of L4T 36.4.4, that of the booted one of 36.5.0");
    board.root.write("/nix/store/b-system/kernel-params", "init=/nix/store/b-system/init loglevel=7");
    CHECK(pending_with("b").reasons.front() ==
          "the parameters in /nix/store/b-system/kernel-params are not those that the kernel was started with, in "
          "/nix/store/a-system/kernel-params");
    board.root.remove("/run/booted-system");
    CHECK(pending_with("c").reasons.empty());
}

TEST_CASE("upstream's version stands at the begin of a kernel's") {
    CHECK(upstream_version("5.15.185-tegra") == "5.15.185");
    CHECK(upstream_version("6.8.12-tegra-39.2.0-20260601141651") == "6.8.12");
    CHECK(upstream_version("6.12") == "6.12");
    for (const char* text : {"", "-", "5", "tegra", "5.x-tegra", "5..1", "1.2.3.4.5"}) {
        CAPTURE(text);
        CHECK(upstream_version(text).empty());
    }
    CHECK(holds_kernel_or_driver("nvidia-l4t-kernel"));
    CHECK_FALSE(holds_kernel_or_driver("libc6"));
}

TEST_CASE("any bytes in the note are lived through") {
    SmallBoard board;
    board.root.write("/run/reboot-required", "");
    for (unsigned seed = 0; seed < 500; ++seed) {
        board.root.write("/run/reboot-required.pkgs", random_bytes(seed, 2000));
        board.has_kernel_package(random_bytes(seed, 60));
        board.runs(mutated("5.15.185-tegra", seed));
        CHECK(board.read().reasons.size() <= 2);
    }
}
