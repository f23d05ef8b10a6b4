// What one file that is called libcuda is, by its content.

#include "probes/driver/libcuda_file.hpp"

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string nvidia_folder = "/usr/lib/aarch64-linux-gnu/nvidia";
const std::string place = nvidia_folder + "/libcuda.so.1";

std::string driver_bytes() {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.needed = {"libc.so.6", "libnvrm_gpu.so"};
    recipe.build_id = "0123";
    recipe.exports = {"cuInit"};
    return write_shared_object(recipe).bytes;
}

std::string stub_bytes() {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.exports = {"cuInit", "cuDriverGetVersion"};
    return write_shared_object(recipe).bytes;
}

Fact<LibcudaFile> describe(const TempRoot& board) { return describe_libcuda(SystemRoot(board.directory()), place); }

LibcudaFile found(const std::string& bytes) {
    const TempRoot board;
    board.write(place, bytes);
    const Fact<LibcudaFile> file = describe(board);
    REQUIRE(file.known());
    return *file;
}

}  // namespace

TEST_CASE("a desktop's driver is told by the version in its name") {
    CHECK(desktop_driver_version("/usr/lib/libcuda.so.535.261.03") == "535.261.03");
    CHECK(desktop_driver_version("/usr/lib/libcuda.so.1.1").empty());
    CHECK(desktop_driver_version("/usr/lib/libcuda.so").empty());
    CHECK(desktop_driver_version("").empty());
}

TEST_CASE("one that does not exist is not there") { CHECK(describe(TempRoot()).lacks(Lack::not_there)); }

TEST_CASE("a driver is no stub, and says what it is") {
    const LibcudaFile file = found(driver_bytes());
    CHECK(file.elf);
    CHECK(file.flaw.empty());
    CHECK(file.machine == ElfMachine::aarch64);
    CHECK(file.soname == "libcuda.so.1");
    CHECK(file.needed.size() == 2);
    CHECK(file.build_id == "30313233");
    CHECK_FALSE(file.stub);
    CHECK_FALSE(file.simulated);
    CHECK(file.size == driver_bytes().size());
}

TEST_CASE("a stub is small and needs nothing; the sentence about stub libraries is in real drivers") {
    CHECK(found(stub_bytes()).stub);
    ElfRecipe real;
    real.soname = "libcuda.so.1";
    real.needed = {"libc.so.6"};
    real.sections = {{".rodata", "CUDA driver is a stub library"}};
    CHECK_FALSE(found(write_shared_object(real).bytes).stub);
    ElfRecipe large;
    large.soname = "libcuda.so.1";
    large.padding = std::size_t{5} << 20;
    CHECK_FALSE(found(write_shared_object(large).bytes).stub);
}

TEST_CASE("the toolkit's own stub is known as one") {
    for (const char* path : {"/usr/local/cuda/lib64/stubs/libcuda.so", "/usr/lib/x86_64-linux-gnu/stubs/libcuda.so"}) {
        if (!std::filesystem::exists(path)) continue;
        const TempRoot board;
        std::filesystem::create_directories(board.on_host(nvidia_folder));
        std::filesystem::copy_file(path, board.on_host(place));
        const Fact<LibcudaFile> file = describe(board);
        REQUIRE(file.known());
        CHECK(file->elf);
        CHECK(file->stub);
        CHECK(file->soname == "libcuda.so.1");
    }
}

TEST_CASE("the simulated driver is known by the name it exports, and is no stub") {
    ElfRecipe recipe;
    recipe.machine = 62;
    recipe.exports = {"cuInit", "jetcuda_simulated_driver"};
    const LibcudaFile file = found(write_shared_object(recipe).bytes);
    CHECK(file.simulated);
    CHECK_FALSE(file.stub);
    CHECK(file.machine == ElfMachine::x86_64);
}

TEST_CASE("what is no driver has a flaw that says so") {
    CHECK(found("").flaw == "empty");
    CHECK(found("").size == 0);
    CHECK(found("\177ELF").flaw == "file too short");
    CHECK(found("INPUT(-lcuda)").flaw == "not an ELF file");
    std::string narrow = driver_bytes();
    narrow[4] = 1;
    CHECK(found(narrow).flaw == "32-bit ELF file");
    ElfRecipe module;
    module.modinfo = {{"name", "cuda"}};
    CHECK(found(write_kernel_module(module).bytes).flaw == "not a shared object");
    CHECK_FALSE(found("").elf);
}

TEST_CASE("a copy that was cut short is told by what its headers promise") {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.needed = {"libc.so.6"};
    recipe.section_table = false;
    recipe.sections = {{".text", std::string(5000, '\x90')}};
    std::string bytes = write_shared_object(recipe).bytes;
    const std::string whole = std::to_string(bytes.size());
    bytes.resize(bytes.size() - 1000);
    CHECK(found(bytes).flaw == "cut short: it has " + std::to_string(bytes.size()) + " of " + whole + " bytes");
}

TEST_CASE("a folder in place of the library is a flaw") {
    const TempRoot board;
    board.make_directory(place);
    CHECK(describe(board)->flaw == "a folder");
}

TEST_CASE("random bytes and mutated drivers are described or have a flaw") {
    const TempRoot board;
    const std::string good = driver_bytes();
    const SystemRoot root(board.directory());
    for (unsigned seed = 0; seed < 300; ++seed) {
        board.write(place, seed % 2 == 0 ? mutated(good, seed) : "\177ELF\2\1\1" + random_bytes(seed, 300));
        const Fact<LibcudaFile> file = describe_libcuda(root, place);
        REQUIRE(file.known());
        CHECK(file->elf == file->flaw.empty());
    }
}
