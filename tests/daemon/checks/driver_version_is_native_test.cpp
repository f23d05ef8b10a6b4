#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "driver-version-is-native";
}

TEST_CASE("the version that the release ships passes") {
    CHECK(judged(id, healthy_orin()).summary == "libcuda answers CUDA 12.6, as L4T 36.5.0 ships it");
    CHECK(judged(id, healthy_thor()).code == "ok");
}

TEST_CASE("another version fails, newer or older") {
    for (const int version : {13020, 12020, 0, -5}) {
        Facts facts = healthy_orin();
        facts.driver_probe.value().driver_version = version;
        const CheckResult result = judged(id, facts);
        CHECK(result.status == Status::fail);
        CHECK(result.severity == Severity::wanted);
        CHECK(result.code == "version-differs");
    }
    Facts facts = healthy_orin();
    facts.driver_probe.value().driver_version = 12090;
    CHECK(judged(id, facts).summary == "libcuda answers CUDA 12.9, but L4T 36.5.0 ships 12.6");
}

TEST_CASE("without a reference there is nothing to compare") {
    Facts facts = healthy_orin();
    facts.reference.value().driver_cuda.reset();
    CHECK(judged(id, facts).code == "no-reference");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-reference");
}

TEST_CASE("a garbled release file hides which version is the native one") {
    Facts facts = healthy_orin();
    facts.release = missing(Lack::not_understood);
    facts.reference = missing(Lack::not_understood);
    CHECK(judged(id, facts).status == Status::unknown);
    CHECK(judged(id, facts).blocked_by == "l4t-release-is-known");
}

TEST_CASE("a library that refuses to answer fails") {
    Facts facts = healthy_orin();
    for (StepAnswer& step : facts.driver_probe.value().steps) {
        if (step.step == ProbeStep::version) step = answered(ProbeStep::version, 34, "CUDA_ERROR_STUB_LIBRARY");
    }
    CHECK(judged(id, facts).code == "version-refused");
    CHECK(judged(id, facts).summary.find("CUDA_ERROR_STUB_LIBRARY (34)") != std::string::npos);
}

TEST_CASE("the version counts also where the GPU does not start, and is not known where the probe died before") {
    Facts facts = healthy_orin();
    end_probe_at(facts, answered(ProbeStep::init, 100, "CUDA_ERROR_NO_DEVICE"));
    CHECK(judged(id, facts).code == "ok");
    end_probe_at(facts, ended(ProbeStep::version, StepEnd::crashed, 11));
    CHECK(judged(id, facts).blocked_by == "driver-initializes");
    facts = healthy_orin();
    facts.driver_probe.value().driver_version.reset();
    CHECK(judged(id, facts).status == Status::unknown);
}
