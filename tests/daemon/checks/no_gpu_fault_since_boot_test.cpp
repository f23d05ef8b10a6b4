#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "no-gpu-fault-since-boot";
}

TEST_CASE("a log without faults passes, and how long it is stays out of the digest") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.code == "ok");
    CHECK(result.status == Status::pass);
    REQUIRE(result.evidence.size() == 1);
    CHECK(result.evidence.front().volatile_value);
}

TEST_CASE("faults are named with their count") {
    Facts facts = healthy_orin();
    facts.kernel_log.value().faults = {{"nvgpu-mmu-fault", "a wrong address", "nvgpu: [MMU FAULT]", 3},
                                       {"nvgpu-channel-error", "a channel was ended", "nvgpu: error notifier", 1}};
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "faults");
    CHECK(result.summary.find(
              "The kernel's log of this boot tells of GPU faults: a wrong address (nvgpu-mmu-fault, 3") == 0);
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary.find("a wrong address (nvgpu-mmu-fault, 3 times); a channel was ended (nvgpu-channel-error, "
                              "once)") != std::string::npos);
    CHECK(result.remedy.find("journalctl -k -b") != std::string::npos);
    facts.kernel_log.value().cut = true;  // what is there is there
    CHECK(judged(id, facts).code == "faults");
}

TEST_CASE("a log that is not whole proves nothing") {
    Facts facts = healthy_orin();
    facts.kernel_log.value().cut = true;
    CHECK(judged(id, facts).code == "log-cut");
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("where no log can be asked, and where it cannot be read") {
    Facts facts = healthy_orin();
    facts.kernel_log = missing(Lack::not_asked);
    CHECK(judged(id, facts).code == "no-log");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
    facts = healthy_orin();
    facts.kernel_log = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    CHECK(judged(id, facts).status == Status::unknown);
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "not-running");
}
