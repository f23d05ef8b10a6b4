#include "daemon/cli/files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t entries_in(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

}  // namespace

TEST_CASE("a private file is whole, of its owner alone, and nothing lies beside it") {
    const TempRoot folder;
    const fs::path file = folder.directory() / "bundle.tar.gz";
    write_private_file(file, "content", false);
    CHECK(content_of(file) == "content");
    CHECK((fs::status(file).permissions() & fs::perms::mask) == (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(entries_in(folder.directory()) == 1);
}

TEST_CASE("a file that is there is kept, or replaced where that is wanted") {
    const TempRoot folder;
    folder.write("b", "old");
    const fs::path file = folder.directory() / "b";
    CHECK_THROWS_AS(write_private_file(file, "new", false), FileError);
    CHECK(content_of(file) == "old");
    CHECK(entries_in(folder.directory()) == 1);
    write_private_file(file, "new", true);
    CHECK(content_of(file) == "new");
    CHECK((fs::status(file).permissions() & fs::perms::others_all) == fs::perms::none);
    CHECK(entries_in(folder.directory()) == 1);
}

TEST_CASE("a link is replaced, and not followed") {
    const TempRoot folder;
    folder.write("target", "kept");
    folder.link("b", (folder.directory() / "target").string());
    CHECK_THROWS_AS(write_private_file(folder.directory() / "b", "new", false), FileError);
    write_private_file(folder.directory() / "b", "new", true);
    CHECK(content_of(folder.directory() / "target") == "kept");
    CHECK(content_of(folder.directory() / "b") == "new");
}

TEST_CASE("what cannot be written names the file and leaves nothing") {
    const TempRoot folder;
    CHECK_THROWS_AS(write_private_file(folder.directory() / "no-folder" / "b", "x", false), FileError);
    folder.make_directory("b");
    CHECK_THROWS_AS(write_private_file(folder.directory() / "b", "x", true), FileError);
    CHECK(entries_in(folder.directory()) == 1);
    try {
        write_private_file(folder.directory() / "no-folder" / "b", "x", false);
    } catch (const FileError& error) {
        CHECK(std::string(error.what()).find("no-folder/b could not be written: No such file") != std::string::npos);
    }
}

TEST_CASE("a file is read to its end, and no further than the limit") {
    const TempRoot folder;
    folder.write("a", std::string(70'000, 'x'));
    CHECK(read_file(folder.directory() / "a", 70'000).size() == 70'000);
    CHECK_THROWS_AS(read_file(folder.directory() / "a", 69'999), FileError);
    CHECK_THROWS_AS(read_file("/dev/zero", 100'000), FileError);
    CHECK_THROWS_AS(read_file(folder.directory(), 100), FileError);
    CHECK_THROWS_AS(read_file(folder.directory() / "missing", 100), FileError);
}
