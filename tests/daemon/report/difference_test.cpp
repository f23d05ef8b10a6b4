#include "daemon/report/difference.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

ComparedReport compared(const Report& report) { return {"report.json", report, digest(report)}; }

// The verdict follows the checks, as in a report that was made.
Report decided(Report report) {
    const Decision decision = decide(report.checks, true);
    report.verdict = decision.verdict;
    report.reason = decision.reason;
    return report;
}

CheckResult& check_of(Report& report, const std::string& id) {
    return *std::find_if(report.checks.begin(), report.checks.end(),
                         [&](const CheckResult& each) { return each.id == id; });
}

Report with_failure(const std::string& id) {
    Report report = orin_report();
    check_of(report, id).status = Status::fail;
    check_of(report, id).code = "broken";
    return decided(report);
}

ReportDifference difference_of(const Report& before, const Report& after) {
    return compare(compared(before), compared(after));
}

std::vector<std::string> ids_of(const ReportDifference& difference) {
    std::vector<std::string> ids;
    for (const CheckChange& change : difference.checks) ids.push_back(change.newest().id);
    return ids;
}

}  // namespace

TEST_CASE("what differs between any two runs is no change") {
    const Report before = orin_report();
    Report after = before;
    after.generated_at = "2026-02-02T00:00:00Z";
    after.boot_id = "another";
    after.sequence = 99;
    after.duration_ms = 1;
    after.tool = "9.9.9";
    after.checks[0].summary = "the same in better words";
    after.checks[0].duration_ms = 7;
    after.checks[0].evidence = {{"time", "2 ms", "clock", true}};
    const ReportDifference difference = difference_of(before, after);
    CHECK(difference.same);
    CHECK(difference.values.empty());
    CHECK(difference.checks.empty());
}

TEST_CASE("a check that fails is worse, and better the other way round") {
    const Report sound = orin_report();
    const Report sick = with_failure("libcuda-is-found");
    const ReportDifference worse = difference_of(sound, sick);
    CHECK_FALSE(worse.same);
    REQUIRE(worse.checks.size() == 1);
    CHECK(worse.checks[0].direction == Direction::worse);
    CHECK(worse.checks[0].before->status == Status::pass);
    CHECK(worse.checks[0].after->status == Status::fail);
    const ReportDifference better = difference_of(sick, sound);
    REQUIRE(better.checks.size() == 1);
    CHECK(better.checks[0].direction == Direction::better);
}

TEST_CASE("a waiver and its end are no repair and no new fault of the same weight") {
    const Report sick = with_failure("libcuda-is-found");
    Report waived = sick;
    check_of(waived, "libcuda-is-found").waived = true;
    waived = decided(waived);
    CHECK(difference_of(sick, waived).checks.at(0).direction == Direction::better);
    CHECK(difference_of(waived, sick).checks.at(0).direction == Direction::worse);
    CHECK(difference_of(orin_report(), waived).checks.at(0).direction == Direction::worse);
}

TEST_CASE("worse stands before changed before better; of the worse the cause, then required ones, then what waits") {
    Report before = with_failure("gpu-capability-matches-soc");
    Report after = orin_report();
    check_of(after, "soc-is-supported") = blocked_check("soc-is-supported", "libcuda-is-found");
    check_of(after, "firmware-matches-release").status = Status::fail;
    check_of(after, "libcuda-is-found").status = Status::fail;
    check_of(after, "driver-initializes").code = "other-code";
    after = decided(after);
    REQUIRE(after.reason == "libcuda-is-found");
    CHECK(ids_of(difference_of(before, after)) ==
          std::vector<std::string>{"libcuda-is-found", "firmware-matches-release", "soc-is-supported",
                                   "driver-initializes", "gpu-capability-matches-soc"});
}

TEST_CASE(
    "a check in one report only is told; a failure that is new is worse, one that is judged no longer not mended") {
    const Report sick = with_failure("libcuda-is-found");
    Report without = orin_report();
    without.checks.erase(without.checks.begin() + 1);
    without = decided(without);
    const ReportDifference came = difference_of(without, sick);
    REQUIRE(came.checks.size() == 1);
    CHECK_FALSE(came.checks[0].before);
    CHECK(came.checks[0].direction == Direction::worse);
    const ReportDifference went = difference_of(sick, without);
    REQUIRE(went.checks.size() == 1);
    CHECK_FALSE(went.checks[0].after);
    CHECK(went.checks[0].direction == Direction::changed);
}

TEST_CASE("values of the device and the stack are told by name, not known as empty") {
    Report before = orin_report();
    Report after = before;
    after.stack.l4t = "36.4.3";
    after.stack.driver_cuda = "";
    after.device.sm.reset();
    after.stack.toolkit_cuda = {"12.6", "12.9"};
    after.stack.compat = {{"/usr/local/cuda/compat", "orin", "12.9", "/etc/ld.so.conf.d/compat.conf"}};
    const ReportDifference difference = difference_of(before, after);
    std::vector<std::string> told;
    for (const ValueChange& value : difference.values) {
        told.push_back(value.name + ": " + value.before + " > " + value.after);
    }
    CHECK(told == std::vector<std::string>{
                      "device.sm: 87 > ", "stack.l4t: 36.5.0 > 36.4.3", "stack.driver_cuda: 12.6 > ",
                      "stack.toolkit_cuda:  > 12.6, 12.9",
                      "stack.compat /usr/local/cuda/compat:  > orin 12.9, enabled by /etc/ld.so.conf.d/compat.conf"});
}

TEST_CASE("evidence is paired by what it is of; what stays is not told") {
    Report before = orin_report();
    before.checks[0].evidence = {{"release", "36.4.3", "file a", false},
                                 {"node", "present", "/dev/nvmap", false},
                                 {"node", "present", "/dev/nvhost-ctrl-gpu", false},
                                 {"age", "3 s", "clock", true}};
    Report after = orin_report();
    after.checks[0].evidence = {{"node", "present", "/dev/nvmap", false},
                                {"release", "36.5.0", "file a", false},
                                {"module", "nvgpu", "/proc/modules", false}};
    const ReportDifference difference = difference_of(before, after);
    REQUIRE(difference.checks.size() == 1);
    CHECK(difference.checks[0].direction == Direction::changed);
    const std::vector<EvidenceChange>& evidence = difference.checks[0].evidence;
    REQUIRE(evidence.size() == 3);
    CHECK(evidence[0].what == "release");
    CHECK(evidence[0].before->value == "36.4.3");
    CHECK(evidence[0].after->value == "36.5.0");
    CHECK(evidence[1].before->source == "/dev/nvhost-ctrl-gpu");
    CHECK_FALSE(evidence[1].after);
    CHECK(evidence[2].what == "module");
    CHECK_FALSE(evidence[2].before);
}

TEST_CASE("a digest that the file states counts, for a newer program may digest more") {
    const Report report = orin_report();
    ComparedReport newer = compared(report);
    newer.stated_digest = "sha256:" + std::string(64, '0');
    CHECK_FALSE(compare(compared(report), newer).same);
}

TEST_CASE(
    "two random reports are the same exactly where their digests are, and no change is told of what is the same") {
    RandomReports reports(5);
    for (int i = 0; i < 200; ++i) {
        const Report report = reports.next();
        const Report other = reports.next();
        CHECK(difference_of(report, report).same);
        CHECK(difference_of(report, report).checks.empty());
        CHECK(difference_of(report, report).values.empty());
        const ReportDifference difference = difference_of(report, other);
        CHECK(difference.same == (digest(report) == digest(other)));
        CHECK(difference.same == (difference.checks.empty() && difference.values.empty()));
        // Nobody loses a check: told from both sides, it is the same number.
        CHECK(difference.checks.size() == difference_of(other, report).checks.size());
    }
}
