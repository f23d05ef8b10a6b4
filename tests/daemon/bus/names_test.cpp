#include "daemon/bus/names.hpp"

#include <set>

#include <doctest/doctest.h>

#include "daemon/checks/check.hpp"

using namespace jetcuda;

TEST_CASE("a check's path is its id with _ for -") {
    CHECK(bus::check_path("driver-matches-module") == "/io/jetcuda/Check1/check/driver_matches_module");
    CHECK(bus::run_path(12) == "/io/jetcuda/Check1/run/12");
}

TEST_CASE("what a path may not hold is written in hex") {
    CHECK(bus::check_path("custom/my.check") == "/io/jetcuda/Check1/check/custom_2fmy_2echeck");
    CHECK(bus::check_path("\xc3\xa4") == "/io/jetcuda/Check1/check/_c3_a4");
}

TEST_CASE("no two checks share a path") {
    std::set<std::string> paths;
    for (const Check* check : all_checks()) {
        CHECK(paths.insert(bus::check_path(check->id)).second);
    }
    CHECK_FALSE(paths.empty());
}
