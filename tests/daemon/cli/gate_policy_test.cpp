#include "daemon/cli/gate_policy.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

Report judged(Verdict verdict) {
    Report report;
    report.sequence = 3;
    report.probed = true;
    report.verdict = verdict;
    report.reason = "driver-initializes";
    CheckResult check;
    check.id = "driver-initializes";
    check.severity = Severity::required;
    check.status = verdict == Verdict::unhealthy ? Status::fail : Status::pass;
    report.checks = {check};
    return report;
}

GateDecision decided(const Report* report, const Settings& settings) {
    return with_policy(decide_gate(report), report, settings);
}

}  // namespace

TEST_CASE("as it is configured by default, only a measured required failure withholds a boot") {
    const Settings settings;
    const Report unhealthy = judged(Verdict::unhealthy);
    const Report unknown = judged(Verdict::unknown);
    CHECK_FALSE(decided(&unhealthy, settings).allow);
    CHECK(decided(&unknown, settings).allow);
    CHECK(decided(nullptr, settings).allow);
}

TEST_CASE("\"deny\" withholds what nobody judged") {
    Settings settings;
    settings.gate_on_unknown = OnUnknown::deny;
    const Report unknown = judged(Verdict::unknown);
    CHECK_FALSE(decided(&unknown, settings).allow);
    CHECK(decided(&unknown, settings).sentence.find("driver-initializes") != std::string::npos);
    CHECK_FALSE(decided(nullptr, settings).allow);
    for (const Verdict verdict : {Verdict::healthy, Verdict::degraded}) {
        const Report report = judged(verdict);
        CHECK(decided(&report, settings).allow);
    }
}

TEST_CASE("\"observe\" never withholds, and tells what it would have done") {
    Settings settings;
    settings.gate_mode = GateMode::observe;
    settings.gate_on_unknown = OnUnknown::deny;
    const Report unhealthy = judged(Verdict::unhealthy);
    const GateDecision decision = decided(&unhealthy, settings);
    CHECK(decision.allow);
    CHECK(decision.sentence.find("observe") != std::string::npos);
    CHECK(decision.sentence.find("driver-initializes") != std::string::npos);
    CHECK(decided(nullptr, settings).allow);
}
