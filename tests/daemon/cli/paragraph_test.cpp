#include "daemon/cli/paragraph.hpp"

#include <sstream>

#include <doctest/doctest.h>

using namespace jetcuda;

TEST_CASE("columns are characters, not bytes") {
    CHECK(columns_of("abc") == 3);
    CHECK(columns_of("[ID…]") == 5);
}

TEST_CASE("text hangs beside what stands to its left") {
    CHECK(hanging("  run", 8, "judge now") == "  run   judge now\n");
    CHECK(hanging("  a-long-name", 8, "judge now") == "  a-long-name\n        judge now\n");
    CHECK(hanging("", 0, "judge now") == "judge now\n");
    CHECK(hanging("", 4, "") == "    \n");
}

TEST_CASE("lines break between words, within the page") {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "word ";
    std::istringstream lines(hanging("left", 10, text));
    int count = 0;
    int words = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        CHECK(line.size() <= page_width);
        CHECK(line.substr(0, 10) == (count == 0 ? "left      " : std::string(10, ' ')));
        for (std::size_t at = line.find("word"); at != std::string::npos; at = line.find("word", at + 1)) ++words;
    }
    CHECK(words == 60);
    CHECK(count == 5);
}

TEST_CASE("a word longer than the page stays whole, since it may be a path") {
    const std::string path = "/" + std::string(120, 'x');
    CHECK(hanging("", 2, "see " + path + " there").find(path) != std::string::npos);
}
