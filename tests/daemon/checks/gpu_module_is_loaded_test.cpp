#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "gpu-module-is-loaded";
}

TEST_CASE("the module of the board's SoC passes when it is loaded or built in") {
    CHECK(judged(id, healthy_orin()).summary == "nvgpu is loaded, which drives the GPU of this board");
    CHECK(judged(id, healthy_xavier()).code == "ok");
    CHECK(judged(id, healthy_thor()).summary.find("nvidia with nvidia-uvm") != std::string::npos);
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::built_in;
    CHECK(judged(id, facts).code == "built-in");
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("a module that is not loaded fails, with modprobe and the kernel log as remedy") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "not-loaded");
    CHECK(result.remedy.find("sudo modprobe nvgpu; sudo dmesg | grep -i nvgpu") != std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("hardware.nvidia-jetpack.enable = true;") != std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::yocto, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("nv-kernel-module-nvgpu") != std::string::npos);
}

TEST_CASE("Thor needs nvidia-uvm too") {
    Facts facts = healthy_thor();
    facts.gpu_module.value().uvm->presence = ModulePresence::absent;
    CHECK(judged(id, facts).code == "uvm-missing");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).remedy.find("sudo modprobe nvidia-uvm") != std::string::npos);
    facts.gpu_module.value().uvm.reset();
    CHECK(judged(id, facts).status == Status::unknown);
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    CHECK(judged(id, facts).code == "not-loaded");
}

TEST_CASE("on Thor the build of nvidia.ko for displays is named, whatever it leaves unloaded") {
    Facts facts = healthy_thor();
    facts.gpu_module.value().file.value().path = "/lib/modules/6.8.12-1021-tegra/updates/opensrc-disp/nvidia.ko";
    CHECK(judged(id, facts).code == "other-variant");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).summary.find("updates/opensrc-disp/nvidia.ko") != std::string::npos);
    facts.gpu_module.value().uvm->presence = ModulePresence::absent;
    CHECK(judged(id, facts).code == "other-variant");
    facts.gpu_module.value().running.srcversion = "OF ANOTHER BUILD";
    facts.gpu_module.value().file.value().srcversion = "OF THIS ONE";
    CHECK(judged(id, facts).code == "uvm-missing");
}

TEST_CASE("R38 has one build of nvidia.ko, for Thor, in the folder that R39 keeps the other one in") {
    Facts facts = healthy_thor();
    facts.gpu_module.value().file.value().path = "/lib/modules/6.8.12-tegra/updates/opensrc-disp/nvidia.ko";
    CHECK(judged(id, facts).code == "other-variant");
    facts.release.value().line = 38;
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("a line that keeps the module out is looked for") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    CHECK(judged(id, facts).remedy.find("grep -rnw nvgpu /etc/modprobe.d") != std::string::npos);
}

TEST_CASE("a module that the kernel refuses is told by the check that says why") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    facts.gpu_module.value().file.value().vermagic = "5.15.148-tegra SMP";
    CHECK(judged(id, facts).blocked_by == "gpu-module-fits-kernel");
}
