#include "probes/system/text.hpp"

#include <doctest/doctest.h>

namespace jetcuda {
using namespace std::string_view_literals;

TEST_CASE("trimmed takes white space and NULs off both ends only") {
    CHECK(trimmed(" \t a b\r\n\0\0"sv) == "a b");
    CHECK(trimmed(" \n\0 "sv).empty());
    CHECK(trimmed("").empty());
}

TEST_CASE("split keeps empty pieces") {
    CHECK(split("a,,b", ',') == std::vector{"a"sv, ""sv, "b"sv});
    CHECK(split("", ',') == std::vector{""sv});
    CHECK(split("a\0b\0"sv, '\0') == std::vector{"a"sv, "b"sv, ""sv});
}

TEST_CASE("take_line walks through a text with and without a newline at its end") {
    std::string_view text = "one\n\ntwo";
    CHECK(take_line(text) == "one");
    CHECK(take_line(text).empty());
    CHECK(take_line(text) == "two");
    CHECK(text.empty());
}

TEST_CASE("a path below a folder") {
    CHECK(path_below("/lib", "a.so") == "/lib/a.so");
    CHECK(path_below("", "lib") == "/lib");
}

TEST_CASE("beginnings, ends and digits") {
    CHECK(starts_with("nvidia,tegra234", "nvidia,tegra"));
    CHECK_FALSE(starts_with("nv", "nvidia"));
    CHECK(ends_with("a.list", ".list"));
    CHECK_FALSE(ends_with("st", ".list"));
    CHECK(is_digits("0123"));
    CHECK_FALSE(is_digits(""));
    CHECK_FALSE(is_digits("12a"));
}

TEST_CASE("what is shown is one line of plain characters, and not too long") {
    CHECK(shown("a\nb\x1b[1m\xff") == "a?b?[1m?");
    CHECK(shown("abcdef", 3) == "abc...");
    CHECK(shown("abc", 3) == "abc");
}

}  // namespace jetcuda
