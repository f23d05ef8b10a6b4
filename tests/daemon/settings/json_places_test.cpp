#include "daemon/settings/json_places.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;

namespace {

// "line:column" of a key, or "" where it was not found.
std::string place(const JsonPlaces& places, const KeyPath& path) {
    const auto found = places.keys.find(path);
    if (found == places.keys.end()) return {};
    return std::to_string(found->second.line) + ":" + std::to_string(found->second.column);
}

}  // namespace

TEST_CASE("a byte has a line and a column") {
    CHECK(place_of_byte("ab\ncd", 0).line == 1);
    CHECK(place_of_byte("ab\ncd", 0).column == 1);
    CHECK(place_of_byte("ab\ncd", 4).line == 2);
    CHECK(place_of_byte("ab\ncd", 4).column == 2);
    CHECK(place_of_byte("ab\ncd", 3).column == 1);
    CHECK(place_of_byte("ab\ncd", 99).line == 2);  // behind the end: the end
    CHECK(place_of_byte("", 0).line == 1);
}

TEST_CASE("every member's key has its place") {
    const JsonPlaces places = find_places(R"({
  "a": 1,
  "b": {"c": "x, \"d\": {", "e": {}
  , "f": [1, {"g": 2, "h": {"i": 3}}, "j"],
        "k": {"l": {"m": null}}},
  "n\u0041": [{"a": 1}], "o": true
})");
    CHECK(place(places, {"a"}) == "2:3");
    CHECK(place(places, {"b"}) == "3:3");
    CHECK(place(places, {"b", "c"}) == "3:9");
    CHECK(place(places, {"b", "e"}) == "3:29");
    CHECK(place(places, {"b", "f"}) == "4:5");
    CHECK(place(places, {"b", "k"}) == "5:9");
    CHECK(place(places, {"b", "k", "l"}) == "5:15");
    CHECK(place(places, {"b", "k", "l", "m"}) == "5:21");
    CHECK(place(places, {"nA"}) == "6:3");  // escapes are resolved
    CHECK(place(places, {"o"}) == "6:26");
    CHECK(places.keys.size() == 10);  // nothing from inside arrays, nothing from inside texts
    CHECK_FALSE(places.repeated);
}

TEST_CASE("a key that an object has twice") {
    CHECK(find_places(R"({"a": {"b": 1}, "c": {"b": 2}})").repeated == std::nullopt);
    CHECK(find_places(R"({"a": {"b": 1, "b": 2}})").repeated == KeyPath{"a", "b"});
    CHECK(find_places(R"({"a": 1, "\u0061": 2})").repeated == KeyPath{"a"});
    CHECK(find_places(R"({"a": [{"b": 1}, {"b": 1}]})").repeated == std::nullopt);
}

TEST_CASE("documents without members") {
    for (const char* json : {"{}", "[]", "1", "\"a\"", "[[{}]]", "[{\"a\":1}]"}) {
        CAPTURE(json);
        CHECK(find_places(json).keys.empty());
    }
}

// Who calls it has parsed the text before; even so, nothing may happen with what is no JSON.
TEST_CASE("any bytes are walked to their end") {
    const std::string good = R"({"a": 1, "b": {"c": ["x", {"d": null}], "e\n": {}}})";
    for (unsigned seed = 0; seed < 5000; ++seed) {
        find_places(testing::random_bytes(seed, 100));
        find_places(testing::mutated(good, seed));
    }
    find_places("\"");
    find_places("{\"");
    find_places("{\"\\");
    find_places("}]},,");
    CHECK(find_places(good).keys.size() == 4);
}
