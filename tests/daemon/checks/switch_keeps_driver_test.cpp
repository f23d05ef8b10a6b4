#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view id = "switch-keeps-driver";

NixSystem nix_system(const std::optional<L4tRelease>& l4t) {
    NixSystem system;
    system.path = "/nix/store/x-nixos-system";
    system.libcuda = "/nix/store/x-nvidia-l4t-cuda/lib/libcuda.so.1.1";
    system.libcuda_l4t = l4t;
    system.modules = "/nix/store/x-kernel-modules/lib/modules/5.15.185";
    system.modules_l4t = l4t;
    return system;
}

// A board before a switch from the one release to the other.
Facts before_switch(Facts facts, const std::optional<L4tRelease>& running, const std::optional<L4tRelease>& incoming) {
    facts.scope.system = "/nix/store/x-nixos-system";
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    facts.booted_system = Fact<NixSystem>(nix_system(running), "/run/booted-system");
    facts.incoming_system = Fact<NixSystem>(nix_system(incoming), "/nix/store/x-nixos-system");
    return facts;
}

constexpr L4tRelease r36_4_4{36, 4, 4};
constexpr L4tRelease r36_5{36, 5, 0};
constexpr L4tRelease r39_2{39, 2, 0};
constexpr L4tRelease r39_3{39, 3, 0};

}  // namespace

TEST_CASE("without an incoming system there is nothing to judge") {
    CHECK(judged(id, healthy_orin()).code == "no-incoming-system");
    CHECK(judged(id, healthy_orin()).status == Status::not_applicable);
}

TEST_CASE("one release on both sides is kept, two are parted") {
    const CheckResult kept = judged(id, before_switch(healthy_orin(), r36_5, r36_5));
    CHECK(kept.code == "ok");
    CHECK(kept.status == Status::pass);
    CHECK(kept.summary.find("both of L4T 36.5.0") != std::string::npos);
    const CheckResult parted = judged(id, before_switch(healthy_orin(), r36_5, r36_4_4));
    CHECK(parted.code == "parts-driver-from-module");
    CHECK(parted.status == Status::fail);
    CHECK(parted.severity == Severity::required);
    CHECK(parted.summary.find("libcuda of L4T 36.4.4, and the running nvgpu is of L4T 36.5.0") != std::string::npos);
    CHECK(parted.remedy.find("sudo nixos-rebuild boot && sudo reboot") != std::string::npos);
}

TEST_CASE("on Thor the running module's number decides") {
    Facts facts = before_switch(healthy_thor(), r39_2, r39_3);
    facts.gpu_module.value().running.version = "595.78";
    CHECK(judged(id, facts).code == "ok");  // 595.78 on both sides, under two releases
    CHECK(judged(id, facts).summary.find("driver 595.78") != std::string::npos);
    facts.gpu_module.value().running.version = "580.00";
    CHECK(judged(id, facts).code == "parts-driver-from-module");
    CHECK(judged(id, facts).summary.find("driver 580.00") != std::string::npos);
    facts.gpu_module.value().running.version = "TempVersion";
    CHECK(judged(id, facts).summary.find("L4T 39.2.0") != std::string::npos);
}

TEST_CASE("what is not recorded is not compared") {
    Facts facts = before_switch(healthy_orin(), r36_5, std::nullopt);
    CHECK(judged(id, facts).code == "incoming-release-not-recorded");
    facts.incoming_system.value().libcuda.clear();
    CHECK(judged(id, facts).summary.find("links none") != std::string::npos);
    facts = before_switch(healthy_orin(), std::nullopt, r36_5);
    CHECK(judged(id, facts).code == "running-release-not-recorded");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.booted_system = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "running-release-not-recorded");
    facts.gpu_module = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    facts.incoming_system = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "not-there");
}

TEST_CASE("an image at rest has no running module") {
    Facts facts = before_switch(healthy_orin(), r36_5, r36_4_4);
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "not-running");
}
