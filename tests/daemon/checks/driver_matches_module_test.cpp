#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "driver-matches-module";

Facts with(const ModuleRelease& module, const DriverRelease& libcuda) {
    Facts facts = healthy_orin();
    facts.gpu_module.value().release = Fact<ModuleRelease>(module, "package of the module");
    facts.libcuda_release = Fact<DriverRelease>(libcuda, "package nvidia-l4t-cuda");
    return facts;
}
}  // namespace

TEST_CASE("releases are compared with releases") {
    CHECK(judged(id, healthy_orin()).summary == "libcuda and nvgpu are both of L4T 36.5.0");
    const CheckResult result = judged(id, with({L4tRelease{36, 4, 4}, ""}, {L4tRelease{36, 5, 0}, "540.5.0"}));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "releases-differ");
    CHECK(result.summary == "libcuda is of L4T 36.5.0, the GPU module nvgpu of L4T 36.4.4");
    CHECK(result.remedy.find(
              "sudo apt-get install --reinstall nvidia-l4t-cuda nvidia-l4t-kernel nvidia-l4t-kernel-oot-modules") !=
          std::string::npos);
}

TEST_CASE("driver numbers are compared with driver numbers") {
    CHECK(judged(id, healthy_thor()).summary == "libcuda and nvidia are both of driver 595.78");
    const CheckResult result = judged(id, with({std::nullopt, "580.00"}, {L4tRelease{39, 2, 0}, "595.78"}));
    CHECK(result.code == "releases-differ");
    CHECK(result.summary == "libcuda is of driver 595.78, the GPU module nvgpu of driver 580.00");
}

TEST_CASE("two numbers that differ are two drivers, whatever package their files belong to") {
    const CheckResult result = judged(id, with({L4tRelease{39, 2, 0}, "580.00"}, {L4tRelease{39, 2, 0}, "595.78"}));
    CHECK(result.code == "releases-differ");
    CHECK(result.summary == "libcuda is of driver 595.78, the GPU module nvgpu of driver 580.00");
    // R38.4's module has a word in the number's place.
    CHECK(judged(id, with({L4tRelease{38, 4, 0}, "TempVersion"}, {L4tRelease{38, 4, 0}, "580.00"})).code == "ok");
}

TEST_CASE("one driver number settles it for packages re-issued under another release") {
    CHECK(judged(id, with({L4tRelease{38, 2, 1}, "580.00"}, {L4tRelease{38, 2, 2}, "580.00"})).code == "ok");
}

TEST_CASE("what is not recorded in a form to compare is not applicable") {
    CHECK(judged(id, with({L4tRelease{36, 5, 0}, ""}, {std::nullopt, "540.5.0"})).code ==
          "module-release-not-recorded");
    CHECK(judged(id, with({std::nullopt, "TempVersion"}, {L4tRelease{38, 4, 0}, "580.00"})).code ==
          "module-release-not-recorded");
    CHECK(judged(id, with({}, {})).status == Status::not_applicable);
    Facts facts = healthy_orin();
    facts.gpu_module.value().release = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "module-release-not-recorded");
    facts = healthy_orin();
    facts.libcuda_release = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "libcuda-release-not-recorded");
    CHECK(judged(id, facts).status == Status::not_applicable);
}

TEST_CASE("what may not be read is unknown") {
    Facts facts = healthy_orin();
    facts.libcuda_release = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    facts = healthy_orin();
    facts.gpu_module.value().release = missing(Lack::not_understood);
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("a NixOS switch that parted them is mended by a restart") {
    Facts facts = with({L4tRelease{36, 4, 4}, ""}, {L4tRelease{36, 5, 0}, ""});
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("sudo nixos-rebuild boot && sudo reboot") != std::string::npos);
}
