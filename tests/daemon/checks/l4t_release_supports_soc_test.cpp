#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

#include <map>

namespace {
constexpr std::string_view id = "l4t-release-supports-soc";

Facts of(int line, const std::string& soc) {
    Facts facts = healthy_orin();
    facts.board.value().soc = soc_record(soc);
    facts.release.value() = {line, L4tRelease{line, 2, 0}, ReleaseOrigin::release_file, ""};
    facts.line = Fact<LineRecord>(line_record(line), "releases.json");
    facts.driver_probe = missing(Lack::not_asked);
    return facts;
}
}  // namespace

TEST_CASE("each line supports the SoCs that its data names, and no other") {
    const std::map<int, std::string> supported = {{35, "T194 T234"}, {36, "T234"}, {38, "T264"}, {39, "T234 T264"}};
    for (const auto& each : supported) {
        const int line = each.first;
        const std::string& socs = each.second;
        for (const std::string soc : {"T194", "T234", "T264"}) {
            CAPTURE(line);
            CAPTURE(soc);
            const CheckResult result = judged(id, of(line, soc));
            const bool expected = socs.find(soc) != std::string::npos;
            CHECK(result.status == (expected ? Status::pass : Status::fail));
            CHECK(result.code == (expected ? "ok" : "release-lacks-soc"));
        }
    }
    CHECK(judged(id, of(36, "T264")).summary == "L4T R36 has no driver for the SoC T264 (Thor); it supports T234");
}

TEST_CASE("a table of ours does not fail a board whose driver was seen to run its GPU") {
    Facts facts = of(38, "T234");
    facts.driver_probe = healthy_orin().driver_probe;
    CHECK(judged(id, facts).code == "measured-to-work");
    CHECK(judged(id, facts).status == Status::pass);
    facts.driver_probe.value().devices.front().capability = Capability::from_sm(110);
    CHECK(judged(id, facts).code == "release-lacks-soc");
    facts.driver_probe = healthy_orin().driver_probe;
    end_probe_at(facts, answered(ProbeStep::init, 100, "CUDA_ERROR_NO_DEVICE"));
    CHECK(judged(id, facts).code == "release-lacks-soc");
}

TEST_CASE("NixOS is told which JetPack to choose") {
    Facts facts = of(36, "T194");
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("hardware.nvidia-jetpack.majorVersion = \"5\";") != std::string::npos);
}

TEST_CASE("what is not known is not judged") {
    Facts facts = healthy_orin();
    facts.line = missing(Lack::not_there);
    CHECK(judged(id, facts).status == Status::unknown);
    facts = healthy_orin();
    facts.line.value().socs.clear();
    CHECK(judged(id, facts).status == Status::unknown);
    facts = healthy_orin();
    facts.board.value().soc.reset();
    CHECK(judged(id, facts).status == Status::unknown);
    facts = healthy_orin();
    facts.release = missing(Lack::not_there);
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
}
