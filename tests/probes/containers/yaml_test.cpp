// YAML as JSON, and the files that are made to stop a reader.

#include "probes/containers/yaml.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using nlohmann::json;

namespace {

std::string flaw_of(const std::string& text) {
    try {
        static_cast<void>(parse_yaml(text));
    } catch (const YamlFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string result;
    for (std::size_t i = 0; i < times; ++i) result += piece;
    return result;
}

}  // namespace

TEST_CASE("mappings, lists, texts and nothing") {
    const json value = parse_yaml("---\na: 1\nb:\n- x\n- \"y z\"\n- {c: d, e: [f]}\ng:\n...\n");
    CHECK(value == json::parse(R"({"a":"1","b":["x","y z",{"c":"d","e":["f"]}],"g":null})"));
    CHECK(parse_yaml("{\"a\": true}") == json::parse(R"({"a":"true"})"));
    CHECK(parse_yaml("a: 1\n---\nb: 2\n") == json::parse(R"({"a":"1"})"));
    CHECK(parse_yaml("just a text") == json("just a text"));
}

TEST_CASE("what is no YAML, or more than it looks, is refused with its place") {
    CHECK(flaw_of("a: [1\n").find("line 2") != std::string::npos);
    CHECK(flaw_of("a: b: c").find("line 1") != std::string::npos);
    CHECK(flaw_of("a: 1\na: 2\n") == "line 2, column 1: the key \"a\" stands twice");
    CHECK(flaw_of("? [a]\n: b\n").find("a key that is no text") != std::string::npos);
    CHECK_FALSE(flaw_of("").empty());
    CHECK_FALSE(flaw_of("\t- a").empty());
}

TEST_CASE("aliases of aliases are refused before they stand for anything") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        const std::string name = "a" + std::to_string(i);
        bomb += name + ": &" + name + " [" + before + ", " + before + ", " + before + "]\n";
    }
    CHECK(flaw_of(bomb).find("an alias") != std::string::npos);
}

TEST_CASE("nesting and size are limited, and limits are reached in good time") {
    const auto begin = std::chrono::steady_clock::now();
    CHECK(flaw_of(repeated("- ", 200'000)).find("32 levels") != std::string::npos);
    // In these the library sees a key that begins with a list, which is refused sooner.
    CHECK(flaw_of(repeated("[", 200'000)) == "line 1, column 1: a key that is no text");
    CHECK(flaw_of(repeated("{a: ", 200'000)) == "line 1, column 1: a key that is no text");
    CHECK_FALSE(flaw_of(repeated("? ", 200'000)).empty());
    CHECK(flaw_of(repeated("- a\n", 150'000)).find("100000 values") != std::string::npos);
    CHECK(flaw_of(std::string(1 << 20, 'a')).empty());
    static_cast<void>(flaw_of(std::string(1 << 20, '\n')));
    static_cast<void>(flaw_of(std::string(1 << 20, '"')));
    static_cast<void>(flaw_of(std::string(1 << 20, ' ')));
    static_cast<void>(flaw_of(std::string(1 << 20, ':')));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("no bytes make it misbehave") {
    const std::string good = "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: \"0\"\n  x: |\n    text\n";
    for (unsigned seed = 0; seed < 2000; ++seed) {
        static_cast<void>(flaw_of(random_bytes(seed, 300)));
        static_cast<void>(flaw_of(mutated(good, seed)));
    }
}
