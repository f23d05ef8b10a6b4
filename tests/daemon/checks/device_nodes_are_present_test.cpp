#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

#include <algorithm>

namespace {
constexpr std::string_view id = "device-nodes-are-present";

Facts without(Facts facts, std::initializer_list<std::string_view> paths) {
    auto& nodes = facts.device_nodes.value().nodes;
    for (const std::string_view path : paths) {
        nodes.erase(std::remove_if(nodes.begin(), nodes.end(), [&](const DeviceNode& n) { return n.path == path; }),
                    nodes.end());
    }
    return facts;
}
}  // namespace

TEST_CASE("nvgpu needs nvmap and a control node under either name") {
    CHECK(judged(id, healthy_orin()).code == "ok");
    CHECK(judged(id, without(healthy_orin(), {"/dev/nvgpu/igpu0/ctrl"})).code == "ok");
    CHECK(judged(id, without(healthy_orin(), {"/dev/nvhost-ctrl-gpu"})).code == "ok");
    const CheckResult no_control =
        judged(id, without(healthy_orin(), {"/dev/nvgpu/igpu0/ctrl", "/dev/nvhost-ctrl-gpu"}));
    CHECK(no_control.status == Status::fail);
    CHECK(no_control.code == "nodes-missing");
    CHECK(no_control.summary.find("igpu*/ctrl or /dev/nvhost-ctrl-gpu") != std::string::npos);
    CHECK(judged(id, without(healthy_orin(), {"/dev/nvmap"})).summary == "The GPU has no device node /dev/nvmap");
    CHECK(judged(id, without(healthy_thor(), {"/dev/nvidiactl", "/dev/nvidia0"})).summary ==
          "The GPU has no device node /dev/nvidiactl, nor /dev/nvidia0");
    CHECK(judged(id, without(healthy_orin(), {"/dev/nvmap"})).remedy.find("modprobe -a nvmap nvgpu") !=
          std::string::npos);
}

TEST_CASE("nodes for debugging are never required") {
    CHECK(judged(id, without(healthy_orin(), {"/dev/nvgpu/igpu0/dbg", "/dev/nvgpu/igpu0/as"})).code == "ok");
}

TEST_CASE("openrm needs nvidiactl, nvidia0 and nvidia-uvm, and nvmap is not its matter") {
    CHECK(judged(id, healthy_thor()).code == "ok");
    CHECK(judged(id, without(healthy_thor(), {"/dev/nvmap"})).code == "ok");
    for (const std::string_view path : {"/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia-uvm"}) {
        const CheckResult result = judged(id, without(healthy_thor(), {path}));
        CHECK(result.code == "nodes-missing");
        CHECK(result.summary.find(path) != std::string::npos);
    }
}

TEST_CASE("a plain file or a folder in the place of a node fails") {
    Facts facts = healthy_thor();
    for (DeviceNode& changed : facts.device_nodes.value().nodes) {
        if (changed.path == "/dev/nvidia0") changed.status.kind = FileKind::directory;
    }
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "not-a-device-node");
    CHECK(result.summary == "/dev/nvidia0 is a folder where a device node should be");
    facts = healthy_orin();
    for (DeviceNode& changed : facts.device_nodes.value().nodes) {
        if (changed.path == "/dev/nvhost-ctrl-gpu") changed.status.kind = FileKind::regular;
    }
    CHECK(judged(id, facts).code == "ok");  // the other control node serves
}

TEST_CASE("in a container the remedy is the container's runtime") {
    Facts facts = without(healthy_orin(), {"/dev/nvmap"});
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "not-passed-to-container");
    CHECK(judged(id, facts).remedy.find("docker run --runtime nvidia") != std::string::npos);
}
