// The GPU's module: whether it runs, which file stands for it, and of which release it is.

#include "probes/driver/gpu_module.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string kernel = "/usr/lib/modules/5.15.185-tegra";

Fact<Board> board_of(const std::string& module) {
    SocRecord soc;
    soc.id = module == "nvidia" ? "T264" : "T234";
    soc.gpu_module = module;
    Board board;
    board.tegra = true;
    board.soc = soc;
    return {board, "/proc/device-tree/compatible"};
}

const Fact<DpkgPackages> oot_modules{
    DpkgPackages{
        {{"nvidia-l4t-kernel-oot-modules", "5.15.185-tegra-36.5.0-20260115194252", "arm64", "installed", true}}},
    "/var/lib/dpkg/status"};

std::string module_bytes(const std::string& name, const std::string& build_id) {
    ElfRecipe recipe;
    recipe.build_id = build_id;
    recipe.modinfo = {{"name", name}, {"vermagic", "5.15.185-tegra SMP"}};
    return write_kernel_module(recipe).bytes;
}

// An Orin with nvgpu loaded and installed, as R36 packages lay it out.
struct Orin {
    TempRoot root;
    Orin() {
        root.write("/proc/modules", "nvgpu 2654208 23 - Live 0x0 (O)\nnvmap 204800 79 nvgpu, Live 0x0 (O)\n");
        root.write("/sys/module/nvgpu/initstate", "live\n");
        root.write("/sys/module/nvgpu/notes/.note.gnu.build-id", detail::note("GNU", 3, "0123"));
        root.write(kernel + "/updates/nvgpu.ko", module_bytes("nvgpu", "0123"));
        root.write(kernel + "/modules.dep", "updates/nvgpu.ko:\n");
        root.write("/var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list",
                   "/.\n/lib\n/lib/modules/5.15.185-tegra/updates/nvgpu.ko\n");
        root.link("/lib", "usr/lib");
    }
};

Fact<GpuModule> read(const TempRoot& root, const Fact<Board>& board, const Fact<DpkgPackages>& packages = oot_modules,
                     bool in_container = false) {
    const Fact<KernelModules> modules{KernelModules{"/lib/modules/5.15.185-tegra", {}}, "/lib/modules"};
    return read_gpu_module(SystemRoot(root.directory()), {board, modules, packages, in_container});
}

}  // namespace

TEST_CASE("a loaded module, its file and the package that brought it") {
    const Orin orin;
    const Fact<GpuModule> module = read(orin.root, board_of("nvgpu"));
    REQUIRE(module.known());
    CHECK(module->running.presence == ModulePresence::loaded);
    CHECK(module->running.build_id == "30313233");
    CHECK(module->running.version.empty());
    CHECK_FALSE(module->uvm.has_value());
    REQUIRE(module->file.known());
    CHECK(module->file->path == "/lib/modules/5.15.185-tegra/updates/nvgpu.ko");
    CHECK(module->file->build_id == module->running.build_id);
    REQUIRE(module->release.known());
    CHECK(module->release->l4t == L4tRelease{36, 5, 0});
    CHECK(module->release->driver_version.empty());
}

TEST_CASE("nvidia being loaded says nothing about nvgpu") {
    const Orin orin;
    orin.root.write("/proc/modules", "nvidia 14913536 6 - Live 0x0 (O)\nnvgpu_extra 1 0 - Live 0x0\n");
    orin.root.remove("/sys/module/nvgpu");
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::absent);
}

TEST_CASE("a module is built in by its folder without initstate, or by modules.builtin") {
    const Orin orin;
    orin.root.write("/proc/modules", "");
    orin.root.remove("/sys/module/nvgpu/initstate");
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::built_in);
    orin.root.remove("/sys/module/nvgpu");
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::absent);
    orin.root.write(kernel + "/modules.builtin", "kernel/drivers/gpu/nvgpu/nvgpu.ko\n");
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::built_in);
    orin.root.remove("/proc/modules");  // an image at rest: nothing runs that it could be built into
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::absent);
}

TEST_CASE("a module that is going away or was refused is not loaded") {
    const Orin orin;
    orin.root.write("/proc/modules", "");
    orin.root.write("/sys/module/nvgpu/initstate", "coming\n");
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::absent);
}

TEST_CASE("where /proc/modules is no list, sysfs decides, or nobody knows") {
    const Orin orin;
    orin.root.remove("/proc/modules");
    orin.root.make_directory("/proc/modules");
    CHECK(read(orin.root, board_of("nvgpu"))->running.presence == ModulePresence::loaded);
    orin.root.remove("/sys/module/nvgpu");
    CHECK_FALSE(read(orin.root, board_of("nvgpu")).known());
}

TEST_CASE("Thor needs nvidia-uvm, and its module carries a driver number") {
    const TempRoot thor;
    thor.write("/proc/modules", "nvidia_uvm 1 0 - Live 0x0\nnvidia 14913536 61 nvidia_uvm, Live 0x0\n");
    thor.write("/sys/module/nvidia/initstate", "live\n");
    thor.write("/sys/module/nvidia/version", "595.78\n");
    thor.write("/sys/module/nvidia/srcversion", "ABC\n");
    const Fact<GpuModule> module = read(thor, board_of("nvidia"), Missing{});
    REQUIRE(module.known());
    CHECK(module->running.version == "595.78");
    CHECK(module->running.srcversion == "ABC");
    REQUIRE(module->uvm.has_value());
    CHECK(module->uvm->presence == ModulePresence::loaded);
    REQUIRE(module->release.known());
    CHECK(module->release->driver_version == "595.78");
    CHECK(module->release.source() == "/sys/module/nvidia/version");

    thor.write("/sys/module/nvidia/version", "TempVersion\n");
    thor.write("/proc/modules", "nvidia 14913536 61 - Live 0x0\n");
    const Fact<GpuModule> r38 = read(thor, board_of("nvidia"), Missing{});
    CHECK(r38->release.lacks(Lack::not_there));
    CHECK(r38->uvm->presence == ModulePresence::absent);
}

TEST_CASE("a package does not speak for a loaded module that is another build") {
    const Orin orin;
    orin.root.write(kernel + "/updates/nvgpu.ko", module_bytes("nvgpu", "4567"));
    const Fact<GpuModule> module = read(orin.root, board_of("nvgpu"));
    CHECK(module->file.known());
    CHECK(module->release.lacks(Lack::not_there));
}

TEST_CASE("a module that no package brought has no recorded release") {
    const Orin orin;
    orin.root.write("/var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list", "/.\n");
    CHECK(read(orin.root, board_of("nvgpu"))->release.lacks(Lack::not_there));
    CHECK(read(orin.root, board_of("nvgpu"), Missing{})->release.lacks(Lack::not_there));
}

TEST_CASE("on NixOS the store path names the release, or the booted system's L4T files do") {
    const Orin orin;
    const std::string store = "/nix/store/7h8j9k0l1m2n3p4q5r6s7v8w9x0y1z2a-l4t-oot-modules-36.5.0/lib";
    orin.root.remove(kernel + "/updates");
    orin.root.write(store + "/updates/nvgpu.ko", module_bytes("nvgpu", "0123"));
    orin.root.link(kernel + "/updates", store + "/updates");
    CHECK(read(orin.root, board_of("nvgpu"), Missing{})->release->l4t == L4tRelease{36, 5, 0});

    const std::string linux_store = "/nix/store/9k0l1m2n3p4q5r6s7v8w9x0y1z2a3b4c-linux-5.10.216/lib";
    orin.root.remove(kernel + "/updates");
    orin.root.write(linux_store + "/updates/nvgpu.ko", module_bytes("nvgpu", "0123"));
    orin.root.link(kernel + "/updates", linux_store + "/updates");
    CHECK(read(orin.root, board_of("nvgpu"), Missing{})->release.lacks(Lack::not_there));
    const std::string core = "/nix/store/1a2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s-nvidia-l4t-core-35.6.4-20260126234748";
    orin.root.write(core + "/etc/nv_tegra_release", "# R35 (release)");
    orin.root.link("/run/booted-system/etc/nv_tegra_release", core + "/etc/nv_tegra_release");
    CHECK(read(orin.root, board_of("nvgpu"), Missing{})->release->l4t == L4tRelease{35, 6, 4});
}

TEST_CASE("in a container the loaded module is seen, and files and packages are the host's affair") {
    const Orin orin;
    const Fact<GpuModule> module = read(orin.root, board_of("nvgpu"), oot_modules, true);
    CHECK(module->running.presence == ModulePresence::loaded);
    CHECK(module->file.lacks(Lack::not_asked));
    CHECK(module->release.lacks(Lack::not_there));
}

TEST_CASE("without a SoC nobody knows which module to look for") {
    const Orin orin;
    Board unknown;
    CHECK(read(orin.root, Fact<Board>{unknown, "x"}).lacks(Lack::not_asked));
    CHECK(read(orin.root, Missing{Lack::not_readable, "closed", "x"}).lacks(Lack::not_readable));
}

TEST_CASE("mutated lists and notes do no harm") {
    const Orin orin;
    const std::string list = "nvgpu 2654208 23 - Live 0x0 (O)\nnvmap 204800 79 nvgpu, Live 0x0 (O)\n";
    for (unsigned seed = 0; seed < 3000; ++seed) (void)parse_loaded_modules(mutated(list, seed));
    for (unsigned seed = 0; seed < 100; ++seed) {
        orin.root.write("/proc/modules", mutated(list, seed));
        orin.root.write("/sys/module/nvgpu/notes/.note.gnu.build-id", random_bytes(seed, 60));
        CHECK(read(orin.root, board_of("nvgpu")).known());
    }
}
