// config/report.schema.json, the writer and the reader are three accounts of one format. This holds them to each
// other: what is written validates, and what breaks the schema is refused by the reader too, at the same place.

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using nlohmann::json;

namespace {

struct Validation {
    int status = -1;
    std::string complaints;
};

// Runs the validator on every *.json in a folder.
Validation validate(const TempRoot& folder, const std::string& options = {}) {
    const std::string output = (folder.directory() / "complaints.txt").string();
    const std::string command = "/usr/bin/python3 " JETCUDA_SOURCE_DIR "/tests/daemon/report/validate_report.py " +
                                options + " " + folder.directory().string() + "/*.json >" + output + " 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream stream(output);
    std::ostringstream complaints;
    complaints << stream.rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, complaints.str()};
}

bool reader_takes(const std::string& text) {
    try {
        report_from_json(text);
        return true;
    } catch (const ReportFormatError&) {
        return false;
    }
}

}  // namespace

TEST_CASE("whatever is written validates, and its digest is the one that the schema describes") {
    const TempRoot folder;
    RandomReports reports(11);
    for (int i = 0; i < 100; ++i) folder.write(std::to_string(i) + ".json", to_json(reports.next()));
    folder.write("healthy.json", to_pretty_json(orin_report()));
    folder.write("before.json", to_json(not_judged_yet("boot")));
    folder.write("unfinished.json", to_json(run_did_not_finish("boot", "run-crashed", "It crashed", noon)));
    const Validation validation = validate(folder);
    CAPTURE(validation.complaints);
    CHECK(validation.status == 0);
}

TEST_CASE("what breaks the schema is refused by the reader too") {
    Report report = orin_report();
    report.checks[0].evidence = {{"what", "value", "source", false}};
    report.stack.compat = {{"/usr/local/cuda/compat", "l4t", "12.9", "/etc/x.conf"}};
    const json good = json::parse(to_json(report));

    struct Break {
        std::string pointer;
        json value;
    };
    const std::vector<Break> breaks = {
        {"/schema", "jetcuda-check.report/2"},
        {"/tool", 1},
        {"/generated_at", "yesterday"},
        {"/boot_id", ""},
        {"/sequence", -1},
        {"/sequence", 1.5},
        {"/root", nullptr},
        {"/root", ""},
        {"/probed", "true"},
        {"/simulated", nullptr},
        {"/verdict", "fine"},
        {"/verdict", nullptr},
        {"/reason", "No Id"},
        {"/device", nullptr},
        {"/device/sm", "87"},
        {"/device/sm", 87.5},
        {"/device/gpu", ""},
        {"/stack/environment", "vm"},
        {"/stack/distribution", "debian"},
        {"/stack/l4t", "R36"},
        {"/stack/driver_cuda", "12"},
        {"/stack/toolkit_cuda", nullptr},
        {"/stack/toolkit_cuda", json::array({1})},
        {"/stack/compat/0/dir", nullptr},
        {"/stack/compat/0/cuda", "new"},
        {"/checks", nullptr},
        {"/checks/0/id", "No Id"},
        {"/checks/0/id", "custom/"},
        {"/checks/0/group", "kitchen"},
        {"/checks/0/status", "passed"},
        {"/checks/0/severity", "optional"},
        {"/checks/0/code", "No Code"},
        {"/checks/0/summary", nullptr},
        {"/checks/0/remedy", ""},
        {"/checks/0/waived", 0},
        {"/checks/0/blocked_by", ""},
        {"/checks/0/measured_at", "2026-01-01"},
        {"/checks/0/evidence", json::object()},
        {"/checks/0/evidence/0/value", nullptr},
        {"/checks/0/evidence/0/volatile", nullptr},
        {"/checks/0/duration_ms", -1},
        {"/digest", "sha256:0"},
    };
    const TempRoot folder;
    for (std::size_t i = 0; i < breaks.size(); ++i) {
        json broken = good;
        broken[json::json_pointer(breaks[i].pointer)] = breaks[i].value;
        CAPTURE(breaks[i].pointer);
        CAPTURE(breaks[i].value.dump());
        CHECK_FALSE(reader_takes(broken.dump()));
        folder.write("broken-" + std::to_string(i) + ".json", broken.dump());
    }
    const Validation validation = validate(folder);
    CHECK(validation.status == 1);
    for (std::size_t i = 0; i < breaks.size(); ++i) {
        CAPTURE(breaks[i].pointer);
        CAPTURE(breaks[i].value.dump());
        const std::string named = "broken-" + std::to_string(i) + ".json: " + breaks[i].pointer;
        CHECK(validation.complaints.find(named) != std::string::npos);
    }
}

TEST_CASE("keys that a later version adds are open to both") {
    json later = json::parse(to_json(orin_report()));
    later["later"] = 1;
    later["checks"][0]["later"] = json::object();
    CHECK(reader_takes(later.dump()));
    const TempRoot folder;
    folder.write("later.json", later.dump());
    const Validation validation = validate(folder);
    CAPTURE(validation.complaints);
    CHECK(validation.status == 0);
}

TEST_CASE("the validator finds what no schema can say") {
    const TempRoot folder;
    json report = json::parse(to_json(orin_report()));
    SUBCASE("a digest of other content") { report["device"]["soc"] = "T264"; }
    SUBCASE("a check that stands there twice") { report["checks"].push_back(report["checks"][0]); }
    folder.write("report.json", report.dump());
    CHECK(validate(folder).status == 1);
}

TEST_CASE("the validator refuses what is no JSON, and says so apart when it cannot work") {
    const TempRoot folder;
    folder.write("report.json", "{\"schema\":1,\"schema\":1}");
    CHECK(validate(folder).status == 1);
    CHECK(validate(folder, "--schema /nonexistent").status == 2);
}

TEST_CASE("config/defaults.json validates against the schema of the settings") {
    const TempRoot folder;
    folder.link("defaults.json", JETCUDA_SOURCE_DIR "/config/defaults.json");
    const std::string schema = "--schema " JETCUDA_SOURCE_DIR "/config/settings.schema.json";
    const Validation validation = validate(folder, schema);
    CAPTURE(validation.complaints);
    CHECK(validation.status == 0);
    folder.write("other.json", "{\"probe\": {\"enabeld\": true}}");
    CHECK(validate(folder, schema).status == 1);
}
