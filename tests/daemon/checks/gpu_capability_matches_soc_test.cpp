#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "gpu-capability-matches-soc";
}

TEST_CASE("the capability of each SoC passes") {
    CHECK(judged(id, healthy_xavier()).summary.find("sm_72") != std::string::npos);
    CHECK(judged(id, healthy_orin()).summary == "The integrated GPU (Orin) reports sm_87, as the SoC T234 has it");
    CHECK(judged(id, healthy_thor()).summary.find("sm_110") != std::string::npos);
}

TEST_CASE("another capability fails") {
    Facts facts = healthy_orin();
    facts.driver_probe.value().devices.front().capability = Capability::from_sm(86);
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "capability-differs");
    CHECK(result.summary == "The integrated GPU (Orin) reports sm_86, but that of the SoC T234 is sm_87");
}

TEST_CASE("the integrated GPU is judged, also beside a discrete one") {
    Facts facts = healthy_orin();
    GpuDevice card;
    card.name = "RTX A6000";
    card.capability = Capability::from_sm(86);
    auto& devices = facts.driver_probe.value().devices;
    devices.insert(devices.begin(), card);
    CHECK(judged(id, facts).code == "ok");
    devices.pop_back();
    CHECK(judged(id, facts).code == "discrete-gpu-stack");
    CHECK(judged(id, facts).status == Status::unknown);
    CHECK(judged(id, facts).summary.find("RTX A6000") != std::string::npos);
    devices.clear();
    CHECK(judged(id, facts).code == "no-device");
    CHECK(judged(id, facts).status == Status::fail);
}

TEST_CASE("a driver that refuses to list or to describe its GPUs fails") {
    Facts facts = healthy_orin();
    end_probe_at(facts, answered(ProbeStep::devices, 999, "CUDA_ERROR_UNKNOWN"));
    CHECK(judged(id, facts).code == "devices-refused");
    facts = healthy_orin();
    end_probe_at(facts, answered(ProbeStep::capability, 1, "CUDA_ERROR_INVALID_VALUE"));
    CHECK(judged(id, facts).code == "capability-refused");
    CHECK(judged(id, facts).summary.find("CUDA_ERROR_INVALID_VALUE (1)") != std::string::npos);
    CHECK(judged(id, facts).status == Status::fail);
}

TEST_CASE("a death while asking fails here") {
    Facts facts = healthy_orin();
    end_probe_at(facts, ended(ProbeStep::capability, StepEnd::timed_out));
    CHECK(judged(id, facts).code == "timed-out");
    facts = healthy_orin();
    end_probe_at(facts, ended(ProbeStep::devices, StepEnd::killed_from_outside, 15));
    CHECK(judged(id, facts).code == "killed-from-outside");
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("a driver that did not initialize is the other check's failure") {
    Facts facts = healthy_orin();
    end_probe_at(facts, answered(ProbeStep::init, 100, "CUDA_ERROR_NO_DEVICE"));
    CHECK(judged(id, facts).blocked_by == "driver-initializes");
}

TEST_CASE("a driver under test on a machine that is no Jetson has no SoC to compare with") {
    Facts facts = healthy_orin();
    facts.scope.driver_override = "/tmp/libcuda.so.1";
    facts.board = Fact<Board>(Board{}, "/sys/devices/soc0");
    CHECK(judged(id, facts).code == "not-a-jetson");
    facts.driver_probe.value().devices.front().integrated = false;
    CHECK(judged(id, facts).code == "discrete-gpu-stack");
    facts = healthy_orin();
    facts.board.value().soc.reset();
    CHECK(judged(id, facts).status == Status::unknown);
}
