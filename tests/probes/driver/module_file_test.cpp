// Modules as files: which one counts, and what it says of itself. Our choice and our reading are held to libkmod's,
// whose own use is described in the header.

#include "probes/driver/module_file.hpp"

#include <cstdlib>
#include <map>
#include <memory>

#include <doctest/doctest.h>
#include <libkmod.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/packing.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string kernel = "/lib/modules/6.8.12-1021-tegra";

std::string module_bytes(const std::string& name, const std::string& version = "595.78") {
    ElfRecipe recipe;
    recipe.build_id = "id of " + version;
    recipe.modinfo = {{"license", "Dual MIT/GPL"},
                      {"version", version},
                      {"srcversion", "C0FFEE" + version},
                      {"depends", ""},
                      {"name", name},
                      {"vermagic", "6.8.12-1021-tegra SMP preempt mod_unload modversions aarch64"}};
    return write_kernel_module(recipe).bytes;
}

Fact<ModuleFile> find(const TempRoot& board, const std::string& name) {
    return find_module_file(SystemRoot(board.directory()), kernel, name);
}

// Runs depmod on the board's modules; false where there is no depmod.
bool index_with_depmod(const TempRoot& board) {
    for (const char* program : {"/sbin/depmod", "/usr/sbin/depmod", "/usr/bin/depmod"}) {
        if (::access(program, X_OK) != 0) continue;
        board.write(kernel + "/modules.order", "");
        board.write(kernel + "/modules.builtin", "");
        board.write(kernel + "/modules.builtin.modinfo", "");
        const std::string base = board.directory().string();
        const std::string config = board.on_host("/etc/depmod.d").string();
        const pid_t child = ::fork();
        if (child == 0) {
            ::execl(program, "depmod", "-b", base.c_str(), "-C", config.c_str(), "6.8.12-1021-tegra", nullptr);
            ::_exit(127);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(status == 0);
        return true;
    }
    return false;
}

struct KmodView {
    std::string path;
    std::map<std::string, std::string> info;
};

KmodView ask_kmod(const TempRoot& board, const std::string& name) {
    const char* const no_config = nullptr;
    const std::unique_ptr<kmod_ctx, kmod_ctx* (*)(kmod_ctx*)> context(
        kmod_new(board.on_host(kernel).c_str(), &no_config), kmod_unref);
    REQUIRE(context != nullptr);
    KmodView view;
    kmod_list* found = nullptr;
    REQUIRE(kmod_module_new_from_lookup(context.get(), name.c_str(), &found) >= 0);
    REQUIRE(found != nullptr);
    kmod_module* module = kmod_module_get_module(found);
    view.path = kmod_module_get_path(module);
    kmod_list* info = nullptr;
    REQUIRE(kmod_module_get_info(module, &info) >= 0);
    for (kmod_list* entry = info; entry != nullptr; entry = kmod_list_next(info, entry)) {
        view.info.emplace(kmod_module_info_get_key(entry), kmod_module_info_get_value(entry));
    }
    kmod_module_info_free_list(info);
    kmod_module_unref(module);
    kmod_module_unref_list(found);
    return view;
}

}  // namespace

TEST_CASE("file names become module names") {
    CHECK(module_name_of("updates/opensource-gpu-disp/nvidia-uvm.ko") == "nvidia_uvm");
    CHECK(module_name_of("nvgpu.ko.xz") == "nvgpu");
    CHECK(module_name_of("nvgpu.ko.zst") == "nvgpu");
    CHECK(module_name_of("/a/b/nvgpu.ko.gz") == "nvgpu");
    CHECK(module_name_of("modules.dep").empty());
    CHECK(module_name_of("nvgpu.ko.bak").empty());
    CHECK(module_name_of("").empty());
}

TEST_CASE("modules.dep decides which of two files counts") {
    const TempRoot board;
    board.write(kernel + "/updates/opensrc-disp/nvidia.ko", module_bytes("nvidia", "1.0"));
    board.write(kernel + "/updates/opensource-gpu-disp/nvidia.ko", module_bytes("nvidia", "2.0"));
    board.write(
        kernel + "/modules.dep",
        "kernel/other.ko: updates/opensrc-disp/nvidia.ko\nupdates/opensource-gpu-disp/nvidia.ko: kernel/o.ko\n");
    const Fact<ModuleFile> file = find(board, "nvidia");
    REQUIRE(file.known());
    CHECK(file->path == kernel + "/updates/opensource-gpu-disp/nvidia.ko");
    CHECK(file->version == "2.0");
    CHECK(file->srcversion == "C0FFEE2.0");
    CHECK(file->vermagic == "6.8.12-1021-tegra SMP preempt mod_unload modversions aarch64");
    CHECK(file->build_id == "6964206f6620322e30");
}

TEST_CASE("packed modules answer as plain ones do") {
    const std::pair<Packing, std::string> kinds[] = {
        {Packing::gzip, ".gz"}, {Packing::xz, ".xz"}, {Packing::zstd, ".zst"}};
    for (const auto& [packing, suffix] : kinds) {
        const TempRoot board;
        board.write(kernel + "/updates/nvgpu.ko" + suffix, packed_as(packing, module_bytes("nvgpu")));
        board.write(kernel + "/modules.dep", "updates/nvgpu.ko" + suffix + ":\n");
        const Fact<ModuleFile> file = find(board, "nvgpu");
        REQUIRE(file.known());
        CHECK(file->version == "595.78");
        CHECK_FALSE(file->build_id.empty());
    }
}

TEST_CASE("links into the store of the root are followed below it") {
    const TempRoot board;
    board.write("/nix/store/x-l4t-oot-modules-36.5.0/updates/nvgpu.ko", module_bytes("nvgpu"));
    board.write(kernel + "/modules.dep", "updates/nvgpu.ko:\n");
    board.link(kernel + "/updates", "/nix/store/x-l4t-oot-modules-36.5.0/updates");
    CHECK(find(board, "nvgpu").known());
}

TEST_CASE("without modules.dep the folders are searched in depmod's order") {
    const TempRoot board;
    board.write(kernel + "/kernel/drivers/gpu/nvgpu/nvgpu.ko", module_bytes("nvgpu", "1.0"));
    CHECK(find(board, "nvgpu")->version == "1.0");
    board.write(kernel + "/updates/drivers/gpu/nvgpu.ko", module_bytes("nvgpu", "2.0"));
    CHECK(find(board, "nvgpu")->version == "2.0");
    board.write(kernel + "/updates/opensource-gpu-disp/nvidia.ko", module_bytes("nvidia", "3.0"));
    board.write(kernel + "/updates/a/nvidia.ko", module_bytes("nvidia", "4.0"));
    CHECK(find(board, "nvidia")->version == "3.0");
    board.link(kernel + "/updates/circle", "..");
    CHECK(find(board, "nothing").lacks(Lack::not_there));
}

TEST_CASE("what is missing is named") {
    const TempRoot board;
    board.write(kernel + "/modules.dep", "kernel/other.ko:\n");
    CHECK(find(board, "nvgpu").missing().why == kernel + "/modules.dep names no module nvgpu");
    board.write(kernel + "/modules.dep", "updates/nvgpu.ko:\n");
    CHECK(find(board, "nvgpu").lacks(Lack::not_there));
    CHECK(find(board, "nvgpu").missing().why == kernel + "/updates/nvgpu.ko does not exist");
}

TEST_CASE("damaged modules are not understood, each for its reason") {
    const TempRoot board;
    board.write(kernel + "/modules.dep", "nvgpu.ko:\n");
    const auto reason = [&](const std::string& bytes) {
        board.write(kernel + "/nvgpu.ko", bytes);
        const Fact<ModuleFile> file = find(board, "nvgpu");
        REQUIRE(file.lacks(Lack::not_understood));
        return file.missing().why.substr(kernel.size() + std::string("/nvgpu.ko is damaged: ").size());
    };
    CHECK(reason("") == "empty");
    CHECK(reason("not a module at all, but longer than a header; it goes on and on until here") == "not an ELF file");
    CHECK(reason(write_shared_object({}).bytes) == "it is no relocatable ELF file");
    CHECK(reason(write_kernel_module({}).bytes) == "it has no section .modinfo");
    CHECK(reason(packed_as(Packing::xz, module_bytes("nvgpu")).substr(0, 60)) == "its xz data are damaged or cut off");
    CHECK(reason(module_bytes("nvgpu").substr(0, 200)).find("leaves the file") != std::string::npos);
}

TEST_CASE("a module of a few fields has only those") {
    const TempRoot board;
    ElfRecipe recipe;
    recipe.modinfo = {{"vermagic", "5.10 \x1b[31m"}, {"vermagic", "second"}, {"version", ""}};
    board.write(kernel + "/modules.dep", "nvgpu.ko:\n");
    board.write(kernel + "/nvgpu.ko", write_kernel_module(recipe).bytes);
    const Fact<ModuleFile> file = find(board, "nvgpu");
    REQUIRE(file.known());
    CHECK(file->vermagic == "5.10 ?[31m");
    CHECK(file->version.empty());
    CHECK(file->build_id.empty());
}

TEST_CASE("built-in modules are in their list") {
    const TempRoot board;
    board.write(kernel + "/modules.builtin", "kernel/drivers/gpu/host1x/host1x.ko\nkernel/nvidia-uvm.ko\n");
    const SystemRoot root(board.directory());
    CHECK(is_built_in(root, kernel, "host1x"));
    CHECK(is_built_in(root, kernel, "nvidia_uvm"));
    CHECK_FALSE(is_built_in(root, kernel, "nvgpu"));
    CHECK_FALSE(is_built_in(root, "/lib/modules/none", "host1x"));
}

TEST_CASE("depmod and libkmod choose and read as we do") {
    const TempRoot board;
    board.write(kernel + "/kernel/nvgpu.ko", module_bytes("nvgpu", "1.0"));
    board.write(kernel + "/updates/nvgpu.ko.xz", packed_as(Packing::xz, module_bytes("nvgpu", "2.0")));
    board.write(kernel + "/updates/opensrc-disp/nvidia.ko", module_bytes("nvidia", "3.0"));
    board.write(kernel + "/updates/opensource-gpu-disp/nvidia.ko", module_bytes("nvidia", "4.0"));
    board.write(kernel + "/updates/opensource-gpu-disp/nvidia-uvm.ko", module_bytes("nvidia_uvm", "4.0"));
    board.make_directory("/etc/depmod.d");
    for (const std::string chosen : {"opensrc-disp", "opensource-gpu-disp"}) {
        board.write("/etc/depmod.d/nvidia.conf", "override nvidia * updates/" + chosen + "\n");
        if (!index_with_depmod(board)) {
            MESSAGE("no depmod on this machine: not compared");
            return;
        }
        for (const std::string name : {"nvgpu", "nvidia", "nvidia_uvm"}) {
            const KmodView kmod = ask_kmod(board, name);
            const Fact<ModuleFile> file = find(board, name);
            REQUIRE(file.known());
            CHECK(board.on_host(file->path) == kmod.path);
            CHECK(file->version == kmod.info.at("version"));
            CHECK(file->srcversion == kmod.info.at("srcversion"));
            CHECK(file->vermagic == kmod.info.at("vermagic"));
        }
        CHECK(find(board, "nvidia")->path == kernel + "/updates/" + chosen + "/nvidia.ko");
        CHECK(find(board, "nvgpu")->version == "2.0");
    }
}

TEST_CASE("random indexes and mutated modules end in an answer") {
    const TempRoot board;
    const SystemRoot root(board.directory());
    const std::string good = module_bytes("nvgpu");
    const std::string index = "kernel/a.ko:\nupdates/nvgpu.ko: kernel/a.ko\nkernel/b.ko: kernel/a.ko\n";
    for (unsigned seed = 0; seed < 300; ++seed) {
        board.write(kernel + "/modules.dep", seed % 3 == 0 ? mutated(index, seed) : index);
        board.write(kernel + "/updates/nvgpu.ko", seed % 3 == 1 ? random_bytes(seed, 400) : mutated(good, seed));
        const Fact<ModuleFile> file = find_module_file(root, kernel, "nvgpu");
        CHECK((file.known() || file.lacks(Lack::not_understood) || file.lacks(Lack::not_there)));
    }
}
