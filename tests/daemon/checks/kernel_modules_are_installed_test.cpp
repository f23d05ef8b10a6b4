#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "kernel-modules-are-installed";
}

TEST_CASE("a folder of the running kernel's modules passes, and is named") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.code == "ok");
    CHECK(result.summary.find("/lib/modules/5.15.185-tegra") != std::string::npos);
}

TEST_CASE("without that folder it fails, and says which kernels have one") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    facts.kernel_modules =
        Missing{Lack::not_there,
                "no modules of the running kernel 4.9.337-tegra are installed; there are those of 4.9.253-tegra",
                "/lib/modules"};
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "no-modules");
    CHECK(result.summary.find("there are those of 4.9.253-tegra") != std::string::npos);
    CHECK(result.remedy.find("nvidia-l4t-kernel nvidia-l4t-kernel-oot-modules") != std::string::npos);
    facts.kernel_modules = Fact<KernelModules>(KernelModules{}, "/lib/modules");
    CHECK(judged(id, facts).code == "no-modules");
}

TEST_CASE("a module that was loaded before its folder went is no fault of the running kernel") {
    Facts facts = healthy_orin();
    facts.kernel_modules = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "loaded-without-modules");
    CHECK(judged(id, facts).status == Status::not_applicable);
    CHECK(judged(id, facts).summary.find("nvgpu is loaded") == 0);
    facts.scope.system = "/nix/store/x-nixos-system";
    CHECK(judged_alone(id, facts).status == Status::fail);
}

TEST_CASE("a kernel of its owner is mended where it was built, not by L4T's packages") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    facts.kernel_modules = missing(Lack::not_there);
    facts.kernel_release = Fact<std::string>("6.6.52-byok", "/proc/sys/kernel/osrelease");
    CHECK(judged(id, facts).code == "no-modules-of-own-kernel");
    CHECK(judged(id, facts).remedy.find("sudo make modules_install && sudo depmod -a 6.6.52-byok") !=
          std::string::npos);
    CHECK(judged(id, facts).remedy.find("apt-get") == std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).code == "no-modules");
}

TEST_CASE("a kernel with the GPU module built in needs no folder") {
    Facts facts = healthy_orin();
    facts.kernel_modules = missing(Lack::not_there);
    facts.gpu_module.value().running.presence = ModulePresence::built_in;
    CHECK(judged(id, facts).code == "built-in");
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("a folder that may not be read is unknown, and at rest there is no running kernel") {
    Facts facts = healthy_orin();
    facts.kernel_modules = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "not-running");
}

TEST_CASE("before a switch, the sentence speaks of the incoming kernel") {
    Facts facts = healthy_orin();
    CHECK(judged_alone("kernel-modules-are-installed", facts).summary.find("The running kernel") == 0);
    facts.scope.system = "/nix/store/x-nixos-system";
    CHECK(judged_alone("kernel-modules-are-installed", facts).summary.find("The incoming kernel") == 0);
}
