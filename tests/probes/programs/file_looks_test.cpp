// Looks into files below a root, within limits.

#include "probes/programs/file_looks.hpp"

#include <filesystem>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::string library_for(std::uint32_t sm) {
    return write_shared_object({.soname = "liba.so", .sections = {{".nv_fatbin", write_fatbin({sass_image(sm)})}}})
        .bytes;
}

struct LittleBoard : TempRoot {
    InspectionMemory memory;
    LookLimits limits;

    [[nodiscard]] Fact<Inspection> look(const std::string& path) {
        const SystemRoot root(directory());
        return FileLooks(root, memory, limits).look_at(path);
    }
};

}  // namespace

TEST_CASE("a file below the root is looked into through its links") {
    LittleBoard board;
    board.write("/opt/app/liba.so.1", library_for(87));
    board.link("/opt/app/liba.so", "/opt/app/liba.so.1");
    const Fact<Inspection> content = board.look("/opt/app/liba.so");
    REQUIRE(content.known());
    CHECK(content->path == "/opt/app/liba.so");
    REQUIRE(content->parts.size() == 1);
    CHECK(content->parts[0].code.rows.at(0).arch() == "sm_87");
}

TEST_CASE("what is not there, no file or not readable is told as such") {
    LittleBoard board;
    CHECK(board.look("/nothing").lacks(Lack::not_there));
    board.make_directory("/folder");
    CHECK(board.look("/folder").lacks(Lack::not_understood));
    REQUIRE(::mkfifo(board.on_host("/pipe").c_str(), 0600) == 0);
    CHECK(board.look("/pipe").lacks(Lack::not_understood));
    board.link("/round", "/round");
    CHECK_FALSE(board.look("/round").known());
    board.link("/out", "../../../../../../etc/hostname");
    CHECK(board.look("/out").lacks(Lack::not_there));
}

TEST_CASE("what is remembered is not read again, and what changed is") {
    LittleBoard board;
    board.write("/a.so", library_for(87));
    REQUIRE(board.look("/a.so").known());
    board.limits.bytes = 0;  // so that anything that is read is told
    CHECK(board.look("/a.so").known());
    board.write("/b.so", library_for(72));
    std::filesystem::rename(board.on_host("/b.so"), board.on_host("/a.so"));
    const Fact<Inspection> other = board.look("/a.so");
    CHECK(other.lacks(Lack::not_asked));
    board.limits = {};
    CHECK(board.look("/a.so")->parts.at(0).code.rows.at(0).arch() == "sm_72");
}

TEST_CASE("after its time no file is begun") {
    LittleBoard board;
    board.limits.time = std::chrono::milliseconds(0);
    board.write("/a.so", library_for(87));
    const Fact<Inspection> content = board.look("/a.so");
    REQUIRE(content.lacks(Lack::not_asked));
    CHECK(content.missing().why.find("/a.so was not looked into") == 0);
}
