#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "no-reboot-is-pending";
}

TEST_CASE("without a reason nothing is pending") {
    CHECK(judged(id, healthy_orin()).code == "ok");
    CHECK(judged(id, healthy_orin()).status == Status::pass);
}

TEST_CASE("packages that hold neither kernel nor driver are told") {
    Facts facts = healthy_orin();
    facts.pending_reboot.value().other_packages = {"libc6", "dbus"};
    CHECK(judged(id, facts).code == "only-others");
    CHECK(judged(id, facts).status == Status::pass);
    CHECK(judged(id, facts).summary.find("libc6, dbus") != std::string::npos);
}

TEST_CASE("every reason is named, and the remedy is a restart") {
    Facts facts = healthy_orin();
    facts.pending_reboot.value().reasons = {"one thing", "another"};
    facts.pending_reboot.value().sources = {"/run/reboot-required"};
    facts.pending_reboot.value().other_packages = {"libc6"};
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "pending");
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary.find("one thing; another") != std::string::npos);
    CHECK(result.remedy.find("sudo reboot") != std::string::npos);
    CHECK(result.evidence.size() == 3);
    for (const Evidence& evidence : result.evidence) CHECK_FALSE(evidence.source.empty());
}

TEST_CASE("a container, an image and an incoming system wait for no restart") {
    Facts facts = healthy_orin();
    facts.pending_reboot.value().reasons = {"one thing"};
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
    facts.scope.in_container = false;
    facts.scope.system = "/nix/store/x-nixos-system";
    CHECK(judged(id, facts).code == "incoming-system");
    facts.scope.system.reset();
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "not-running");
    facts = healthy_orin();
    facts.pending_reboot = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
}
