// The part of TOML that settings of container engines are made of.

#include "probes/containers/toml.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

using Names = std::vector<std::string>;

std::string flaw_of(const std::string& text) {
    try {
        static_cast<void>(parse_toml(text));
    } catch (const TomlFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace

TEST_CASE("tables, dotted and quoted keys, texts, words, lists and inline tables") {
    const std::vector<TomlEntry> entries = parse_toml(
        "version = 2 # the form\n"
        "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
        "  default_runtime_name = 'runc'\r\n"
        "  a.\"b c\".d = \"x \\\" y\"\n"
        "[[list]]\n"
        "when = 2024-01-01T00:00:00+01:00\n"
        "nvidia = [ \"/usr/bin/a\", # first\n   \"/usr/bin/b\",\n]\n"
        "in = { path = \"/p\", deep = { k = true } }\n"
        "text = \"\"\"one\ntwo\"\"\"\n");
    REQUIRE(entries.size() == 10);
    CHECK(entries[0].path == Names{"version"});
    CHECK(entries[0].values == Names{"2"});
    CHECK(entries[0].line == 1);
    CHECK(entries[1].path == Names{"plugins", "io.containerd.grpc.v1.cri", "containerd", "default_runtime_name"});
    CHECK(entries[1].values == Names{"runc"});
    CHECK(entries[2].path == Names{"plugins", "io.containerd.grpc.v1.cri", "containerd", "a", "b c", "d"});
    CHECK(entries[2].values == Names{"x \" y"});
    CHECK(entries[3].path == Names{"list", "when"});
    CHECK(entries[4].values == Names{"/usr/bin/a", "/usr/bin/b"});
    CHECK(entries[4].line == 7);
    CHECK(entries[5].path == Names{"list", "in", "path"});
    CHECK(entries[6].path == Names{"list", "in", "deep", "k"});
    // A table that stands within a line follows what it holds.
    CHECK(entries[7].path == Names{"list", "in", "deep"});
    CHECK(entries[8].key() == "in");
    CHECK(entries[9].values == Names{"one\ntwo"});
}

TEST_CASE("a commented line says nothing") {
    CHECK(parse_toml("# [plugins]\n#  BinaryName = \"nvidia-container-runtime\"\n").empty());
    CHECK(parse_toml("").empty());
    CHECK(parse_toml("[empty]").empty());
}

TEST_CASE("what is no TOML is refused with its line") {
    CHECK(flaw_of("a = 1\nb\n") == "line 2: a '=' is missing");
    CHECK(flaw_of("a = \n") == "line 1: a value is missing");
    CHECK(flaw_of("a = \"x\n") == "line 1: a text does not end");
    CHECK(flaw_of("a = 1 2\n") == "line 1: something follows a value");
    CHECK(flaw_of("[a\n") == "line 1: a ']' is missing");
    CHECK(flaw_of("= 1\n") == "line 1: a name is missing");
    CHECK(flaw_of("a = [1, 2").find("a ']' is missing") != std::string::npos);
    CHECK(flaw_of("a = \"\"\"x").find("does not end") != std::string::npos);
    CHECK(flaw_of("a = \"x\\").find("in the middle") != std::string::npos);
}

TEST_CASE("nesting, names and values are limited") {
    CHECK(flaw_of("a = " + std::string(100'000, '[')).find("16 levels") != std::string::npos);
    std::string tables = "a = ";
    for (int i = 0; i < 50'000; ++i) tables += "{a=";
    CHECK(flaw_of(tables).find("16 levels") != std::string::npos);
    std::string dots = "a";
    for (int i = 0; i < 50'000; ++i) dots += ".a";
    CHECK(flaw_of(dots + " = 1").find("16 levels") != std::string::npos);
    CHECK(flaw_of(std::string(1000, 'a') + " = 1").find("128 letters") != std::string::npos);
    std::string values = "a = [1";
    for (int i = 0; i < 50'000; ++i) values += ",1";
    CHECK(flaw_of(values + "]").find("20000 values") != std::string::npos);
}

TEST_CASE("no bytes make it misbehave") {
    const std::string good =
        "version = 2\n[plugins.\"cri\".containerd.runtimes.nvidia]\nx = { BinaryName = 'a', y = [1, \"\"\"b\"\"\"] }\n";
    for (unsigned seed = 0; seed < 3000; ++seed) {
        static_cast<void>(flaw_of(random_bytes(seed, 300)));
        static_cast<void>(flaw_of(mutated(good, seed)));
    }
}
