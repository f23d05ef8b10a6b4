#include "probes/platform/nix_system.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string hash = "/nix/store/1a2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s-";
const std::string system_path = hash + "nixos-system-orin";
const std::string modules = hash + "kernel-modules/lib/modules/5.15.185";

struct SmallBoard {
    SmallBoard() {
        root.write(system_path + "/nixos-version", "26.05");
        root.link(system_path + "/etc", hash + "etc/etc");
        root.link(system_path + "/kernel-modules", hash + "kernel-modules");
        root.write(hash + "etc/etc/tmpfiles.d/graphics-driver.conf",
                   "L+ /run/opengl-driver - - - - " + hash + "graphics-drivers\n");
        root.write(hash + "nvidia-l4t-core-36.5.0-20260115194252/etc/nv_tegra_release", "# R36");
        root.link(hash + "etc/etc/nv_tegra_release",
                  hash + "nvidia-l4t-core-36.5.0-20260115194252/etc/nv_tegra_release");
        root.write(hash + "nvidia-l4t-cuda-36.5.0-20260115194252/lib/libcuda.so.1", "elf");
        root.link(hash + "graphics-drivers/lib", hash + "nvidia-l4t-cuda-36.5.0-20260115194252/lib");
        ElfRecipe module;
        module.modinfo = {{"name", "nvgpu"}, {"vermagic", "5.15.185 SMP"}};
        root.write(hash + "l4t-oot-modules-36.4.4/nvgpu.ko", write_kernel_module(module).bytes);
        root.write(modules + "/modules.dep", "updates/nvgpu.ko:\n");
        root.link(modules + "/updates/nvgpu.ko", hash + "l4t-oot-modules-36.4.4/nvgpu.ko");
        root.link("/run/booted-system", system_path);
        module_fact.running.name = "nvgpu";
    }
    [[nodiscard]] Fact<NixSystem> read(const std::optional<std::string>& incoming = std::nullopt) const {
        const Fact<GpuModule> gpu = {module_fact, "/proc/modules"};
        return read_nix_system(SystemRoot(root.directory(), incoming), booted_nix_system, {kernel_modules, gpu});
    }
    TempRoot root;
    GpuModule module_fact;
    Fact<KernelModules> kernel_modules;
};

}  // namespace

TEST_CASE("a system tells its libcuda and its modules, each with its release") {
    const SmallBoard board;
    const Fact<NixSystem> system = board.read();
    REQUIRE(system.known());
    CHECK(system->path == system_path);
    CHECK(system->libcuda == hash + "nvidia-l4t-cuda-36.5.0-20260115194252/lib/libcuda.so.1");
    CHECK(system->libcuda_l4t == L4tRelease{36, 5, 0});
    CHECK(system->modules == modules);
    CHECK(system->modules_l4t == L4tRelease{36, 4, 4});  // the module's own store path, before that of its system
    CHECK(system.source() == "/run/booted-system");
}

TEST_CASE("a module that came with the kernel is of its system's release") {
    const SmallBoard board;
    board.root.remove(modules + "/updates/nvgpu.ko");
    board.root.write(modules + "/updates/nvgpu.ko", "no matter");
    CHECK(board.read()->modules_l4t == L4tRelease{36, 5, 0});
}

TEST_CASE("modules that the run has looked at are not looked up again") {
    SmallBoard board;
    board.kernel_modules = {KernelModules{"/run/booted-system/kernel-modules/lib/modules/5.15.185", {}}, "there"};
    ModuleFile file;
    file.path = modules + "/updates/nvgpu.ko";
    board.module_fact.file = {file, file.path};
    const Fact<GpuModule> gpu = {board.module_fact, "/proc/modules"};
    const SystemRoot root(board.root.directory());
    CHECK(read_nix_system(root, booted_nix_system, {board.kernel_modules, gpu})->modules_l4t == L4tRelease{36, 4, 4});
    CHECK(root.read_counts().count(modules + "/modules.dep") == 0);
}

TEST_CASE("what a system does not have stays empty") {
    const SmallBoard board;
    board.root.remove(hash + "etc/etc/tmpfiles.d");
    board.root.remove(hash + "kernel-modules");
    const Fact<NixSystem> system = board.read();
    REQUIRE(system.known());
    CHECK(system->libcuda.empty());
    CHECK_FALSE(system->libcuda_l4t);
    CHECK(system->modules.empty());
    CHECK_FALSE(system->modules_l4t);
}

TEST_CASE("the incoming system may be the booted one") {
    const SmallBoard board;
    CHECK(board.read(system_path)->libcuda_l4t == L4tRelease{36, 5, 0});
}

TEST_CASE("anything else is no NixOS system") {
    const SmallBoard board;
    board.root.remove("/run/booted-system");
    CHECK(board.read().lacks(Lack::not_there));
    board.root.make_directory("/run/booted-system");
    CHECK(board.read().lacks(Lack::not_there));
}
