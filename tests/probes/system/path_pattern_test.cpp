// Wildcards in paths: what they match, and that no pattern costs more than it may.

#include "probes/system/path_pattern.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("a star stands for any letters, a question mark for one, and neither for a slash") {
    CHECK(matches("/dev/dri/card0", "/dev/dri/card*"));
    CHECK(matches("/dev/dri/card", "/dev/dri/card*"));
    CHECK(matches("/dev/nvgpu/igpu0/ctrl", "/dev/nvgpu/igpu*/ctrl"));
    CHECK_FALSE(matches("/dev/nvgpu/igpu0/ctrl", "/dev/nvgpu/*"));
    CHECK_FALSE(matches("/dev/nvgpu/igpu0/ctxsw", "/dev/nvgpu/igpu*/ctrl"));
    CHECK(matches("abcbc", "a*bc"));
    CHECK(matches("a1", "a?"));
    CHECK_FALSE(matches("a/", "a?"));
    CHECK_FALSE(matches("a", "a?"));
    CHECK(matches("", "*"));
    CHECK_FALSE(matches("", "?"));
    CHECK(matches("libcuda.so.1", "libcuda.so.1"));
    CHECK_FALSE(matches("libcuda.so.1.1", "libcuda.so.1"));
}

TEST_CASE("paths that match are found below the root") {
    const TempRoot board;
    board.write("/dev/dri/card0", "");
    board.write("/dev/dri/card1", "");
    board.write("/dev/dri/renderD128", "");
    board.link("/dev/dri/card2", "nowhere");
    board.write("/dev/nvgpu/igpu0/ctrl", "");
    const SystemRoot root(board.directory());
    CHECK(expand(root, "/dev/dri/card*") == std::vector<std::string>{"/dev/dri/card0", "/dev/dri/card1"});
    CHECK(expand(root, "/dev/nvgpu/igpu*/ctrl") == std::vector<std::string>{"/dev/nvgpu/igpu0/ctrl"});
    CHECK(expand(root, "/dev/dri/card0") == std::vector<std::string>{"/dev/dri/card0"});
    CHECK(expand(root, "/dev/fb*").empty());
    CHECK(expand(root, "/no/*/such/*").empty());
}

TEST_CASE("a folder of endless names gives a bounded answer") {
    const TempRoot board;
    for (int i = 0; i < 400; ++i) board.write("/many/" + std::to_string(i) + "/x", "");
    CHECK(expand(SystemRoot(board.directory()), "/many/*").size() == 256);
    CHECK(expand(SystemRoot(board.directory()), "/many/*/*").size() == 63);
}

TEST_CASE("no pattern takes long") {
    std::string stars;
    for (int i = 0; i < 1000; ++i) stars += "a*";
    CHECK_FALSE(matches(std::string(4000, 'a'), stars + "b"));
    for (unsigned seed = 0; seed < 3000; ++seed) {
        static_cast<void>(matches(random_bytes(seed, 60), mutated("/dev/*/a?b*c", seed)));
    }
}
