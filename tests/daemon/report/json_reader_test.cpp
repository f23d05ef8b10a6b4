#include <functional>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using nlohmann::json;

namespace {

// What the reader says of a healthy report after `change`; empty where it accepts it.
std::string complaint_after(const std::function<void(json&)>& change) {
    Report report = orin_report();
    report.checks[0].evidence = {{"what", "value", "source", false}};
    report.stack.compat = {{"/usr/local/cuda/compat", "l4t", "12.9", "/etc/ld.so.conf.d/x.conf"}};
    json document = json::parse(to_json(report));
    change(document);
    try {
        report_from_json(document.dump());
    } catch (const ReportFormatError& error) {
        return error.what();
    }
    return {};
}

std::string complaint_about(std::string_view text) {
    try {
        report_from_json(text);
    } catch (const ReportFormatError& error) {
        return error.what();
    }
    return {};
}

// Every JSON pointer of a document's members, outer before inner; of an array, its first entry.
void collect_pointers(const json& value, const std::string& pointer, std::vector<std::string>& pointers) {
    if (value.is_object()) {
        for (const auto& [key, member] : value.items()) {
            pointers.push_back(pointer + "/" + key);
            collect_pointers(member, pointers.back(), pointers);
        }
    } else if (value.is_array() && !value.empty()) {
        collect_pointers(value[0], pointer + "/0", pointers);
    }
}

}  // namespace

TEST_CASE("what was written is read again, whatever it is") {
    RandomReports reports(20260101);
    for (int i = 0; i < 60; ++i) {
        const Report report = reports.next();
        const std::string line = to_json(report);
        CAPTURE(line);
        const Report read = report_from_json(line);
        REQUIRE(to_json(read) == line);
        REQUIRE(digest(read) == digest(report));
        REQUIRE(to_pretty_json(report_from_json(to_pretty_json(report))) == to_pretty_json(report));
        REQUIRE(read.sequence == report.sequence);
        REQUIRE(read.checks.size() == report.checks.size());
        for (std::size_t k = 0; k < read.checks.size(); ++k) {
            REQUIRE(read.checks[k].status == report.checks[k].status);
            REQUIRE(read.checks[k].basis == report.checks[k].basis);
        }
    }
}

TEST_CASE("what a check of this build rests on is known after reading") {
    Report report = orin_report();
    for (const Check* known : all_checks()) {
        CheckResult result = check(std::string(known->id), Status::pass);
        result.group = known->group;
        report.checks = {result};
        const Report read = report_from_json(to_json(report));
        CHECK(read.checks[0].basis == known->basis);
        CHECK(read.checks[0].group == known->group);
    }
}

TEST_CASE("every key of the contract must be there and have its type") {
    std::vector<std::string> pointers;
    complaint_after([&](json& document) { collect_pointers(document, "", pointers); });
    REQUIRE(pointers.size() > 50);
    for (const std::string& pointer : pointers) {
        CAPTURE(pointer);
        const json::json_pointer at(pointer);
        const std::string missing =
            complaint_after([&](json& document) { document[at.parent_pointer()].erase(at.back()); });
        // Reports of programs that did not yet let the GPU work have no ladder.
        const bool of_ladder = at.back() == "measured" || at.back() == "not_measured" || at.back() == "driver_measured";
        CHECK(missing == (of_ladder ? std::string() : pointer + " is missing"));
        // No key of a report takes a number below zero, nor an array within an array.
        for (const json& wrong : {json(-1), json(1.5), json::array({json::array()})}) {
            const std::string complaint = complaint_after([&](json& document) { document[at] = wrong; });
            CAPTURE(wrong.dump());
            CHECK(complaint.substr(0, pointer.size()) == pointer);
        }
    }
}

TEST_CASE("keys that this version does not know are passed over") {
    CHECK(complaint_after([](json& document) {
              document["later"] = {{"a", 1}};
              document["device"]["later"] = nullptr;
              document["checks"][0]["later"] = json::array({1});
          }).empty());
}

TEST_CASE("words, ids, times and versions have their forms") {
    const auto complains = [](const char* pointer, const json& value) {
        CAPTURE(pointer);
        CAPTURE(value.dump());
        const std::string complaint =
            complaint_after([&](json& document) { document[json::json_pointer(pointer)] = value; });
        CHECK(complaint.substr(0, std::string_view(pointer).size()) == pointer);
    };
    complains("/schema", "jetcuda-check.report/2");
    complains("/verdict", "fine");
    complains("/verdict", nullptr);
    complains("/reason", "Not An Id");
    complains("/generated_at", "yesterday");
    complains("/generated_at", "2026-01-01T00:00:00+00:00");
    complains("/boot_id", "");
    complains("/root", "");
    complains("/duration_ms", 1e300);
    complains("/duration_ms", UINT64_MAX);
    complains("/device/sm", 1000000);
    complains("/device/gpu", json(std::string("a\0b", 3)));
    complains("/stack/environment", "vm");
    complains("/stack/distribution", "debian");
    complains("/stack/l4t", "36");
    complains("/stack/l4t", "R36.5");
    complains("/stack/driver_cuda", "12");
    complains("/stack/driver_cuda", "12.6.1");
    complains("/stack/native_cuda", "cuda");
    complains("/checks/0/id", "Driver");
    complains("/checks/0/id", "../../etc");
    complains("/checks/0/id", "");
    complains("/checks/0/status", "passed");
    complains("/checks/0/severity", "optional");
    complains("/checks/0/group", "kitchen");
    complains("/checks/0/code", "Not Kebab");
    complains("/checks/0/blocked_by", "no id");
    complains("/checks/0/measured_at", "2026-01-01");
    complains("/digest", "sha256:");
    complains("/digest", "md5:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

TEST_CASE("a check stands in a report once") {
    const std::string complaint =
        complaint_after([](json& document) { document["checks"].push_back(document["checks"][0]); });
    CHECK(complaint == "/checks/5 is a second soc-is-supported");
}

TEST_CASE("what is no report at all") {
    CHECK(complaint_about("") != "");
    CHECK(complaint_about("null") != "");
    CHECK(complaint_about("[]") != "");
    CHECK(complaint_about("{}") == "/schema is missing");
    CHECK(complaint_about("{\"schema\":").find("the report is no JSON: line 1") == 0);
    CHECK(complaint_about("{\"schema\":1,\"schema\":1}").find("the report is no JSON: ") == 0);
    CHECK(complaint_about(to_json(orin_report()) + "x") != "");
    CHECK(complaint_about("{\"schema\":\"\xff\"}") != "");
    CHECK(complaint_about("{\"schema\":1e999}") != "");
}

TEST_CASE("too deep and too long are refused before parsing") {
    CHECK(complaint_about(std::string(100000, '[')).substr(0, 22) == "the report is no JSON:");
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "{\"a\":";
    CHECK(complaint_about(deep).substr(0, 22) == "the report is no JSON:");
    // Brackets in a text are no depth.
    Report report = orin_report();
    report.checks[0].summary = std::string(200, '[') + "\"" + std::string(200, '{');
    CHECK(complaint_about(to_json(report)).empty());
    CHECK(complaint_about(std::string(report_size_limit + 1, ' ')).find("most") != std::string::npos);
    CHECK(complaint_after([](json& document) {
              for (int i = 0; i < 1001; ++i) document["stack"]["toolkit_cuda"].push_back("12.6");
          }).find("/stack/toolkit_cuda has 1001 entries") == 0);
}

TEST_CASE("a complaint shows hostile text in one harmless line") {
    const std::string complaint =
        complaint_after([](json& document) { document["verdict"] = "\x1b[2J\nhealthy" + std::string(5000, 'x'); });
    CHECK(complaint.find('\x1b') == std::string::npos);
    CHECK(complaint.find('\n') == std::string::npos);
    CHECK(complaint.size() < 300);
}

TEST_CASE("random and damaged reports are read or refused, never more") {
    Report report = not_judged_yet("boot");
    report.checks = {check("a", Status::fail)};
    report.checks[0].evidence = {{"what", "value", "source", false}};
    const std::string good = to_json(report);
    int accepted = 0;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        complaint_about(random_bytes(seed, 300));
        const std::string damaged = mutated(good, seed);
        try {
            const Report read = report_from_json(damaged);
            ++accepted;
            to_json(read);
        } catch (const ReportFormatError& error) {
            CHECK(std::string_view(error.what()).size() < 500);
        }
    }
    CHECK(accepted > 0);  // a damage in a sentence leaves a report
    CHECK(accepted < 2000);
}
