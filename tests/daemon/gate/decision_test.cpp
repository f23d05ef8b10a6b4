#include "daemon/gate/decision.hpp"

#include <doctest/doctest.h>

#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

Report broken_orin() {
    Report report = orin_report();
    report.checks[3] = measured_check("driver-initializes", Status::fail, "crashed", noon.generated_at);
    report.verdict = Verdict::unhealthy;
    report.reason = "driver-initializes";
    return report;
}

}  // namespace

TEST_CASE("a required failure of a probed report withholds the boot, and says which") {
    const Report report = broken_orin();
    const GateDecision decision = decide_gate(&report);
    CHECK_FALSE(decision.allow);
    CHECK(decision.sentence ==
          "The boot is withheld: required checks fail (driver-initializes). See what to do with: jetcuda-check explain "
          "driver-initializes");
}

TEST_CASE("without a report of this boot it passes") {
    const GateDecision decision = decide_gate(nullptr);
    CHECK(decision.allow);
    CHECK(decision.sentence.find("no report of this boot") != std::string::npos);
}

TEST_CASE("everything else lets the boot pass") {
    Report report = broken_orin();

    SUBCASE("healthy") { report = orin_report(); }
    SUBCASE("not probed") { report.probed = false; }
    SUBCASE("a simulated driver") { report.simulated = true; }
    SUBCASE("the failure is waived") { report.checks[3].waived = true; }
    SUBCASE("the failure is of a wanted check") { report.checks[3].severity = Severity::wanted; }
    SUBCASE("unknown") { report.checks[3].status = Status::unknown; }
    SUBCASE("not judged yet") { report = not_judged_yet("boot"); }
    SUBCASE("a run that did not finish") { report = run_did_not_finish("boot", "run-crashed", "It crashed", noon); }
    SUBCASE("a verdict without a failing check to stand on") { report.checks.clear(); }

    const GateDecision decision = decide_gate(&report);
    CHECK(decision.allow);
    CHECK(decision.sentence.find("The boot passes") == 0);
}

TEST_CASE("the decision rests on the checks, whatever the verdict claims") {
    Report report = broken_orin();
    report.verdict = Verdict::healthy;
    report.reason.clear();
    CHECK_FALSE(decide_gate(&report).allow);
}
