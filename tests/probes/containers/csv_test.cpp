// Lines of container lists, as the toolkit reads them.

#include "probes/containers/csv.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("an entry is a word, a comma and a path, with blanks anywhere around them") {
    const CsvList list =
        parse_csv("dev, /dev/nvmap\n   lib   ,/usr/lib/libcuda.so.1.1  \r\nsym,  /a\n\ndir, /b/\n# note\n", "l4t.csv");
    REQUIRE(list.entries.size() == 4);
    CHECK(list.entries[0].kind == MountKind::device);
    CHECK(list.entries[0].path == "/dev/nvmap");
    CHECK(list.entries[0].source == "l4t.csv, line 1");
    CHECK(list.entries[1].kind == MountKind::library);
    CHECK(list.entries[1].path == "/usr/lib/libcuda.so.1.1");
    CHECK(list.entries[2].kind == MountKind::link);
    CHECK(list.entries[3].kind == MountKind::directory);
    CHECK(list.entries[3].path == "/b");
    CHECK(list.entries[3].source == "l4t.csv, line 5");
    CHECK(list.skipped.empty());
}

TEST_CASE("a line that is no entry is passed over and told") {
    const CsvList list =
        parse_csv("lib /usr/lib/a\nlibs, /a\nlib, a\nlib,\nlib, /a/../../etc/shadow\nlib, /a\n", "x.csv");
    CHECK(list.entries.size() == 1);
    REQUIRE(list.skipped.size() == 5);
    CHECK(list.skipped[0] == "x.csv, line 1: \"lib /usr/lib/a\" does not begin with dev, dir, lib or sym and a comma");
    CHECK(list.skipped[2] == "x.csv, line 3: \"lib, a\" names no absolute path");
}

TEST_CASE("a list as long as no list is stays bounded, and so does what is told of it") {
    std::string many;
    for (int i = 0; i < 20'000; ++i) many += "lib, /a\n";
    const CsvList list = parse_csv(many, "x.csv");
    CHECK(list.entries.size() == entries_of_one_list);
    CHECK(list.skipped.size() == 1);
    CHECK(parse_csv(std::string(100'000, '\n') + "x\n", "x.csv").skipped.size() == 1);
    std::string nonsense;
    for (int i = 0; i < 1000; ++i) nonsense += "nonsense\n";
    CHECK(parse_csv(nonsense, "x.csv").skipped.back() == "x.csv: 980 more lines like these");
    CHECK(parse_csv("lib, /" + std::string(100'000, 'a'), "x.csv").entries.empty());
}

TEST_CASE("paths are told with each slash once, and never lead upwards") {
    CHECK(clean_path("//lib/./firmware//") == "/lib/firmware");
    CHECK(clean_path("/").empty());
    CHECK(clean_path("/a/..").empty());
    CHECK(clean_path("lib").empty());
    CHECK(clean_path(std::string_view("/a\0b", 4)).empty());
}

TEST_CASE("no bytes make it misbehave") {
    for (unsigned seed = 0; seed < 3000; ++seed) {
        for (const std::string& text :
             {random_bytes(seed, 500), mutated("dev, /dev/dri/card*\nlib, /usr/lib/libcuda.so.1.1\n", seed)}) {
            for (const MountEntry& entry : parse_csv(text, "x").entries) CHECK(entry.path.front() == '/');
        }
    }
}
