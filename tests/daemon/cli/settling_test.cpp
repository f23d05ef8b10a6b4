#include "daemon/cli/settling.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;
using std::chrono::milliseconds;

namespace {
Report with(Severity severity, Status status) {
    CheckResult check;
    check.severity = severity;
    check.status = status;
    Report report;
    report.checks = {CheckResult{}, check};
    return report;
}
}  // namespace

TEST_CASE("a board is asked again while a required check fails") {
    CHECK(worth_asking_again(with(Severity::required, Status::fail), milliseconds{0}));
    CHECK_FALSE(worth_asking_again(with(Severity::required, Status::pass), milliseconds{0}));
    CHECK_FALSE(worth_asking_again(with(Severity::required, Status::unknown), milliseconds{0}));
    CHECK_FALSE(worth_asking_again(with(Severity::wanted, Status::fail), milliseconds{0}));
    CHECK_FALSE(worth_asking_again(Report{}, milliseconds{0}));
}

TEST_CASE("a run that has taken long is not begun again") {
    const Report report = with(Severity::required, Status::fail);
    CHECK(worth_asking_again(report, milliseconds{44'999}));
    CHECK_FALSE(worth_asking_again(report, milliseconds{45'000}));
}
