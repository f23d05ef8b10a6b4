#include "probes/driver/companions.hpp"

#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string folder = "/usr/lib/aarch64-linux-gnu/nvidia";

std::string library(const std::string& soname, std::uint16_t machine = 183) {
    ElfRecipe recipe;
    recipe.soname = soname;
    recipe.machine = machine;
    return write_shared_object(recipe).bytes;
}

std::vector<CompanionRecord> records() {
    CompanionRecord jit;
    jit.name = "libnvidia-ptxjitcompiler.so.*";
    jit.lowest_line = 35;
    jit.without = "no PTX can be compiled";
    jit.source = "a source";
    CompanionRecord extend;
    extend.name = "libnvcuextend.so";
    extend.lowest_line = 38;
    CompanionRecord gpu;
    gpu.name = "libnvrm_gpu.so";
    gpu.lowest_line = 35;
    gpu.gpu_variant = "nvgpu";
    CompanionRecord dla;
    dla.name = "libnvcudla.so";
    dla.lowest_line = 36;
    dla.highest_line = 36;
    dla.extra = true;
    return {jit, extend, gpu, dla};
}

struct SmallBoard {
    SmallBoard() {
        ElfRecipe recipe;
        recipe.soname = "libcuda.so.1";
        recipe.needed = libcuda.needed;
        recipe.runpath = "$ORIGIN/parts:/opt/parts";
        root.write(folder + "/libcuda.so.1.1", write_shared_object(recipe).bytes);
        root.link(folder + "/libcuda.so.1", "libcuda.so.1.1");
        root.write(folder + "/libnvrm_gpu.so", library("libnvrm_gpu.so"));
        root.write(folder + "/libnvrm_mem.so", library("libnvrm_mem.so"));
        root.write(folder + "/libnvcudla.so", library("libnvcudla.so"));
        root.write(folder + "/libnvidia-ptxjitcompiler.so.540.5.0", library("libnvidia-ptxjitcompiler.so.1"));
    }
    [[nodiscard]] Fact<std::vector<DriverCompanion>> read(int line = 36, const std::string& variant = "nvgpu") const {
        const Fact<LibcudaFile> fact = {libcuda, libcuda.path};
        const std::vector<CompanionRecord> known = records();
        return read_companions(SystemRoot(root.directory()), {fact, known, line, variant});
    }
    // The one of this name; it must be there.
    [[nodiscard]] DriverCompanion get(const std::string& name, int line = 36) const {
        const auto companions = read(line);
        REQUIRE(companions.known());
        for (const DriverCompanion& companion : *companions) {
            if (companion.name == name) return companion;
        }
        FAIL("no companion " << name);
        return {};
    }

    LibcudaFile libcuda = [] {
        LibcudaFile file;
        file.path = folder + "/libcuda.so.1";
        file.real_path = folder + "/libcuda.so.1.1";
        file.elf = true;
        file.machine = ElfMachine::aarch64;
        file.needed = {"libm.so.6",  "libc.so.6",      "libgcc_s.so.1", "ld-linux-aarch64.so.1",
                       "libdl.so.2", "libnvrm_gpu.so", "libnvrm_mem.so"};
        return file;
    }();
    TempRoot root;
};

}  // namespace

TEST_CASE("a folder that ld.so.conf names is searched, after those of L4T") {
    const SmallBoard board;
    board.root.remove(folder + "/libnvrm_mem.so");
    board.root.write("/opt/vendor/lib/libnvrm_mem.so", library("libnvrm_mem.so"));
    board.root.write("/opt/vendor/lib/libnvrm_gpu.so", library("libnvrm_gpu.so"));
    const Fact<LibcudaFile> fact = {board.libcuda, board.libcuda.path};
    const auto companions =
        read_companions(SystemRoot(board.root.directory()), {fact, {}, 36, "nvgpu", {"/opt/vendor/lib"}});
    REQUIRE(companions.known());
    REQUIRE(companions->size() == 2);
    CHECK((*companions)[0].path == folder + "/libnvrm_gpu.so");
    CHECK((*companions)[1].path == "/opt/vendor/lib/libnvrm_mem.so");
}

TEST_CASE("what libcuda names comes first, without the C library's parts, and each once") {
    const auto companions = SmallBoard().read();
    REQUIRE(companions.known());
    std::vector<std::string> names;
    for (const DriverCompanion& companion : *companions) names.push_back(companion.name);
    CHECK(names == std::vector<std::string>{"libnvrm_gpu.so", "libnvrm_mem.so", "libnvidia-ptxjitcompiler.so.*",
                                            "libnvcudla.so"});
    CHECK((*companions)[0].required);
    CHECK((*companions)[0].path == folder + "/libnvrm_gpu.so");
    CHECK((*companions)[0].flaw.empty());
    CHECK_FALSE((*companions)[2].required);
    CHECK((*companions)[2].version == "540.5.0");
    CHECK((*companions)[2].asked_by == "a source");
    CHECK((*companions)[3].extra);
}

TEST_CASE("the data's records apply by line and variant") {
    const SmallBoard board;
    CHECK(board.read(0)->size() == 2);
    CHECK(board.read(35)->size() == 3);
    const auto thor = board.read(39, "openrm");
    CHECK(thor->back().name == "libnvcuextend.so");
    CHECK(thor->back().path.empty());
    SmallBoard openrm;
    openrm.libcuda.needed = {"libc.so.6"};
    CHECK(openrm.read(36, "openrm")->size() == 2);
    CHECK(openrm.read(36, "nvgpu")->size() == 3);
}

TEST_CASE("RUNPATH, $ORIGIN and the default folders are looked through") {
    const SmallBoard board;
    for (const char* place : {"/parts/libnvrm_mem.so", "/../libnvrm_mem.so", "/../../../../opt/parts/libnvrm_mem.so"}) {
        board.root.remove(folder + "/libnvrm_mem.so");
        CHECK(board.get("libnvrm_mem.so").path.empty());
        const std::string path = std::filesystem::path(folder + place).lexically_normal();
        board.root.write(path, library("libnvrm_mem.so"));
        CHECK(board.get("libnvrm_mem.so").path == path);
        board.root.remove(path);
        board.root.write(folder + "/libnvrm_mem.so", library("libnvrm_mem.so"));
    }
}

TEST_CASE("of two versions the linked one counts") {
    const SmallBoard board;
    const std::string name = "libnvidia-ptxjitcompiler.so.*";
    board.root.write(folder + "/libnvidia-ptxjitcompiler.so.540.4.0", library("x"));
    CHECK(board.get(name).version == "540.5.0");
    board.root.link(folder + "/libnvidia-ptxjitcompiler.so.1", "libnvidia-ptxjitcompiler.so.540.4.0");
    CHECK(board.get(name).version == "540.4.0");
}

TEST_CASE("what is there and no library says why") {
    const SmallBoard board;
    board.root.write(folder + "/libnvrm_gpu.so", "");
    CHECK(board.get("libnvrm_gpu.so").flaw == "empty");
    board.root.write(folder + "/libnvrm_gpu.so", "not an ELF file at all");
    CHECK_FALSE(board.get("libnvrm_gpu.so").flaw.empty());
    board.root.write(folder + "/libnvrm_gpu.so", library("libnvrm_gpu.so", 62));
    CHECK(board.get("libnvrm_gpu.so").flaw == "made for another machine than libcuda");
    const std::string whole = library("libnvrm_gpu.so");
    board.root.write(folder + "/libnvrm_gpu.so", whole.substr(0, 100));
    CHECK_FALSE(board.get("libnvrm_gpu.so").flaw.empty());
    board.root.remove(folder + "/libnvrm_gpu.so");
    board.root.make_directory(folder + "/libnvrm_gpu.so");
    CHECK(board.get("libnvrm_gpu.so").flaw == "no regular file");
}

TEST_CASE("without a libcuda there is nothing to ask") {
    const TempRoot root;
    const Fact<LibcudaFile> none = Missing{Lack::not_there, "no libcuda", "/x"};
    CHECK(read_companions(SystemRoot(root.directory()), {none, {}, 36, ""}).lacks(Lack::not_there));
    SmallBoard board;
    board.libcuda.elf = false;
    board.libcuda.flaw = "empty";
    CHECK(board.read().lacks(Lack::not_understood));
}

TEST_CASE("damaged companions and a damaged libcuda are lived through") {
    const SmallBoard board;
    const std::string good = library("libnvrm_gpu.so");
    for (unsigned seed = 0; seed < 300; ++seed) {
        board.root.write(folder + "/libnvrm_gpu.so", mutated(good, seed));
        board.root.write(folder + "/libcuda.so.1.1", seed % 2 == 0 ? mutated(good, seed) : random_bytes(seed, 500));
        CHECK(board.read().known());
    }
}
