#include "daemon/report/text.hpp"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

#include "daemon/report/outside_text.hpp"
#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::vector<std::string> lines_of(const Report& report, const TextStyle& style = {}) {
    std::istringstream stream(to_text(report, style));
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

bool has_line(const std::vector<std::string>& lines, const std::string& wanted) {
    return std::find(lines.begin(), lines.end(), wanted) != lines.end();
}

Report broken_orin() {
    Report report = orin_report();
    CheckResult& failed = report.checks[1];
    failed.status = Status::fail;
    failed.code = "not-found";
    failed.summary = "The loader finds no libcuda.so.1";
    failed.remedy = "Install the driver again: sudo apt-get install --reinstall nvidia-l4t-cuda";
    failed.evidence = {{"searched", "/usr/lib", "/etc/ld.so.cache", false}};
    report.checks[3] = blocked_check("driver-initializes", "libcuda-is-found");
    report.checks[4] = blocked_check("gpu-capability-matches-soc", "libcuda-is-found");
    const Decision decision = decide(report.checks, true);
    report.verdict = decision.verdict;
    report.reason = decision.reason;
    return report;
}

}  // namespace

TEST_CASE("the text of a healthy board is its verdict, its machine, and nothing to do") {
    const std::string text = to_text(orin_report(), {});
    CHECK(text ==
          "healthy: JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, Orin sm_87, 5 of 5 checks pass\n"
          "  Board   NVIDIA Jetson Orin NX, p3767-0000, T234, Orin sm_87\n"
          "  System  ubuntu, L4T 36.5.0, JetPack 6.2.2, kernel 5.15.185-tegra\n"
          "  Driver  /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1, CUDA 12.6, module nvgpu\n"
          "Judged 2026-01-01T12:00:00Z in 312 ms.\n");
}

TEST_CASE("an enabled compat stands in the line of the driver, an idle one does not") {
    Report report = orin_report();
    report.stack.compat = {{"/usr/local/cuda-12.6/compat", "l4t", "12.6", ""},
                           {"/usr/local/cuda-12.9/compat", "l4t", "12.9", "every program (/etc/ld.so.conf, line 1)"}};
    CHECK(has_line(lines_of(report),
                   "  Driver  /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1, CUDA 12.6, module nvgpu, cuda_compat "
                   "12.9 for every program"));
    report.stack.compat[1].enabled_by = "a.service (LD_LIBRARY_PATH of a.service); b.service (x)";
    report.stack.compat[1].cuda.clear();
    CHECK(has_line(lines_of(report),
                   "  Driver  /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1, CUDA 12.6, module nvgpu, cuda_compat "
                   "/usr/local/cuda-12.9/compat for a.service and others"));
}

TEST_CASE("a healthy board takes at most twelve lines, whatever there is to say about it") {
    Report report = orin_report();
    report.simulated = true;
    report.root = "/mnt";
    report.driver_under_test = "/other/libcuda.so.1";
    for (int i = 0; i < 30; ++i) {
        report.checks.push_back(check("n" + std::to_string(i), Status::not_applicable));
        report.checks.back().code = i % 2 == 0 ? "in-container" : "not-running";
    }
    report.checks[3].measured_at = "2026-01-01T11:00:00Z";
    CHECK(lines_of(report).size() <= 12);
    report.probed = false;
    CHECK(lines_of(report).size() <= 12);
}

TEST_CASE("a failing check is told with what was seen, and the command stands alone on its line") {
    const std::vector<std::string> lines = lines_of(broken_orin());
    CHECK(lines[0] == "unhealthy: The loader finds no libcuda.so.1; 2 of 5 checks pass");
    CHECK(has_line(lines, "fail  libcuda-is-found (required, not-found)"));
    CHECK(has_line(lines, "    The loader finds no libcuda.so.1"));
    CHECK(has_line(lines, "    - searched: /usr/lib (/etc/ld.so.cache)"));
    CHECK(has_line(lines, "    Install the driver again:"));
    CHECK(has_line(lines, "        sudo apt-get install --reinstall nvidia-l4t-cuda"));
    CHECK(has_line(lines, "2 checks wait for libcuda-is-found: driver-initializes, gpu-capability-matches-soc"));
}

TEST_CASE("a remedy that names no command is told as it is") {
    Report report = broken_orin();
    report.checks[1].remedy = "Ask the maker of the board.";
    CHECK(has_line(lines_of(report), "    Ask the maker of the board."));
    report.checks[1].remedy = "Note: the maker of the board knows.";
    CHECK(has_line(lines_of(report), "    Note: the maker of the board knows."));
}

TEST_CASE("what decided the verdict comes first, then required before wanted") {
    Report report = broken_orin();
    report.checks.insert(report.checks.begin(), check("a-wanted", Status::fail, Severity::wanted));
    report.checks.push_back(check("z-required", Status::fail));
    const std::string text = to_text(report, {});
    const std::size_t deciding = text.find("fail  libcuda-is-found");
    const std::size_t required = text.find("fail  z-required");
    const std::size_t wanted = text.find("fail  a-wanted");
    CHECK(deciding < required);
    CHECK(required < wanted);
    CHECK(wanted != std::string::npos);
}

TEST_CASE("a waived failure is listed as waived") {
    Report report = broken_orin();
    report.checks[1].waived = true;
    const std::vector<std::string> lines = lines_of(report);
    CHECK(has_line(lines, "waived  libcuda-is-found: The loader finds no libcuda.so.1"));
    CHECK(to_text(report, {}).find("fail  ") == std::string::npos);
}

TEST_CASE("an unknown check says why, and a remedy that several share is said once") {
    Report report = orin_report();
    for (const std::size_t i : {std::size_t{3}, std::size_t{4}}) {
        report.checks[i].status = Status::unknown;
        report.checks[i].summary = "This user may not open /dev/nvmap";
        report.checks[i].remedy = "Judge as root: sudo jetcuda-check run";
    }
    const std::vector<std::string> lines = lines_of(report);
    CHECK(has_line(lines, "unknown  driver-initializes: This user may not open /dev/nvmap"));
    CHECK(has_line(lines, "unknown  gpu-capability-matches-soc: This user may not open /dev/nvmap"));
    CHECK(std::count(lines.begin(), lines.end(), "        sudo jetcuda-check run") == 1);
}

TEST_CASE("what must be known before the rest is believed stands right below the verdict") {
    Report report = orin_report();
    SUBCASE("simulated") {
        report.simulated = true;
        CHECK(lines_of(report)[1] == "The driver is simulated: no hardware was asked.");
    }
    SUBCASE("another root") {
        report.root = "/mnt/disk";
        CHECK(lines_of(report)[1] == "This is the system below /mnt/disk, not the running one.");
        report.system = "/nix/store/x-nixos-system-y";
        CHECK(lines_of(report)[2] ==
              "This is what a switch would bring, /nix/store/x-nixos-system-y, judged before it.");
        report.system.clear();
    }
    SUBCASE("not probed") {
        report.probed = false;
        report.driver_under_test.clear();
        CHECK(lines_of(report)[1].find("The GPU was not probed") == 0);
    }
    SUBCASE("another driver") {
        report.driver_under_test = "/tmp/libcuda.so.1";
        CHECK(lines_of(report)[1] == "The driver that was asked is /tmp/libcuda.so.1.");
    }
}

TEST_CASE("a measurement that is older than the report is dated") {
    Report report = orin_report();
    report.generated_at = "2026-01-01T13:00:00Z";
    CHECK(has_line(lines_of(report),
                   "Judged 2026-01-01T13:00:00Z in 312 ms; the GPU was last measured 2026-01-01T12:00:00Z."));
}

TEST_CASE("checks that do not apply are counted by their code, or listed on request") {
    Report report = orin_report();
    report.checks.push_back(check("x", Status::not_applicable));
    report.checks.back().code = "in-container";
    CHECK(has_line(lines_of(report), "1 check does not apply (1 in-container)."));
    const std::vector<std::string> all = lines_of(report, {false, true});
    CHECK(has_line(all, "pass  soc-is-supported: " + report.checks[0].summary));
    CHECK(has_line(all, "n/a   x: " + report.checks.back().summary));
}

TEST_CASE("colours come only where they are asked for") {
    CHECK(to_text(broken_orin(), {}).find('\x1b') == std::string::npos);
    const std::string colored = to_text(broken_orin(), {true, false});
    CHECK(colored.find("\x1b[31munhealthy\x1b[0m: ") == 0);
    CHECK(to_text(orin_report(), {true, false}).find("\x1b[32mhealthy\x1b[0m: ") == 0);
}

TEST_CASE("no text from outside reaches the terminal as it is") {
    RandomReports reports(5);
    for (int i = 0; i < 100; ++i) {
        const Report report = reports.next();
        for (const bool every_check : {false, true}) {
            std::istringstream stream(to_text(report, {false, every_check}));
            for (std::string line; std::getline(stream, line);) REQUIRE(plain_line(line) == line);
        }
    }
}
