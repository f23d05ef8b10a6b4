#include <cstdlib>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "daemon/report/difference.hpp"
#include "daemon/report/json.hpp"
#include "tests/daemon/report/reports.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using nlohmann::json;

namespace {

std::string told(const Report& before, const Report& after) {
    const ComparedReport a{"a.json", before, digest(before)};
    const ComparedReport b{"b.json", after, digest(after)};
    return to_pretty_json(a, b, compare(a, b));
}

int validate(const TempRoot& folder) {
    const std::string command = "/usr/bin/python3 " JETCUDA_SOURCE_DIR
                                "/tests/daemon/report/validate_report.py --schema " JETCUDA_SOURCE_DIR
                                "/config/diff.schema.json " +
                                folder.directory().string() + "/*.json";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("whatever is compared, the answer has the schema's form") {
    const TempRoot folder;
    RandomReports reports(3);
    for (int i = 0; i < 60; ++i) folder.write(std::to_string(i) + ".json", told(reports.next(), reports.next()));
    folder.write("same.json", told(orin_report(), orin_report()));
    CHECK(validate(folder) == 0);
    folder.write("other.json", "{\"schema\": \"jetcuda-check.diff/1\"}");
    CHECK(validate(folder) == 1);
}

TEST_CASE("both sides are told, null where one has nothing") {
    Report after = orin_report();
    after.checks.erase(after.checks.begin());
    after.stack.jetpack = "";
    const json answer = json::parse(told(orin_report(), after));
    CHECK(answer.at("same") == false);
    CHECK(answer.at("a").at("file") == "a.json");
    CHECK(answer.at("b").at("digest") == digest(after));
    CHECK(answer.at("values") == json::array({{{"name", "stack.jetpack"}, {"a", "6.2.2"}, {"b", nullptr}}}));
    const json& change = answer.at("checks").at(0);
    CHECK(change.at("id") == "soc-is-supported");
    CHECK(change.at("direction") == "changed");
    CHECK(change.at("a").at("status") == "pass");
    CHECK(change.at("b").is_null());
}
