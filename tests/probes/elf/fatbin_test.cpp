// Headers of containers and entries, one by one; tests/probes/elf/fatbin_search_test.cpp has them in files.

#include "probes/elf/fatbin.hpp"

#include <doctest/doctest.h>

#include "tests/harness/fatbin_writer.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("an entry says what it holds") {
    ImageRecipe image = packed(sass_image(110, 8, image_flags::this_architecture), image_flags::zstd, 9000);
    image.header_size = 112;
    const std::string bytes = write_entry(image);
    const FatbinEntry cubin = read_fatbin_entry({16}, ByteView{bytes}, bytes.size());
    CHECK(cubin.kind == FatbinEntry::kind_cubin);
    CHECK(cubin.sm == 110);
    CHECK(cubin.minor == 8);
    CHECK(cubin.suffix() == 'a');
    CHECK(cubin.zstd());
    CHECK_FALSE(cubin.lz4());
    CHECK(cubin.unpacked_size == 9000);
    CHECK(cubin.payload().value == 16 + 112);
    CHECK(cubin.end().value == 16 + bytes.size());

    const std::string text = write_entry(ptx_image(87, 8, 5, image_flags::this_family));
    const FatbinEntry ptx = read_fatbin_entry({0}, ByteView{text}, text.size());
    CHECK(ptx.kind == FatbinEntry::kind_ptx);
    CHECK(ptx.major == 8);
    CHECK(ptx.minor == 5);
    CHECK(ptx.suffix() == 'f');
    CHECK_FALSE(ptx.zstd());
}

TEST_CASE("an entry that leaves its container is none") {
    const std::string bytes = write_entry(sass_image(87));
    CHECK_THROWS_AS(read_fatbin_entry({0}, ByteView{bytes}, bytes.size() - 1), Malformed);
    CHECK_THROWS_AS(read_fatbin_entry({0}, ByteView{bytes}, 63), Malformed);
}

TEST_CASE("a container is known by its magic, its header's form, and the entry behind it") {
    const std::string container = write_fatbin({sass_image(87)}), empty = write_fatbin({});
    CHECK(read_fatbin_header(ByteView{container}) == container.size() - fatbin_header_size);
    CHECK(read_fatbin_header(ByteView{empty}) == 0);
    CHECK(looks_like_container(ByteView{container}));
    CHECK(looks_like_container(ByteView{empty}));
    for (const std::size_t byte : {std::size_t{4}, std::size_t{6}, std::size_t{18}}) {
        std::string damaged = container;
        damaged[byte] = 9;
        CHECK_FALSE(looks_like_container(ByteView{damaged}));
    }
    CHECK_FALSE(looks_like_container(ByteView{container}.part(0, 18)));
    std::string other = container;
    other[0] = 0;
    CHECK_THROWS_AS(read_fatbin_header(ByteView{other}), Malformed);
    CHECK_FALSE(starts_with_fatbin_magic(ByteView{other}));
}
