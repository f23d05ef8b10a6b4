#include "daemon/report/json.hpp"

#include <functional>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using nlohmann::json;

TEST_CASE("a report is one line of JSON, and for people an indented one with the same content") {
    const Report report = orin_report();
    const std::string line = to_json(report);
    CHECK(line.find('\n') == std::string::npos);
    const std::string pretty = to_pretty_json(report);
    CHECK(pretty.back() == '\n');
    CHECK(json::parse(line) == json::parse(pretty));
}

TEST_CASE("keys come in the order of the contract") {
    const auto written = nlohmann::ordered_json::parse(to_json(orin_report()));
    std::vector<std::string> keys;
    for (const auto& [key, value] : written.items()) keys.push_back(key);
    CHECK(keys == std::vector<std::string>{"schema", "tool", "generated_at", "boot_id", "sequence", "root",
                                           "duration_ms", "probed", "simulated", "driver_under_test", "verdict",
                                           "reason", "device", "stack", "checks", "digest"});
    keys.clear();
    for (const auto& [key, value] : written["checks"][0].items()) keys.push_back(key);
    CHECK(keys == std::vector<std::string>{"id", "group", "status", "severity", "code", "summary", "remedy", "waived",
                                           "blocked_by", "measured_at", "evidence", "duration_ms"});
}

TEST_CASE("what is not known is null") {
    const json written = json::parse(to_json(not_judged_yet("")));
    for (const char* key : {"generated_at", "boot_id", "driver_under_test"}) {
        CAPTURE(key);
        CHECK(written.at(key).is_null());
    }
    for (const char* object : {"device", "stack"}) {
        for (const auto& [key, value] : written.at(object).items()) {
            CAPTURE(key);
            CHECK((value.is_null() || value == json::array()));
        }
    }
    CHECK(json::parse(to_json(orin_report())).at("reason").is_null());
    const json first = json::parse(to_json(orin_report())).at("checks").at(0);
    for (const char* key : {"remedy", "blocked_by", "measured_at"}) CHECK(first.at(key).is_null());
}

TEST_CASE("text from outside that is no UTF-8, or holds a NUL, is written as JSON all the same") {
    Report report = orin_report();
    report.device.gpu = std::string("Or\xffin\0X", 7);
    report.checks[0].evidence.push_back({"\xc3", "\xed\xa0\x80", "\x80", false});
    const std::string line = to_json(report);
    CHECK(line.find('\xff') == std::string::npos);
    const Report read = report_from_json(line);
    CHECK(read.device.gpu == "Or\xEF\xBF\xBDin\xEF\xBF\xBDX");
    CHECK(digest(read) == digest(report));
    CHECK(to_json(read) == line);
}

TEST_CASE("the digest has its form, and is in the report") {
    const std::string text = digest(orin_report());
    CHECK(text.size() == 7 + 64);
    CHECK(text.substr(0, 7) == "sha256:");
    CHECK(json::parse(to_json(orin_report())).at("digest") == text);
}

TEST_CASE("the same machine in the same state has the same digest") {
    Report report = orin_report();
    report.checks[0].evidence = {{"what", "value", "source", false}, {"free memory", "1000", "/proc/meminfo", true}};
    const std::string before = digest(report);
    const std::vector<std::pair<const char*, std::function<void(Report&)>>> changes = {
        {"tool", [](Report& r) { r.tool = "9.9"; }},
        {"generated_at", [](Report& r) { r.generated_at = "2027-01-01T00:00:00Z"; }},
        {"boot_id", [](Report& r) { r.boot_id = "other"; }},
        {"sequence", [](Report& r) { r.sequence = 77; }},
        {"duration_ms", [](Report& r) { r.duration_ms = 1; }},
        {"summary", [](Report& r) { r.checks[0].summary = "said better"; }},
        {"remedy", [](Report& r) { r.checks[0].remedy = "do this: now"; }},
        {"measured_at", [](Report& r) { r.checks[3].measured_at = "2027-01-01T00:00:00Z"; }},
        {"duration of a check", [](Report& r) { r.checks[0].duration_ms = 5; }},
        {"volatile evidence", [](Report& r) { r.checks[0].evidence[1].value = "2000"; }},
    };
    for (const auto& [what, change] : changes) {
        CAPTURE(what);
        Report changed = report;
        change(changed);
        CHECK(to_json(changed) != to_json(report));
        CHECK(digest(changed) == before);
    }
}

TEST_CASE("another state has another digest") {
    Report report = orin_report();
    report.checks[0].evidence = {{"what", "value", "source", false}};
    const std::string before = digest(report);
    const std::vector<std::pair<const char*, std::function<void(Report&)>>> changes = {
        {"root", [](Report& r) { r.root = "/mnt"; }},
        {"verdict", [](Report& r) { r.verdict = Verdict::unknown; }},
        {"reason", [](Report& r) { r.reason = "x"; }},
        {"device.soc", [](Report& r) { r.device.soc = "T264"; }},
        {"device.module", [](Report& r) { r.device.module = "p3701-0000"; }},
        {"device.model", [](Report& r) { r.device.model = "other"; }},
        {"device.sm", [](Report& r) { r.device.sm = 110; }},
        {"device.gpu", [](Report& r) { r.device.gpu = "Thor"; }},
        {"stack.environment", [](Report& r) { r.stack.environment = "container"; }},
        {"stack.l4t", [](Report& r) { r.stack.l4t = "36.4.4"; }},
        {"stack.jetpack", [](Report& r) { r.stack.jetpack.clear(); }},
        {"stack.distribution", [](Report& r) { r.stack.distribution = "nixos"; }},
        {"stack.gpu_module", [](Report& r) { r.stack.gpu_module = "nvidia"; }},
        {"stack.kernel", [](Report& r) { r.stack.kernel = "6.8"; }},
        {"stack.libcuda", [](Report& r) { r.stack.libcuda = "/x"; }},
        {"stack.driver_cuda", [](Report& r) { r.stack.driver_cuda = "12.2"; }},
        {"stack.effective_cuda", [](Report& r) { r.stack.effective_cuda = "12.9"; }},
        {"stack.native_cuda", [](Report& r) { r.stack.native_cuda = "13.0"; }},
        {"stack.toolkit_cuda", [](Report& r) { r.stack.toolkit_cuda = {"12.6"}; }},
        {"stack.compat",
         [](Report& r) {
             r.stack.compat = {{"/c", "l4t", "12.9", ""}};
         }},
        {"check's id", [](Report& r) { r.checks[0].id = "other"; }},
        {"check's status", [](Report& r) { r.checks[0].status = Status::unknown; }},
        {"check's severity", [](Report& r) { r.checks[0].severity = Severity::wanted; }},
        {"check's code", [](Report& r) { r.checks[0].code = "minor-differs"; }},
        {"check's waiver", [](Report& r) { r.checks[0].waived = true; }},
        {"check's cause", [](Report& r) { r.checks[0].blocked_by = "other"; }},
        {"evidence's name", [](Report& r) { r.checks[0].evidence[0].what = "other"; }},
        {"evidence's value", [](Report& r) { r.checks[0].evidence[0].value = "other"; }},
        {"evidence's source", [](Report& r) { r.checks[0].evidence[0].source = "other"; }},
        {"more evidence",
         [](Report& r) {
             r.checks[0].evidence.push_back({"a", "b", "c", false});
         }},
        {"a check more", [](Report& r) { r.checks.push_back(check("more", Status::pass)); }},
    };
    for (const auto& [what, change] : changes) {
        CAPTURE(what);
        Report changed = report;
        change(changed);
        CHECK(digest(changed) != before);
    }
}
