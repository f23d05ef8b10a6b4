// What the entries of the setting `programs` lead to.

#include "probes/loader/named_programs.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

struct LittleBoard : TempRoot {
    std::set<std::string, std::less<>> known;
    LookLimits limits;

    LittleBoard() {
        write("/lib/ld-linux-aarch64.so.1", "");
        library("/usr/lib/libcuda.so.1", {.soname = "libcuda.so.1"});
    }
    void library(const std::string& path, ElfRecipe recipe, std::uint32_t sm = 0) const {
        if (sm != 0) recipe.sections.emplace_back(".nv_fatbin", write_fatbin({sass_image(sm)}));
        write(path, write_shared_object(recipe).bytes);
    }
    [[nodiscard]] NamedProgram at(const std::string& path) const {
        const SystemRoot root(directory());
        InspectionMemory memory;
        FileLooks looks(root, memory, limits);
        const LdSoConf conf = read_ld_so_conf(root);
        const std::vector<std::string> paths{path};
        const std::vector<NamedProgram> programs = look_at_programs(root, {paths, conf, known}, looks);
        REQUIRE(programs.size() == 1);
        return programs.front();
    }
};

std::vector<std::string> paths_of(const NamedProgram& program) {
    std::vector<std::string> paths;
    for (const InspectedFile& file : program.files) paths.push_back(file.path);
    return paths;
}

}  // namespace

TEST_CASE("a program is looked into with the libraries that it loads and that use a GPU") {
    LittleBoard board;
    board.library("/opt/app/lib/liba.so", {.soname = "liba.so", .needed = {"libcuda.so.1"}}, 87);
    board.library("/opt/app/lib/libplain.so", {.soname = "libplain.so"});
    board.library("/opt/app/tool", {.needed = {"libcuda.so.1", "liba.so", "libplain.so"}, .runpath = "/opt/app/lib"});
    const NamedProgram program = board.at("/opt/app/tool");
    CHECK_FALSE(program.missing.has_value());
    CHECK(program.looked_at == 1);
    CHECK(paths_of(program) == std::vector<std::string>{"/opt/app/tool", "/opt/app/lib/liba.so"});
    REQUIRE(program.loads.size() == 1);
    CHECK(program.loads[0].requests.size() == 2);
}

TEST_CASE("libraries that are looked into anyway are not its own") {
    LittleBoard board;
    board.library("/opt/app/tool", {.needed = {"libcuda.so.1", "libcublas.so.12"}, .runpath = "/opt/cuda"});
    board.library("/opt/cuda/libcublas.so.12", {.soname = "libcublas.so.12"}, 87);
    board.known = {"/opt/cuda/libcublas.so.12"};
    CHECK(paths_of(board.at("/opt/app/tool")) == std::vector<std::string>{"/opt/app/tool"});
}

TEST_CASE("of a folder those files are told that there is something to say of") {
    LittleBoard board;
    board.library("/opt/app/lib/liba.so", {.soname = "liba.so"}, 87);
    board.library("/opt/app/lib/libplain.so", {.soname = "libplain.so"});
    board.write("/opt/app/README", "words");
    board.link("/opt/app/lib/again.so", "liba.so");
    board.link("/srv", "/opt/app");
    const NamedProgram program = board.at("/srv");
    CHECK(program.folder);
    CHECK(program.looked_at == 3);
    CHECK(paths_of(program) == std::vector<std::string>{"/opt/app/lib/liba.so"});
    CHECK(program.problems.empty());
    REQUIRE(program.loads.size() == 1);
    CHECK(program.loads[0].path == "/opt/app/lib/liba.so");
}

TEST_CASE("an entry that leads nowhere is told as such") {
    LittleBoard board;
    const NamedProgram gone = board.at("/opt/gone");
    REQUIRE(gone.missing.has_value());
    CHECK(gone.missing->lack == Lack::not_there);
}

TEST_CASE("where the time is up, that is told of the folder") {
    LittleBoard board;
    board.limits.time = std::chrono::milliseconds(0);
    board.library("/opt/app/liba.so", {.soname = "liba.so"}, 87);
    const NamedProgram program = board.at("/opt/app");
    REQUIRE(program.problems.size() == 1);
    REQUIRE(program.files.size() == 1);
    CHECK(program.files[0].content.lacks(Lack::not_asked));
}
