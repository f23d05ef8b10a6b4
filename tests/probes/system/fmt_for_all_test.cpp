#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace jetcuda {
namespace {

// This source holds no implementation of fmt: what it calls is that of the one that does.
TEST_CASE("each kind of value that is put into a text is formatted by the one implementation") {
    CHECK(fmt::format("{} of {}", std::string("one"), std::string_view("two")) == "one of two");
    CHECK(fmt::format("{:>4}|{:<4}|{:04x}|{:+}", 7, 'c', 0xabU, -3) == "   7|c   |00ab|-3");
    CHECK(fmt::format("{} {}", std::numeric_limits<std::uint64_t>::max(), true) == "18446744073709551615 true");
    CHECK(fmt::format("{:.2f} {} {:.1e}", 0.126, 1.5, 12345.0) == "0.13 1.5 1.2e+04");
}

TEST_CASE("a text longer than what fmt holds ready is whole") {
    const std::string large(100'000, 'x');
    CHECK(fmt::format("<{}>", large) == "<" + large + ">");
}

}  // namespace
}  // namespace jetcuda
