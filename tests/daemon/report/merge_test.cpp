#include <algorithm>

#include <doctest/doctest.h>

#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const ReportTime later{"2026-01-01T13:00:00Z", 20};

// The same board an hour later, looked at without asking the driver.
Report passive_orin(const std::string& code = "not-probed", Status status = Status::not_applicable) {
    Facts facts = orin_facts();
    facts.driver_probe = {};
    return make_report(facts,
                       {check("soc-is-supported", Status::pass), check("libcuda-is-found", Status::pass),
                        check("firmware-matches-release", Status::pass, Severity::wanted),
                        measured_check("driver-initializes", status, code),
                        measured_check("gpu-capability-matches-soc", status, code)},
                       later);
}

// The board at noon with a driver that hangs.
Report hanging_orin() {
    Report report = orin_report();
    report.checks[3] = measured_check("driver-initializes", Status::fail, "timed-out", noon.generated_at);
    report.checks[4] = blocked_check("gpu-capability-matches-soc", "driver-initializes");
    report.checks[4].basis = Basis::measured;
    report.verdict = Verdict::unhealthy;
    report.reason = "driver-initializes";
    return report;
}

}  // namespace

TEST_CASE("a passive run keeps what was measured in this boot") {
    const Report merged = merge_measured(passive_orin(), orin_report());
    CHECK(merged.verdict == Verdict::healthy);
    CHECK(merged.probed);
    CHECK(merged.driver_under_test == orin_report().driver_under_test);
    CHECK(merged.stack.driver_cuda == "12.6");
    CHECK(merged.stack.effective_cuda == "12.6");
    CHECK(merged.generated_at == later.generated_at);
    CHECK(merged.duration_ms == 20);
    CHECK(merged.checks[3].status == Status::pass);
    CHECK(merged.checks[3].measured_at == noon.generated_at);
    CHECK(merged.checks[0].measured_at.empty());
    // The same machine in the same state: the same digest as when it was measured.
    CHECK(digest(merged) == digest(orin_report()));
    CHECK(digest(merged) != digest(passive_orin()));
}

TEST_CASE("which compat is enabled is what the passive run has read") {
    Report passive = passive_orin();
    passive.stack.effective_cuda = "12.9";
    CHECK(merge_measured(passive, orin_report()).stack.effective_cuda == "12.9");
    CHECK(merge_measured(passive, orin_report()).stack.driver_cuda == "12.6");
    Report earlier = orin_report();
    earlier.stack.effective_cuda = "12.9";  // a compat that is no longer enabled
    CHECK(merge_measured(passive_orin(), earlier).stack.effective_cuda == "12.6");
}

TEST_CASE("a passive run does not heal what was measured as broken") {
    const Report merged = merge_measured(passive_orin(), hanging_orin());
    CHECK(merged.verdict == Verdict::unhealthy);
    CHECK(merged.reason == "driver-initializes");
    CHECK(merged.checks[3].code == "timed-out");
    CHECK(merged.checks[4].blocked_by == "driver-initializes");
}

TEST_CASE("a passive run brings its own findings beside what was measured") {
    Report newer = passive_orin();
    newer.checks[1] = check("libcuda-is-found", Status::fail);
    const Report merged = merge_measured(newer, orin_report());
    CHECK(merged.verdict == Verdict::unhealthy);
    CHECK(merged.reason == "libcuda-is-found");
    CHECK(merged.checks[3].status == Status::pass);
}

TEST_CASE("the chain of passive runs keeps the first measurement") {
    const Report once = merge_measured(passive_orin(), orin_report());
    const Report twice = merge_measured(passive_orin(), once);
    CHECK(twice.probed);
    CHECK(twice.checks[3].measured_at == noon.generated_at);
    // Also across a restart of the daemon, which reads the report from its file.
    const Report reread = merge_measured(passive_orin(), report_from_json(to_json(once)));
    CHECK(to_json(reread) == to_json(twice));
}

TEST_CASE("nothing is taken from another boot, another root or a run that measured nothing") {
    const std::string unmerged = to_json(passive_orin());
    Report earlier = orin_report();
    SUBCASE("another boot") { earlier.boot_id = "another"; }
    SUBCASE("another root") { earlier.root = "/mnt"; }
    SUBCASE("not probed") { earlier.probed = false; }
    SUBCASE("the report before the first run") { earlier = not_judged_yet(earlier.boot_id); }
    CHECK(to_json(merge_measured(passive_orin(), earlier)) == unmerged);
}

TEST_CASE("without a boot id nobody knows whether it is the same boot") {
    Report newer = passive_orin();
    Report earlier = orin_report();
    newer.boot_id.clear();
    earlier.boot_id.clear();
    CHECK_FALSE(merge_measured(newer, earlier).probed);
}

TEST_CASE("where the GPU could not be asked just now, the earlier measurement stands") {
    for (const char* code : {"gpu-busy", "memory-short", "not-asked", "probe-still-stuck"}) {
        CAPTURE(code);
        const Report merged = merge_measured(passive_orin(code, Status::unknown), orin_report());
        CHECK(merged.verdict == Verdict::healthy);
        CHECK(merged.checks[3].measured_at == noon.generated_at);
        // A probe that is still stuck does not make a hanging driver look merely unknown.
        CHECK(merge_measured(passive_orin(code, Status::unknown), hanging_orin()).verdict == Verdict::unhealthy);
    }
}

TEST_CASE("what a program of the administrator's answered in this boot stands, whether or not a driver was asked") {
    const auto custom = [](Status status, const std::string& code, const std::string& measured_at = {}) {
        CheckResult result = check("custom/disk", status, Severity::required, Basis::program);
        result.group = Group::custom;
        result.code = code;
        result.measured_at = measured_at;
        return result;
    };
    for (const bool probed : {true, false}) {
        CAPTURE(probed);
        Report earlier = probed ? orin_report() : passive_orin();
        earlier.checks.push_back(custom(Status::fail, "failed", noon.generated_at));
        Report newer = passive_orin();
        newer.checks.push_back(custom(Status::not_applicable, "not-probed"));
        // The daemon has both from JSON, which does not carry what a check rests on.
        const Report merged = merge_measured(report_from_json(to_json(newer)), report_from_json(to_json(earlier)));
        CHECK(merged.probed == probed);
        CHECK(merged.verdict == Verdict::unhealthy);
        CHECK(merged.reason == "custom/disk");
        CHECK(merged.checks.back().code == "failed");
        CHECK(merged.checks.back().measured_at == noon.generated_at);

        // Its severity is a setting, which may have changed since.
        newer.checks.back().severity = Severity::wanted;
        CHECK(merge_measured(newer, earlier).checks.back().severity == Severity::wanted);
        CHECK(merge_measured(newer, earlier).verdict == Verdict::degraded);
        // What was tried and is unknown stays unknown.
        newer.checks.back() = custom(Status::unknown, "timed-out");
        CHECK(merge_measured(newer, earlier).checks.back().code == "timed-out");
    }
}

TEST_CASE("those codes are answers of measured checks") {
    for (const char* code :
         {"not-probed", "not-asked", "gpu-busy", "memory-short", "probe-still-stuck", "killed-from-outside"}) {
        CAPTURE(code);
        CHECK(std::any_of(all_checks().begin(), all_checks().end(), [&](const Check* check) {
            return check->basis == Basis::measured && check->find_code(code) != nullptr;
        }));
    }
}

TEST_CASE("what was tried and is unknown stays unknown") {
    for (const char* code : {"killed-from-outside", "sandbox-refused", "no-permission", "not-there", "blocked"}) {
        CAPTURE(code);
        const Report merged = merge_measured(passive_orin(code, Status::unknown), orin_report());
        CHECK(merged.verdict == Verdict::unknown);
        CHECK_FALSE(merged.probed);
    }
}

TEST_CASE("a new measurement replaces the old one") {
    Report newer = hanging_orin();
    newer.generated_at = later.generated_at;
    newer.checks[3].measured_at = later.generated_at;
    const Report merged = merge_measured(newer, orin_report());
    CHECK(to_json(merged) == to_json(newer));
    CHECK(merge_measured(orin_report(), hanging_orin()).verdict == Verdict::healthy);
}

TEST_CASE("a measurement of another driver does not fill in for this one's") {
    Report newer = orin_report();
    newer.checks[4] = measured_check("gpu-capability-matches-soc", Status::unknown, "gpu-busy");
    newer.verdict = Verdict::unknown;
    newer.reason = "gpu-capability-matches-soc";

    Report earlier = orin_report();
    CHECK(merge_measured(newer, earlier).verdict == Verdict::healthy);
    earlier.simulated = true;
    CHECK(merge_measured(newer, earlier).verdict == Verdict::unknown);
    earlier = orin_report();
    earlier.driver_under_test = "/opt/other/libcuda.so.1";
    CHECK(merge_measured(newer, earlier).verdict == Verdict::unknown);
}

TEST_CASE("what a simulated driver measured is carried on as simulated") {
    Report earlier = orin_report();
    earlier.simulated = true;
    CHECK(merge_measured(passive_orin(), earlier).simulated);
}

TEST_CASE("checks that only one of the two reports has") {
    Report earlier = orin_report();
    earlier.checks.erase(earlier.checks.begin() + 3);
    const Report merged = merge_measured(passive_orin(), earlier);
    CHECK(merged.checks.size() == 5);
    CHECK(merged.checks[3].code == "not-probed");
    CHECK(merged.checks[4].code == "ok");

    Report newer = passive_orin();
    newer.checks.pop_back();
    CHECK(merge_measured(newer, orin_report()).checks.size() == 4);
}
