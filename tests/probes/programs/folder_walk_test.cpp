// Folders: every file once, in the order of their paths, and nothing outside of them.

#include "probes/programs/folder_walk.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("each file stands once, sorted, and links lead nowhere") {
    const TempRoot folder;
    folder.write("tree/b/two", "2");
    folder.write("tree/a/one", "1");
    folder.write("outside", "3");
    folder.link("tree/out", folder.on_host("outside").string());
    folder.link("tree/round", folder.on_host("tree").string());
    REQUIRE(::link(folder.on_host("tree/a/one").c_str(), folder.on_host("tree/c").c_str()) == 0);
    REQUIRE(::mkfifo(folder.on_host("tree/fifo").c_str(), 0600) == 0);
    const FolderFiles found = files_below(folder.on_host("tree").string());
    CHECK(found.problems.empty());
    REQUIRE(found.files.size() == 2);
    CHECK(found.files[1] == folder.on_host("tree/b/two").string());
}

TEST_CASE("a folder that cannot be read is told, and the others are read") {
    const TempRoot folder;
    folder.write("tree/a/one", "1");
    CHECK(files_below(folder.on_host("missing").string()).problems.size() == 1);
    if (::geteuid() == 0) return;  // root may read every folder
    folder.make_directory("tree/closed");
    REQUIRE(::chmod(folder.on_host("tree/closed").c_str(), 0) == 0);
    const FolderFiles found = files_below(folder.on_host("tree").string());
    CHECK(found.files.size() == 1);
    CHECK(found.problems.size() == 1);
    CHECK(::chmod(folder.on_host("tree/closed").c_str(), 0700) == 0);
}

TEST_CASE("all files are inspected, and those without anything to say are left out") {
    const TempRoot folder;
    folder.write("tree/text", "nothing here");
    std::vector<std::string> code;
    for (int i = 0; i < 40; ++i) {
        folder.write("tree/" + std::to_string(10 + i) + ".fatbin", write_fatbin({sass_image(87)}));
    }
    const FolderFiles found = files_below(folder.on_host("tree").string());
    std::size_t last = 0;
    const std::vector<Inspection> inspections = inspect_all(found.files, [&last](std::size_t done) {
        CHECK(done == last + 1);
        last = done;
    });
    CHECK(last == 41);
    REQUIRE(inspections.size() == 40);
    for (std::size_t i = 1; i < inspections.size(); ++i) CHECK(inspections[i - 1].path < inspections[i].path);
    CHECK(inspect_all({}, {}).empty());
}

TEST_CASE("of a folder that holds more than is wanted the rest is left out, and that is told") {
    const TempRoot folder;
    for (const char* name : {"tree/one", "tree/two", "tree/three"}) folder.write(name, "");
    CHECK(files_below(folder.on_host("tree").string(), 3).problems.empty());
    const FolderFiles found = files_below(folder.on_host("tree").string(), 2);
    CHECK(found.files.size() == 2);
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0] == folder.on_host("tree").string() + " holds more than 2 files: the rest is not looked at");
}
