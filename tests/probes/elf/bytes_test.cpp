// The one gate that every offset of a file passes.

#include "probes/elf/bytes.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace jetcuda;

TEST_CASE("numbers are little-endian and stay inside") {
    const std::string bytes("\x01\x02\x03\x04\x05\x06\x07\x88", 8);
    const ByteView view{bytes};
    CHECK(view.u8(7) == 0x88);
    CHECK(view.u16(0) == 0x0201);
    CHECK(view.u32(4) == 0x88070605U);
    CHECK(view.u64(0) == 0x8807060504030201U);
    CHECK_THROWS_AS((void)view.u64(1), Malformed);
    CHECK_THROWS_AS((void)view.u8(8), Malformed);
    CHECK_THROWS_AS((void)view.u32(std::numeric_limits<std::uint64_t>::max() - 1), Malformed);
    CHECK_THROWS_AS((void)ByteView{}.u8(0), Malformed);
}

TEST_CASE("a part may be empty at the end and nowhere behind it") {
    const ByteView view{"abcd"};
    CHECK(view.part(4, 0).size() == 0);
    CHECK(view.part(1, 3).all() == "bcd");
    CHECK_THROWS_AS((void)view.part(5, 0), Malformed);
    CHECK_THROWS_AS((void)view.part(1, std::numeric_limits<std::uint64_t>::max()), Malformed);
}

TEST_CASE("a text needs its end") {
    const std::string bytes("ab\0cd", 5);
    CHECK(ByteView{bytes}.text(0) == "ab");
    CHECK(ByteView{bytes}.text(2).empty());
    CHECK_THROWS_AS((void)ByteView{bytes}.text(3), Malformed);
    CHECK_THROWS_AS((void)ByteView{bytes}.text(6), Malformed);
}

TEST_CASE("sums and products do not wrap") {
    CHECK(FileOffset{8}.plus(4).value == 12);
    CHECK_THROWS_AS((void)FileOffset{8}.plus(std::numeric_limits<std::uint64_t>::max()), Malformed);
    CHECK(table_size(3, 56) == 168);
    CHECK_THROWS_AS((void)table_size(std::uint64_t{1} << 60U, 64), Malformed);
}

TEST_CASE("a source gives exactly what was asked, or says what left the file") {
    const MemorySource source("0123456789");
    CHECK(source.read({2}, 3, "a thing") == "234");
    CHECK(source.read({10}, 0, "a thing").empty());
    CHECK_THROWS_WITH_AS((void)source.read({8}, 3, "the thing"), "the thing leaves the file: 3 bytes at offset 8 of 10",
                         Malformed);
    CHECK_THROWS_AS((void)source.read({11}, 0, "a thing"), Malformed);
}

TEST_CASE("a text longer than one step of reading is whole, and one without end is refused") {
    const std::string text = std::string(1000, 'a') + '\0';
    CHECK(MemorySource(text).read_text({0}, "it").size() == 1000);
    CHECK_THROWS_AS((void)MemorySource(std::string_view(text).substr(0, 1000)).read_text({0}, "it"), Malformed);
    const std::string endless(200'000, 'a');
    CHECK_THROWS_AS((void)MemorySource(endless).read_text({0}, "it"), Malformed);
}
