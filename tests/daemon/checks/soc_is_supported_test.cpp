#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "soc-is-supported";
}

TEST_CASE("each supported SoC passes with its GPU's capability") {
    CHECK(judged(id, healthy_xavier()).summary.find("sm_72") != std::string::npos);
    CHECK(judged(id, healthy_orin()).summary == "The board has the SoC T234 (Orin), whose GPU is sm_87");
    CHECK(judged(id, healthy_thor()).summary.find("sm_110") != std::string::npos);
    CHECK(judged(id, healthy_thor()).evidence.front().source == "/proc/device-tree/compatible");
}

TEST_CASE("a SoC that CUDA has left behind fails") {
    for (const std::string soc : {"T186", "T210"}) {
        Facts facts = healthy_orin();
        facts.board.value().soc = soc_record(soc);
        const CheckResult result = judged(id, facts);
        CHECK(result.status == Status::fail);
        CHECK(result.code == "soc-not-supported");
        CHECK(result.summary.find(soc) != std::string::npos);
    }
}

TEST_CASE("a Tegra that our data does not know is unknown, with the chip's own name") {
    Facts facts = healthy_orin();
    facts.board.value().soc.reset();
    facts.board.value().chip = "nvidia,tegra999";
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::unknown);
    CHECK(result.code == "soc-not-known");
    CHECK(result.summary.find("nvidia,tegra999") != std::string::npos);
}

TEST_CASE("an image at rest asks for --soc") {
    Facts facts = healthy_orin();
    facts.board = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "not-there");
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "soc-not-given");
    CHECK(judged(id, facts).remedy.find("--soc T234") != std::string::npos);
}

TEST_CASE("no Jetson is not applicable") {
    Facts facts = healthy_orin();
    facts.board = Fact<Board>(Board{}, "/sys/devices/soc0");
    CHECK(judged(id, facts).code == "not-a-jetson");
    CHECK(judged(id, facts).status == Status::not_applicable);
}
