// The grammar of systemd's files, as far as environments need it.

#include "probes/loader/unit_words.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("words of a unit: quotes, escapes, continued lines, percent signs") {
    using List = std::vector<std::string>;
    CHECK(unit_words("a  b\tc") == List{"a", "b", "c"});
    CHECK(unit_words("\"a b\" 'c d' e\"f g\"h") == List{"a b", "c d", "ef gh"});
    CHECK(unit_words("a\\ b \\x41 \\n") == List{"a b", "A", "\n"});
    CHECK(unit_words("'' a") == List{"", "a"});
    CHECK(unit_words("a 'open") == List{"a"});
    CHECK(unit_words("").empty());
    CHECK(without_percents("100%% %h %") == "100% %h %");
    const std::vector<UnitLine> lines =
        unit_lines("[Service]\n a = b \\\n# comment\n   c\n;x=y\n[Unit]\nd=e\n[Service]\nf=\nno sign\n", "Service");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].key == "a");
    CHECK(unit_words(lines[0].value) == List{"b", "c"});
    CHECK(lines[0].number == 2);
    CHECK(lines[1].value.empty());
    CHECK(environment_file_lines("a='x y'\\\nb\n#c=d\n").at(0).value == "x yb");
}

TEST_CASE("random bytes come to an end") {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        const std::string bytes =
            seed % 2 == 0 ? random_bytes(seed, 300) : mutated("[Service]\na='b \\x4' \\\n\"c", seed);
        CHECK(unit_words(bytes).size() <= bytes.size());
        CHECK(unit_lines(bytes, "Service").size() <= bytes.size());
        CHECK(environment_file_lines(bytes).size() <= bytes.size());
        CHECK(without_percents(bytes).size() <= bytes.size());
    }
}
