#include "daemon/runner_protocol.hpp"

#include <doctest/doctest.h>

#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using std::chrono::milliseconds;

namespace {

std::string complaint_about_request(std::string_view line) {
    try {
        run_request_from_line(line);
    } catch (const RunnerProtocolError& error) {
        return error.what();
    }
    return {};
}

std::string complaint_about_answer(std::string_view line) {
    try {
        runner_line_from(line);
    } catch (const RunnerProtocolError& error) {
        return error.what();
    }
    return {};
}

std::string request_with_checks(int count) {
    RunRequest request;
    for (int i = 0; i < count; ++i) request.checks.push_back("check-" + std::to_string(i));
    return to_line(request);
}

}  // namespace

TEST_CASE("a request crosses as one line") {
    const RunRequest request{{"driver-initializes", "custom/Disk.sh"}, false, {milliseconds(2000), milliseconds(0)}};
    CHECK(to_line(request) ==
          R"({"checks":["driver-initializes","custom/Disk.sh"],"probe":false,"settle_ms":[2000,0]})");
    CHECK(run_request_from_line(to_line(request)) == request);
    CHECK(to_line(RunRequest{}) == R"({"checks":[],"probe":true,"settle_ms":[]})");
    CHECK(run_request_from_line(to_line(RunRequest{})) == RunRequest{});
}

TEST_CASE("a request is held to its form") {
    const char* const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"checks\":[]}",
        R"({"checks":[],"probe":true})",
        R"({"checks":null,"probe":true,"settle_ms":[]})",
        R"({"checks":["Bad Id"],"probe":true,"settle_ms":[]})",
        R"({"checks":["../x"],"probe":true,"settle_ms":[]})",
        R"({"checks":[1],"probe":true,"settle_ms":[]})",
        R"({"checks":[],"probe":1,"settle_ms":[]})",
        R"({"checks":[],"probe":true,"settle_ms":[-1]})",
        R"({"checks":[],"probe":true,"settle_ms":[60001]})",
        R"({"checks":[],"probe":true,"settle_ms":[1.5]})",
        R"({"checks":[],"probe":true,"settle_ms":[1e99]})",
        R"({"checks":[],"probe":true,"settle_ms":["1"]})",
        R"({"checks":[],"probe":true,"settle_ms":[0,0,0,0,0,0,0,0,0]})",
        R"({"checks":[],"probe":true,"settle_ms":[],"root":"/tmp"})",
        R"({"checks":[],"probe":true,"settle_ms":[]} {})",
        "{\"checks\":[],\n\"probe\":true,\"settle_ms\":[]}",
    };
    for (const char* line : bad) {
        CAPTURE(line);
        CHECK(complaint_about_request(line) != "");
    }
    CHECK(complaint_about_request(R"({"checks":[],"probe":true,"settle_ms":[60000,0,0,0,0,0,0,0]})").empty());
    CHECK(complaint_about_request(request_with_checks(100)).empty());
    CHECK(complaint_about_request(request_with_checks(201)).find("at most 200") != std::string::npos);
    CHECK(complaint_about_request(std::string(1 << 20, ' ')).find("bytes long") != std::string::npos);
    CHECK(complaint_about_request(std::string(1000, '[')).find("too deep") != std::string::npos);
}

TEST_CASE("each kind of answer crosses as one line") {
    RunnerLine progress;
    progress.progress = "libcuda";
    CHECK(to_line(progress) == R"({"progress":"libcuda"})");
    CHECK(runner_line_from(to_line(progress)).progress == "libcuda");

    RunnerLine error;
    error.error = "cannot read /usr/share/jetcuda-check/data";
    const RunnerLine read_error = runner_line_from(to_line(error));
    CHECK(read_error.error == error.error);
    CHECK_FALSE(read_error.progress);
    CHECK_FALSE(read_error.report_json);

    const std::string report = to_json(orin_report());
    RunnerLine line;
    line.report_json = report;
    CHECK(to_line(line) == "{\"report\":" + report + "}");
    CHECK(runner_line_from(to_line(line)).report_json == report);  // byte for byte, keys in their order

    line.report_json = to_pretty_json(orin_report());
    CHECK(to_line(line).find('\n') == std::string::npos);
    CHECK(runner_line_from(to_line(line)).report_json == report);
}

TEST_CASE("any words of the runner become a line that the daemon takes") {
    for (const std::string& words : {std::string(), std::string("two\nlines\x1b[0m"), std::string("\xff"),
                                     std::string(100000, 'x'), std::string(2000, '\xc3')}) {
        RunnerLine line;
        line.error = words;
        CHECK(runner_line_from(to_line(line)).error);
        line = {};
        line.progress = words;
        CHECK(runner_line_from(to_line(line)).progress);
    }
}

TEST_CASE("an answer is held to its form") {
    const char* const bad[] = {
        "",
        "{}",
        "[]",
        "Segmentation fault",
        R"({"progress":""})",
        R"({"progress":1})",
        R"({"progress":"a\nb"})",
        R"({"progress":"\u001b[31m"})",
        R"({"error":null})",
        R"({"report":"text"})",
        R"({"report":null})",
        R"({"surprise":{}})",
        R"({"progress":"a","error":"b"})",
        "{\"report\":{}}\n{\"report\":{}}",
    };
    for (const char* line : bad) {
        CAPTURE(line);
        CHECK(complaint_about_answer(line) != "");
    }
    CHECK(complaint_about_answer("{\"progress\":\"" + std::string(257, 'a') + "\"}") != "");
    CHECK(complaint_about_answer(std::string(runner_line_limit + 1, ' ')).find("bytes long") != std::string::npos);
    CHECK(complaint_about_answer("{\"report\":" + std::string(5000, '[')).find("too deep") != std::string::npos);
}

TEST_CASE("a complaint shows hostile text in one harmless line") {
    const std::string complaint = complaint_about_answer("{\x1b[2J\n" + std::string(10000, 'x'));
    CHECK(complaint.find('\x1b') == std::string::npos);
    CHECK(complaint.find('\n') == std::string::npos);
    CHECK(complaint.size() < 300);
}

TEST_CASE("random and damaged lines are read or refused, never more") {
    const std::string request = to_line(RunRequest{{"driver-initializes"}, true, {milliseconds(2000)}});
    RunnerLine line;
    line.report_json = to_json(not_judged_yet("boot"));
    const std::string answer = to_line(line);
    int refused = 0;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        refused += complaint_about_request(random_bytes(seed, 200)).empty() ? 0 : 1;
        refused += complaint_about_answer(random_bytes(seed, 200)).empty() ? 0 : 1;
        complaint_about_request(mutated(request, seed));
        complaint_about_answer(mutated(answer, seed));
    }
    CHECK(refused == 4000);
}
