#include <algorithm>

#include <doctest/doctest.h>

#include "daemon/report/difference.hpp"
#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

ComparedReport compared(const Report& report, const std::string& name) { return {name, report, digest(report)}; }

std::string told(const Report& before, const Report& after, bool color = false) {
    const ComparedReport a = compared(before, "a.json");
    const ComparedReport b = compared(after, "b.json");
    return to_text(a, b, compare(a, b), {color, true});
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Report broken() {
    Report report = orin_report();
    CheckResult& check = report.checks[1];
    check.status = Status::fail;
    check.code = "not-found";
    check.summary = "No libcuda.so.1 is found";
    report.verdict = Verdict::unhealthy;
    report.reason = check.id;
    return report;
}

}  // namespace

TEST_CASE("the first line is the answer") {
    const Report sound = orin_report();
    CHECK(first_line(told(sound, sound)) == "same: healthy in both reports");
    CHECK(first_line(told(broken(), broken())) == "same: unhealthy in both reports, for libcuda-is-found fails");
    CHECK(first_line(told(sound, broken())) == "healthy → unhealthy: libcuda-is-found fails");
    CHECK(first_line(told(broken(), sound)) == "unhealthy → healthy: libcuda-is-found passes");
    CHECK(first_line(told(not_judged_yet("boot"), sound)) == "unknown (not-judged-yet) → healthy");

    Report updated = sound;
    updated.stack.l4t = "36.4.3";
    updated.checks[0].code = "other";
    CHECK(first_line(told(sound, updated)) == "still healthy: 1 check changed, 1 value changed");

    Report other_cause = broken();
    std::swap(other_cause.checks[1].status, other_cause.checks[0].status);
    other_cause.reason = other_cause.checks[0].id;
    CHECK(first_line(told(broken(), other_cause)) ==
          "still unhealthy, for another reason: soc-is-supported fails; 1 check is worse, 1 check is better, 1 value "
          "changed");

    Report turned = sound;
    std::swap(turned.checks[0], turned.checks[1]);
    CHECK(first_line(told(sound, turned)).find("the digests differ") != std::string::npos);
}

TEST_CASE("one line a change, with what it went from and to, and where the reports are from") {
    Report after = broken();
    after.stack.l4t = "";
    after.simulated = true;
    const std::string text = told(orin_report(), after);
    CHECK(text ==
          "healthy → unhealthy: libcuda-is-found fails\n"
          "worse    libcuda-is-found (required): pass (ok) → fail (not-found): No libcuda.so.1 is found\n"
          "changed  stack.l4t: 36.5.0 → nothing\n"
          "  First   a.json: healthy, judged 2026-01-01T12:00:00Z by jetcuda-check " +
              std::string(tool_version()) +
              "\n"
              "  Second  b.json: unhealthy (simulated driver), judged 2026-01-01T12:00:00Z by jetcuda-check " +
              std::string(tool_version()) + "\n");
}

TEST_CASE("evidence stands below its check, where both sides were judged") {
    Report before = orin_report();
    before.checks[1].evidence = {{"libcuda", "/a/libcuda.so.1", "/etc/ld.so.cache", false}};
    Report after = broken();
    after.checks[1].evidence = {{"libcuda", "none", "/etc/ld.so.cache", false}};
    CHECK(told(before, after).find("\n         - libcuda: /a/libcuda.so.1 → none (/etc/ld.so.cache)\n") !=
          std::string::npos);
    after.checks[1] = blocked_check("libcuda-is-found", "soc-is-supported");
    CHECK(told(before, after).find("- libcuda") == std::string::npos);
}

TEST_CASE("many pieces of evidence are counted") {
    Report before = orin_report();
    Report after = before;
    for (int i = 0; i < 20; ++i)
        after.checks[0].evidence.push_back({"node " + std::to_string(i), "there", "/dev", false});
    const std::string text = told(before, after);
    CHECK(text.find("14 more with --json") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') < 15);
}

TEST_CASE("nothing from a report steers the terminal; colours only where they are wanted") {
    RandomReports reports(7);
    for (int i = 0; i < 100; ++i) {
        const std::string text = told(reports.next(), reports.next());
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
    }
    CHECK(told(orin_report(), broken(), true).find("\x1b[31mworse\x1b[0m") != std::string::npos);
}
