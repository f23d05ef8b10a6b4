#include "probes/catalog/container_records.hpp"

#include <doctest/doctest.h>

#include "tests/probes/catalog/record_text.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

ContainerFileRecord read(std::string_view text) { return record_of(text, read_container_file); }
std::string refusal(std::string_view text) { return flaw_of(text, read_container_file); }

}  // namespace

TEST_CASE("a record says which drivers need the file, and which lists must name it") {
    const ContainerFileRecord record = read(
        R"({"id":"nvmap","variants":["nvgpu","openrm"],"lists":["csv"],"kind":"node","names":["/dev/nvmap"],"source":["x"]})");
    CHECK(record.id == "nvmap");
    CHECK(record.variants == std::vector<std::string>{"nvgpu", "openrm"});
    CHECK(record.csv);
    CHECK_FALSE(record.cdi);
    CHECK(record.node);
    CHECK(record.names == std::vector<std::string>{"/dev/nvmap"});
}

TEST_CASE("a wrong record says which key is wrong") {
    CHECK(refusal(R"({"id":"a","variants":["amd"],"lists":[],"kind":"node","names":["/dev/a"],"source":["x"]})")
              .find("\"variants\" must hold nvgpu or openrm") != std::string::npos);
    CHECK(refusal(R"({"id":"a","variants":[],"lists":["csv"],"kind":"node","names":["/dev/a"],"source":["x"]})")
              .find("\"variants\" must not be empty") != std::string::npos);
    CHECK(refusal(R"({"id":"a","variants":["nvgpu"],"lists":["x"],"kind":"node","names":["/dev/a"],"source":["x"]})")
              .find("\"lists\" must hold csv or cdi") != std::string::npos);
    CHECK(
        refusal(R"({"id":"a","variants":["nvgpu"],"lists":["csv"],"kind":"library","names":["/dev/a"],"source":["x"]})")
            .find("\"names\" must hold paths below /dev for a node") != std::string::npos);
    CHECK(refusal(R"({"id":"a","variants":["nvgpu"],"lists":["csv"],"kind":"node","names":[],"source":["x"]})")
              .find("\"names\" must not be empty") != std::string::npos);
}
