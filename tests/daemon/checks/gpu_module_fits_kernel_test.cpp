#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "gpu-module-fits-kernel";

Facts with_vermagic(const std::string& vermagic, ModulePresence presence) {
    Facts facts = healthy_orin();
    facts.gpu_module.value().file.value().vermagic = vermagic;
    facts.gpu_module.value().running.presence = presence;
    return facts;
}
}  // namespace

TEST_CASE("the first word of vermagic is compared with the running kernel") {
    CHECK(judged(id, with_vermagic("5.15.185-tegra SMP preempt", ModulePresence::absent)).code == "ok");
    CHECK(judged(id, with_vermagic("5.15.185-tegra", ModulePresence::absent)).code == "ok");
    const CheckResult other = judged(id, with_vermagic("5.15.148-tegra SMP preempt", ModulePresence::absent));
    CHECK(other.code == "built-for-another-kernel");
    CHECK(other.status == Status::fail);
    CHECK(other.summary == "nvgpu on disk was built for the kernel 5.15.148-tegra, but 5.15.185-tegra is running");
    CHECK(judged(id, with_vermagic("5.15.185-tegra-rt SMP", ModulePresence::absent)).status == Status::fail);
}

TEST_CASE("a module that the kernel has loaded passes whatever its vermagic says") {
    const CheckResult result = judged(id, with_vermagic("5.15.148-tegra SMP", ModulePresence::loaded));
    CHECK(result.code == "loaded-with-other-vermagic");
    CHECK(result.status == Status::pass);
}

TEST_CASE("a built-in module has no file to compare") {
    CHECK(judged(id, with_vermagic("", ModulePresence::built_in)).code == "built-in");
    CHECK(judged(id, with_vermagic("", ModulePresence::built_in)).status == Status::not_applicable);
}

TEST_CASE("no file: a fault where the module is not loaded, else nothing to compare") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().file = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "loaded-without-file");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    CHECK(judged(id, facts).code == "not-installed");
    CHECK(judged(id, facts).status == Status::fail);
    facts.gpu_module.value().file = missing(Lack::not_understood);
    CHECK(judged(id, facts).code == "not-understood");
}

TEST_CASE("a kernel of its owner needs the module built for it") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    facts.gpu_module.value().file = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "not-installed");
    facts.kernel_release = Fact<std::string>("6.6.52-byok", "/proc/sys/kernel/osrelease");
    CHECK(judged(id, facts).code == "not-built-for-own-kernel");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).remedy.find("make modules && sudo -E make modules_install") != std::string::npos);
}

TEST_CASE("a file without vermagic is unknown") {
    CHECK(judged(id, with_vermagic("", ModulePresence::loaded)).code == "no-vermagic");
    CHECK(judged(id, with_vermagic("", ModulePresence::loaded)).status == Status::unknown);
}

TEST_CASE("before a switch, the incoming kernel has to take the module, whatever is loaded now") {
    Facts facts = healthy_orin();
    facts.scope.system = "/nix/store/x-nixos-system";
    CHECK(judged_alone("gpu-module-fits-kernel", facts).code == "ok");
    facts.kernel_release = Fact<std::string>("5.15.199", "/nix/store/x-nixos-system");
    CHECK(judged_alone("gpu-module-fits-kernel", facts).code == "built-for-another-kernel");
    facts.gpu_module.value().file = missing(Lack::not_there);
    CHECK(judged_alone("gpu-module-fits-kernel", facts).code == "not-installed");
}
