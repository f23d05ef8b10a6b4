#include <algorithm>

#include <doctest/doctest.h>

#include "daemon/report/outside_text.hpp"
#include "daemon/report/text.hpp"
#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("the line of a healthy board") {
    Report report = orin_report();
    CHECK(status_line(report) == "healthy: JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, Orin sm_87, 5 of 5 checks pass");

    SUBCASE("checks that do not apply are not counted, those that fail or are unknown are") {
        report.checks.push_back(check("x", Status::not_applicable));
        report.checks.push_back(check("y", Status::unknown, Severity::wanted));
        CHECK(status_line(report) == "healthy: JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, Orin sm_87, 5 of 6 checks pass");
    }
    SUBCASE("not probed") {
        report.probed = false;
        report.stack.driver_cuda.clear();
        CHECK(status_line(report) ==
              "healthy (GPU not probed): JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, Orin sm_87, 5 of 5 checks pass");
    }
    SUBCASE("simulated") {
        report.simulated = true;
        CHECK(status_line(report) ==
              "healthy: JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, Orin sm_87, 5 of 5 checks pass (simulated driver)");
    }
    SUBCASE("without a known JetPack") {
        report.stack.jetpack.clear();
        CHECK(status_line(report) == "healthy: L4T 36.5.0, CUDA 12.6, Orin sm_87, 5 of 5 checks pass");
    }
    SUBCASE("with hardly anything known") {
        report.device = {};
        report.stack = {};
        CHECK(status_line(report) == "healthy: 5 of 5 checks pass");
    }
}

TEST_CASE("the line of another verdict opens with what decided it") {
    Report report = orin_report();
    report.verdict = Verdict::unhealthy;
    report.reason = "libcuda-is-found";
    report.checks[1].status = Status::fail;
    report.checks[1].summary = "The loader finds no libcuda.so.1.";
    CHECK(status_line(report) == "unhealthy: The loader finds no libcuda.so.1; 4 of 5 checks pass");
    report.simulated = true;
    CHECK(status_line(report) == "unhealthy: The loader finds no libcuda.so.1; 4 of 5 checks pass (simulated driver)");
    report.verdict = Verdict::degraded;
    report.simulated = false;
    CHECK(status_line(report).find("degraded: The loader") == 0);
}

TEST_CASE("where this user may not open the GPU, the line says that and how to be judged") {
    Report report = orin_report();
    report.verdict = Verdict::unknown;
    report.reason = "driver-initializes";
    report.checks[3].status = Status::unknown;
    report.checks[3].code = "no-permission";
    const std::string line = status_line(report);
    CHECK(line.find("unknown: the board was not judged") == 0);
    for (const char* way_out : {"daemon", "sudo", "group"}) CHECK(line.find(way_out) != std::string::npos);
}

TEST_CASE("reasons that are no check's id have words of their own") {
    CHECK(status_line(not_judged_yet("b")) == "unknown: the first run since boot has not finished yet");
    CHECK(status_line(run_did_not_finish("b", "run-hung", "The runner was ended after 120 s.", noon)) ==
          "unknown: The runner was ended after 120 s");
    Report report = orin_report();
    report.verdict = Verdict::unknown;
    report.reason = "not-a-jetson";
    CHECK(status_line(report) == "unknown: this machine is not a Jetson, so there is nothing to judge");
    report.reason = "nothing-judged";
    CHECK(status_line(report) == "unknown: no check could be judged");
    Report named = report;
    named.checks = {check("driver-initializes", Status::not_applicable)};
    CHECK(status_line(named) == "unknown: The thing behind driver-initializes is as it is");
    report.reason = "a-word-of-later";
    CHECK(status_line(report).find("unknown: a-word-of-later") == 0);
}

TEST_CASE("the line fits into what systemd shows, keeps its end, and is one line of valid text") {
    Report report = orin_report();
    report.verdict = Verdict::unhealthy;
    report.reason = "libcuda-is-found";
    report.simulated = true;
    std::string summary;
    for (int i = 0; i < 100; ++i) summary += "Ü\n\x1b\xff";
    report.checks[1].summary = summary;
    const std::string line = status_line(report);
    CHECK(line.size() < 200);
    CHECK(line.size() > 190);
    CHECK(plain_line(line) == line);
    CHECK(line.find("; 5 of 5 checks pass (simulated driver)") != std::string::npos);

    report = orin_report();
    report.device.gpu = std::string(1000, 'g');
    CHECK(status_line(report).size() < 200);
    CHECK(status_line(report).find("5 of 5 checks pass") != std::string::npos);

    report.verdict = Verdict::unknown;
    report.reason = std::string(1000, 'r');
    CHECK(status_line(report).size() < 200);
    CHECK(status_line(run_did_not_finish("b", "x", std::string(1000, 's'), noon)).size() < 200);
}

TEST_CASE("any report has a line") {
    RandomReports reports(99);
    for (int i = 0; i < 200; ++i) {
        const std::string line = status_line(reports.next());
        REQUIRE(line.size() < 200);
        REQUIRE(plain_line(line) == line);
    }
}
