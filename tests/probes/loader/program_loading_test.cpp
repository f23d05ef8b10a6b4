// Which objects of a program ask for libcuda, and where the search of each leads.

#include "probes/loader/program_loading.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr const char* driver_folder = "/usr/lib/aarch64-linux-gnu";

struct LittleBoard : TempRoot {
    LittleBoard() {
        write("/lib/ld-linux-aarch64.so.1", "");
        library(std::string(driver_folder) + "/libcuda.so.1", {.soname = "libcuda.so.1"});
    }
    void library(const std::string& path, const ElfRecipe& recipe) const {
        write(path, write_shared_object(recipe).bytes);
    }
    [[nodiscard]] std::optional<ProgramLoading> load(const std::string& path) const {
        const SystemRoot root(directory());
        InspectionMemory memory;
        FileLooks looks(root, memory);
        return ProgramLoaders(root, read_ld_so_conf(root), looks).load(path);
    }
    [[nodiscard]] LoadedProgram program(const std::string& path) const {
        const std::optional<ProgramLoading> loading = load(path);
        REQUIRE(loading.has_value());
        return loading->program;
    }
};

const std::string own = std::string(driver_folder) + "/libcuda.so.1";

}  // namespace

TEST_CASE("what needs libcuda asks with its own search") {
    LittleBoard board;
    board.library("/opt/app/detect", {.needed = {"liba.so", "libcuda.so.1"}, .runpath = "/opt/app/lib"});
    board.library("/opt/app/lib/liba.so", {.soname = "liba.so", .needed = {"libcuda.so.1"}, .runpath = "/opt/other"});
    board.library("/opt/other/libcuda.so.1", {.soname = "libcuda.so.1"});
    const LoadedProgram program = board.program("/opt/app/detect");
    REQUIRE(program.requests.size() == 2);
    CHECK(program.requests[0].object == "/opt/app/detect");
    CHECK(program.requests[0].needs);
    CHECK(program.requests[0].path == own);
    REQUIRE(program.requests[0].file.has_value());
    CHECK(program.requests[0].file->real_path == own);
    CHECK(program.requests[1].object == "/opt/app/lib/liba.so");
    CHECK(program.requests[1].path == "/opt/other/libcuda.so.1");
    CHECK(program.requests[1].named_by == "RUNPATH of /opt/app/lib/liba.so");
    CHECK(program.gaps.empty());
}

TEST_CASE("the runtime opens it after those that need it") {
    LittleBoard board;
    board.library("/opt/app/detect", {.needed = {"libcudart.so.12", "liba.so"}, .runpath = "/opt/app/lib"});
    board.library("/opt/app/lib/libcudart.so.12", {.soname = "libcudart.so.12"});
    board.library("/opt/app/lib/liba.so", {.soname = "liba.so", .needed = {"libcuda.so.1"}});
    const LoadedProgram program = board.program("/opt/app/detect");
    REQUIRE(program.requests.size() == 2);
    CHECK(program.requests[0].object == "/opt/app/lib/liba.so");
    CHECK(program.requests[1].object == "/opt/app/lib/libcudart.so.12");
    CHECK_FALSE(program.requests[1].needs);
    CHECK(program.requests[1].path == own);
}

TEST_CASE("a runtime that is linked in opens it, too") {
    LittleBoard board;
    board.library("/opt/app/detect",
                  {.sections = {{".rodata", "CUDA driver version is insufficient for CUDA runtime version"}}});
    const LoadedProgram program = board.program("/opt/app/detect");
    REQUIRE(program.requests.size() == 1);
    CHECK(program.requests[0].object == "/opt/app/detect");
    CHECK_FALSE(program.requests[0].needs);
}

TEST_CASE("a libcuda that is not found is a request without a path, another library a gap") {
    LittleBoard board;
    board.remove(own);
    board.library("/opt/app/detect", {.needed = {"libcuda.so.1", "libgone.so.3"}});
    const LoadedProgram program = board.program("/opt/app/detect");
    REQUIRE(program.requests.size() == 1);
    CHECK(program.requests[0].path.empty());
    CHECK_FALSE(program.requests[0].file.has_value());
    REQUIRE(program.gaps.size() == 1);
    CHECK(program.gaps[0] == "libgone.so.3, which /opt/app/detect needs, is not found");
}

TEST_CASE("a search that meets what is no library ends there") {
    LittleBoard board;
    board.write("/opt/app/lib/libcuda.so.1", "");
    board.library("/opt/app/detect", {.needed = {"libcuda.so.1"}, .runpath = "/opt/app/lib"});
    const LoadedProgram program = board.program("/opt/app/detect");
    REQUIRE(program.requests.size() == 1);
    CHECK(program.requests[0].path.empty());
    CHECK(program.requests[0].error == "/opt/app/lib/libcuda.so.1: file too short");
}

TEST_CASE("objects are told without those of the driver") {
    LittleBoard board;
    board.library("/opt/app/detect", {.needed = {"liba.so", "libcuda.so.1"}, .runpath = "/opt/app/lib"});
    board.library("/opt/app/lib/liba.so", {.soname = "liba.so"});
    board.library(own, {.soname = "libcuda.so.1", .needed = {"libnvrm_gpu.so"}});
    board.library(std::string(driver_folder) + "/libnvrm_gpu.so", {.soname = "libnvrm_gpu.so"});
    const std::optional<ProgramLoading> loading = board.load("/opt/app/detect");
    REQUIRE(loading.has_value());
    CHECK(loading->objects == std::vector<std::string>{"/opt/app/detect", "/opt/app/lib/liba.so"});
}

TEST_CASE("what no loader of this system takes is nothing") {
    LittleBoard board;
    board.library("/opt/x86", {.machine = 62});
    board.write("/opt/script", "#!/bin/sh\n");
    CHECK_FALSE(board.load("/opt/x86").has_value());
    CHECK_FALSE(board.load("/opt/script").has_value());
    CHECK_FALSE(board.load("/opt/nothing").has_value());
}
