#include "daemon/report/outside_text.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;

TEST_CASE("ids of checks") {
    for (const char* good : {"a", "driver-initializes", "x86-64", "custom/disk-is-ours", "custom/Disk_2.sh"}) {
        CAPTURE(good);
        CHECK(is_check_id(good));
    }
    for (const char* bad :
         {"", "A", "a b", "a/b", "custom/", "custom/.hidden", "custom/..", "custom/a/b", "a\n", "ä"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_check_id(bad));
    }
    CHECK(is_check_id(std::string(128, 'a')));
    CHECK_FALSE(is_check_id(std::string(129, 'a')));
}

TEST_CASE("the depth of JSON is counted outside of its texts") {
    CHECK_FALSE(nests_deeper_than("", 0));
    CHECK_FALSE(nests_deeper_than("[[]]", 2));
    CHECK(nests_deeper_than("[{\"a\":[]}]", 2));
    CHECK_FALSE(nests_deeper_than("[[],[],[],{},{}]", 2));
    CHECK_FALSE(nests_deeper_than(R"(["[[[[", "\"[[[[", "\\"])", 1));
    CHECK(nests_deeper_than(R"(["\\", [[]]])", 2));
    CHECK_FALSE(nests_deeper_than("]]]]", 1));
    CHECK_FALSE(nests_deeper_than("\"\\", 1));
}

TEST_CASE("a plain line cannot steer a terminal") {
    CHECK(plain_line("Orin (nvgpu) ä € 𝄞") == "Orin (nvgpu) ä € 𝄞");
    CHECK(plain_line("a\tb\nc\r\nd") == "a b c  d");
    CHECK(plain_line("\x1b[31mred\x07\x7f") == "?[31mred??");
    CHECK(plain_line("\xC2\x9B") == "?");              // CSI, of C1
    CHECK(plain_line("a\xE2\x80\xAEtxt") == "a?txt");  // right-to-left override
    CHECK(plain_line("a\xE2\x80\xA8z") == "a z");      // line separator
    CHECK(plain_line("\xff\xc3") == "??");             // no UTF-8
    CHECK(plain_line("\xC0\xAF") == "??");             // overlong
    CHECK(plain_line("\xED\xA0\x80") == "???");        // a surrogate
    CHECK(plain_line("\xF4\x90\x80\x80") == "????");   // above U+10FFFF
    CHECK(plain_line(std::string_view("a\0b", 3)) == "a?b");
}

TEST_CASE("shortening cuts between characters and says so") {
    CHECK(shortened("short", 5) == "short");
    CHECK(shortened("longer", 5) == "lo…");
    CHECK(shortened("ääää", 7) == "ää…");
    CHECK(shortened("ääää", 6) == "ä…");
    CHECK(shortened("abc", 2).empty());
    CHECK(shortened("abcd", 3) == "…");
    CHECK(shortened("", 0).empty());
}

TEST_CASE("any bytes become plain text of bounded length") {
    for (unsigned seed = 0; seed < 4000; ++seed) {
        const std::string bytes = testing::random_bytes(seed, 80);
        const std::string line = plain_line(bytes);
        REQUIRE(plain_line(line) == line);
        for (std::size_t limit = 0; limit < 20; limit += 3) {
            const std::string cut = shortened(line, limit);
            REQUIRE(cut.size() <= limit);
            REQUIRE(plain_line(cut) == cut);
        }
        nests_deeper_than(bytes, 4);
        is_check_id(bytes);
    }
}
