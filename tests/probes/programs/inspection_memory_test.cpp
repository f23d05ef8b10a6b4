// What is remembered from run to run, and of whom nothing is believed.

#include "probes/programs/inspection_memory.hpp"

#include <fstream>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;

namespace {

struct Remembered : testing::TempRoot {
    [[nodiscard]] std::string folder() const { return on_host("/cache").string(); }
    [[nodiscard]] std::string file() const { return on_host("/cache/inspections.json").string(); }
    [[nodiscard]] InspectionMemory open(const std::string& tool = "1.0") const { return {folder(), tool}; }

    void remember(const std::string& key, const Inspection& inspection = {}) const {
        InspectionMemory memory = open();
        memory.put(key, inspection);
        memory.save();
    }
    [[nodiscard]] bool knows(const std::string& key, const std::string& tool = "1.0") const {
        return open(tool).find(key) != nullptr;
    }
};

}  // namespace

TEST_CASE("the next run knows what this one read") {
    const Remembered files;
    CHECK_FALSE(files.knows("a"));
    files.remember("a");
    CHECK(files.knows("a"));
    files.remember("b");
    CHECK(files.knows("a"));
    CHECK(files.knows("b"));
    CHECK_FALSE(files.knows("a", "1.1"));
    struct stat status {};
    REQUIRE(::stat(files.file().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("what could not be read to its end is read again") {
    const Remembered files;
    Inspection unread;
    unread.problems = {"It cannot be read: Input/output error"};
    files.remember("a", unread);
    Inspection damaged;
    damaged.parts.resize(1);
    damaged.parts[0].code.problems = {"section .nv_fatbin leaves the file"};
    files.remember("b", damaged);
    CHECK_FALSE(files.knows("a"));
    CHECK_FALSE(files.knows("b"));
}

TEST_CASE("a file that others may write is not believed, and replaced") {
    const Remembered files;
    files.remember("a");
    REQUIRE(::chmod(files.file().c_str(), 0666) == 0);
    CHECK_FALSE(files.knows("a"));
    files.remember("b");
    CHECK(files.knows("b"));
    CHECK_FALSE(files.knows("a"));
}

TEST_CASE("nothing is kept in a folder that others may write, or that is a link or a file") {
    const Remembered files;
    files.make_directory("/cache");
    REQUIRE(::chmod(files.folder().c_str(), 0777) == 0);
    files.remember("a");
    CHECK_FALSE(std::filesystem::exists(files.file()));
    files.remove("/cache");
    files.make_directory("/elsewhere");
    files.link("/cache", "elsewhere");
    files.remember("a");
    CHECK_FALSE(std::filesystem::exists(files.file()));
    files.remove("/cache");
    files.write("/cache", "a file");
    files.remember("a");
    CHECK_FALSE(files.knows("a"));
}

TEST_CASE("a file that is damaged, a link or a pipe is passed over and replaced") {
    const Remembered files;
    files.remember("a");
    std::ofstream(files.file(), std::ios::trunc) << "{\"schema\":";
    CHECK_FALSE(files.knows("a"));
    files.remember("b");
    CHECK(files.knows("b"));
    files.write("/elsewhere.json", "untouched");
    files.remove("/cache/inspections.json");
    files.link("/cache/inspections.json", "../elsewhere.json");
    files.remember("c");
    CHECK(files.knows("c"));
    CHECK(std::filesystem::file_size(files.on_host("/elsewhere.json")) == 9);
    files.remove("/cache/inspections.json");
    REQUIRE(::mkfifo(files.file().c_str(), 0600) == 0);
    files.remember("d");
    CHECK(files.knows("d"));
}

TEST_CASE("without a folder the memory is of this run alone") {
    InspectionMemory memory;
    memory.put("a", {});
    CHECK(memory.find("a") != nullptr);
    memory.save();
    InspectionMemory relative("cache", "1.0");
    relative.put("a", {});
    relative.save();
    CHECK_FALSE(std::filesystem::exists("cache/inspections.json"));
}

TEST_CASE("a file is another one when any of what tells it changes") {
    struct stat status {};
    const std::string key = InspectionMemory::key_of(status);
    for (auto change : {+[](struct stat& one) { one.st_ino = 7; }, +[](struct stat& one) { one.st_dev = 7; },
                        +[](struct stat& one) { one.st_size = 7; }, +[](struct stat& one) { one.st_mtim.tv_nsec = 7; },
                        +[](struct stat& one) { one.st_ctim.tv_sec = 7; }}) {
        struct stat other = status;
        change(other);
        CHECK(InspectionMemory::key_of(other) != key);
    }
}
