#include "probes/catalog/container_records.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "probes/catalog/record_reader.hpp"

using namespace jetcuda;
using nlohmann::json;

namespace {

ContainerFileRecord record_of(std::string_view text) {
    const json content = json::parse(text);
    RecordReader reader(content, "container_files[0]");
    ContainerFileRecord record = read_container_file(reader);
    reader.refuse_other_keys();
    return record;
}

std::string flaw_of(std::string_view text) {
    try {
        (void)record_of(text);
    } catch (const RecordFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a record says which drivers need the file, and which lists must name it") {
    const ContainerFileRecord record = record_of(
        R"({"id":"nvmap","variants":["nvgpu","openrm"],"lists":["csv"],"kind":"node","names":["/dev/nvmap"],"source":["x"]})");
    CHECK(record.id == "nvmap");
    CHECK(record.variants == std::vector<std::string>{"nvgpu", "openrm"});
    CHECK(record.csv);
    CHECK_FALSE(record.cdi);
    CHECK(record.node);
    CHECK(record.names == std::vector<std::string>{"/dev/nvmap"});
}

TEST_CASE("a wrong record says which key is wrong") {
    CHECK(flaw_of(R"({"id":"a","variants":["amd"],"lists":[],"kind":"node","names":["/dev/a"],"source":["x"]})")
              .find("\"variants\" must hold nvgpu or openrm") != std::string::npos);
    CHECK(flaw_of(R"({"id":"a","variants":[],"lists":["csv"],"kind":"node","names":["/dev/a"],"source":["x"]})")
              .find("\"variants\" must not be empty") != std::string::npos);
    CHECK(flaw_of(R"({"id":"a","variants":["nvgpu"],"lists":["x"],"kind":"node","names":["/dev/a"],"source":["x"]})")
              .find("\"lists\" must hold csv or cdi") != std::string::npos);
    CHECK(
        flaw_of(R"({"id":"a","variants":["nvgpu"],"lists":["csv"],"kind":"library","names":["/dev/a"],"source":["x"]})")
            .find("\"names\" must hold paths below /dev for a node") != std::string::npos);
    CHECK(flaw_of(R"({"id":"a","variants":["nvgpu"],"lists":["csv"],"kind":"node","names":[],"source":["x"]})")
              .find("\"names\" must not be empty") != std::string::npos);
}
