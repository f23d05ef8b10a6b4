#include "probes/catalog/compat_records.hpp"

#include <doctest/doctest.h>

#include "tests/probes/catalog/record_text.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

CompatRecord read(std::string_view text) { return record_of(text, read_compat_record); }
std::string refusal(std::string_view text) { return flaw_of(text, read_compat_record); }

}  // namespace

TEST_CASE("a record names SoC, line, product, and what is promised and reported") {
    const CompatRecord record = read(
        R"({"soc":"T234","line":36,"product":"l4t","promised":["12.4","12.9"],"reported":["12.7"],"known_up_to":"13.4",
            "source":["x","y"]})");
    CHECK(record.id == "T234 R36 l4t");
    CHECK(record.listed);
    CHECK(record.promised == std::vector<CudaVersion>{{12, 4}, {12, 9}});
    CHECK(record.reported == std::vector<CudaVersion>{{12, 7}});
    CHECK(record.known_up_to == CudaVersion{13, 4});
    CHECK(record.source == "x; y");
}

TEST_CASE("no promise is not the promise of nothing") {
    constexpr std::string_view silent =
        R"({"soc":"T234","line":36,"product":"orin","promised":null,"known_up_to":"13.4","source":["x"]})";
    constexpr std::string_view none =
        R"({"soc":"T264","line":38,"product":"sbsa","promised":[],"known_up_to":"13.4","source":["x"]})";
    CHECK_FALSE(read(silent).listed);
    CHECK(read(none).listed);
    CHECK(read(none).promised.empty());
}

TEST_CASE("a wrong record says which key is wrong") {
    CHECK(refusal(R"({"soc":"T234","line":36,"product":"jetson","known_up_to":"13.4","source":["x"]})")
              .find(R"("product" is "jetson")") != std::string::npos);
    CHECK(refusal(R"({"soc":"T234","line":36,"product":"l4t","promised":["12"],"source":["x"]})")
              .find(R"("promised" holds "12")") != std::string::npos);
    CHECK(refusal(R"({"soc":"T234","line":36,"product":"l4t","promised":["12.9","12.4"],"source":["x"]})")
              .find("ascending order") != std::string::npos);
    CHECK(refusal(R"({"soc":"T234","line":36,"product":"l4t","source":["x"]})").find("\"known_up_to\" is missing") !=
          std::string::npos);
}
