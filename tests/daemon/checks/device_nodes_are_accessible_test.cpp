#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

#include <algorithm>

namespace {
constexpr std::string_view id = "device-nodes-are-accessible";

DeviceNode& node_of(Facts& facts, std::string_view path) {
    auto& nodes = facts.device_nodes.value().nodes;
    return *std::find_if(nodes.begin(), nodes.end(), [&](const DeviceNode& n) { return n.path == path; });
}

void add_user(Facts& facts, const ServiceUser& user) { facts.service_users.value().push_back(user); }
}  // namespace

TEST_CASE("nodes of video with mode 0660 pass, and root's own nodes for debugging do not matter") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.code == "ok");
    CHECK(result.summary == "Members of video can open the GPU's device nodes");
    for (const Evidence& evidence : result.evidence) CHECK(evidence.source.find("dbg") == std::string::npos);
    CHECK(judged(id, healthy_thor()).code == "ok");
}

TEST_CASE("nodes that everyone can open pass, whatever their group") {
    Facts facts = healthy_thor();
    for (DeviceNode& each : facts.device_nodes.value().nodes) {
        each.group = "root";
        each.status.gid = 0;
        each.status.mode = 0666;
    }
    CHECK(judged(id, facts).code == "open-to-all");
    add_user(facts, {"camera", true, {}});
    CHECK(judged(id, facts).code == "open-to-all");
}

TEST_CASE("a node that its groups cannot open fails") {
    Facts facts = healthy_orin();
    node_of(facts, "/dev/nvmap").status.mode = 0640;
    CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.code == "closed-to-groups");
    CHECK(result.summary ==
          "Members of video and render cannot open /dev/nvmap: it belongs to root:video with mode 0640");
    facts = healthy_orin();
    node_of(facts, "/dev/nvgpu/igpu0/as") = node("/dev/nvgpu/igpu0/as", "root", 0660);
    result = judged(id, facts);
    CHECK(result.code == "closed-to-groups");
    CHECK(result.summary.find("root:root") != std::string::npos);
}

TEST_CASE("another group will do where the service users are its members") {
    Facts facts = healthy_orin();
    for (DeviceNode& each : facts.device_nodes.value().nodes) {
        each.group = "gpu";
        each.status.gid = 990;
    }
    CHECK(judged(id, facts).code == "closed-to-groups");
    add_user(facts, {"camera", true, {"camera", "gpu"}});
    CHECK(judged(id, facts).code == "ok");
    add_user(facts, {"web", true, {"web"}});
    CHECK(judged(id, facts).code == "closed-to-groups");
}

TEST_CASE("a service user outside the group fails, with the command that adds it") {
    Facts facts = healthy_orin();
    add_user(facts, {"camera", true, {"camera", "video"}});
    add_user(facts, {"root", true, {"root"}});
    CHECK(judged(id, facts).summary == "Members of video can open the GPU's device nodes, among them camera, root");
    add_user(facts, {"web", true, {"web", "render"}});
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "user-not-in-group");
    CHECK(result.remedy.find("sudo usermod -aG video web") != std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("users.users.web.extraGroups = [ \"video\" \"render\" ];") !=
          std::string::npos);
}

TEST_CASE("a service user that does not exist fails") {
    Facts facts = healthy_orin();
    add_user(facts, {"nobody-made-it", false, {}});
    CHECK(judged(id, facts).code == "user-not-there");
}

TEST_CASE("Thor's nvmap is missed here") {
    Facts facts = healthy_thor();
    auto& nodes = facts.device_nodes.value().nodes;
    nodes.erase(std::find_if(nodes.begin(), nodes.end(), [](const DeviceNode& n) { return n.path == "/dev/nvmap"; }));
    CHECK(judged(id, facts).code == "nvmap-missing");
    CHECK(judged(id, facts).status == Status::fail);
}

TEST_CASE("a container's own groups say nothing") {
    Facts facts = healthy_orin();
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
}
