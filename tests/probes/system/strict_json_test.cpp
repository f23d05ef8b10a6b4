#include "probes/system/strict_json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/harness/random_bytes.hpp"

namespace jetcuda {
namespace {

std::string flaw_of(std::string_view text) {
    try {
        parse_strictly(text);
    } catch (const JsonFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace

TEST_CASE("what is read is what the library would read") {
    for (const char* text : {"{}", "[]", "null", "3", "-4.5e2", R"({"a":[1,{"b":[]},"x",true,null],"c":{"a":{}}})",
                             R"([[[]],{"a":[[1]]}])"}) {
        CAPTURE(text);
        CHECK(parse_strictly(text) == nlohmann::json::parse(text));
    }
}

TEST_CASE("a key that stands twice in one object is refused, and in two objects it is not") {
    CHECK(flaw_of(R"({"mode":1,"b":{"mode":2},"c":[{"mode":3},{"mode":4}]})").empty());
    CHECK(flaw_of(R"({"a":{"mode":1,"mode":2}})") == "the key \"mode\" stands twice in one object");
}

TEST_CASE("deep nesting is refused before it costs a stack") {
    const std::string allowed = std::string(json_depth_limit, '[') + std::string(json_depth_limit, ']');
    CHECK(flaw_of(allowed).empty());
    CHECK(flaw_of('[' + allowed + ']') == "it is nested more than 32 levels deep");
    CHECK(flaw_of(std::string(1'000'000, '[')) == "it is nested more than 32 levels deep");
    std::string objects;
    for (int i = 0; i < 100; ++i) objects += R"({"a":)";
    CHECK(flaw_of(objects) == "it is nested more than 32 levels deep");
}

TEST_CASE("a flaw names its place") {
    CHECK(flaw_of("{\n \"a\": 1,\n}").find("line 3") == 0);
    CHECK(flaw_of("").find("line 1") == 0);
    CHECK_FALSE(flaw_of("{} {}").empty());
    CHECK_FALSE(flaw_of("\"\xff\"").empty());
    CHECK_FALSE(flaw_of("1e999").empty());
}

TEST_CASE("no text makes the parser misbehave") {
    const std::string good =
        R"({"nodes":[{"path":"/dev/nvmap","type":"c","major":10,"mode":"0660"}],"dirs":["/a",[1.5e3]]})";
    for (unsigned seed = 0; seed < 3000; ++seed) {
        for (const std::string& text : {testing::random_bytes(seed, 60), testing::mutated(good, seed)}) {
            bool refused = false;
            try {
                parse_strictly(text);
            } catch (const JsonFlaw&) {
                refused = true;
            }
            // Everything the library refuses is refused here too.
            if (!nlohmann::json::accept(text)) CHECK(refused);
        }
    }
}

}  // namespace jetcuda
