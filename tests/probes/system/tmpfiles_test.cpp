#include "probes/system/tmpfiles.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view rules =
    "# a remark\n"
    "d /run/other 0755 root root -\n"
    "L+ /run/opengl-driver - - - - /nix/store/4d5f6g7h8j9k0l1m2n3p4q5r6s7v8w9x-graphics-drivers\n"
    "L+ /run/opengl-driver-32 - - - - /nix/store/x-32\n";

}  // namespace

TEST_CASE("the rule of a link names where it leads") {
    CHECK(link_target_in_rules(rules, driver_link) == "/nix/store/4d5f6g7h8j9k0l1m2n3p4q5r6s7v8w9x-graphics-drivers");
    CHECK(link_target_in_rules(rules, "/run/opengl-driver-32") == "/nix/store/x-32");
    CHECK(link_target_in_rules(rules, "/run/other").empty());
}

TEST_CASE("fields may stand in quotes, and blanks may be tabs") {
    CHECK(link_target_in_rules("'L+' '/run/opengl-driver' - - - - '/nix/store/x-drivers'", driver_link) ==
          "/nix/store/x-drivers");
    CHECK(link_target_in_rules("L+\t/run/opengl-driver\t-  -\t- - /nix/store/x-drivers \n", driver_link) ==
          "/nix/store/x-drivers");
}

TEST_CASE("a rule that makes no link, or one to nowhere, is passed over") {
    for (const char* text : {"", "\n\n", "L+ /run/opengl-driver", "L+ /run/opengl-driver - - - -",
                             "R /run/opengl-driver - - - - /nix/store/x", "L+ /run/opengl-driver - - - - drivers"}) {
        CAPTURE(text);
        CHECK(link_target_in_rules(text, driver_link).empty());
    }
    CHECK(link_target_in_rules("L+ /run/opengl-driver - - - - /a\nL+ /run/opengl-driver - - - - /b\n", driver_link) ==
          "/b");
}

TEST_CASE("any bytes are lived through") {
    for (unsigned seed = 0; seed < 3000; ++seed) {
        (void)link_target_in_rules(testing::random_bytes(seed, 300), driver_link);
        const std::string target = link_target_in_rules(testing::mutated(rules, seed), driver_link);
        CHECK((target.empty() || target.front() == '/'));
    }
}

}  // namespace jetcuda
