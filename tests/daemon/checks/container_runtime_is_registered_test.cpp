#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "container-runtime-is-registered";

Fact<bool> told(bool yes) { return {yes, yes ? "/etc/docker/daemon.json" : "/etc/containerd/config.toml"}; }

Facts with(bool toolkit, const std::vector<ContainerEngine>& engines) {
    Facts facts = healthy_orin();
    Containers containers;
    containers.toolkit = toolkit;
    containers.toolkit_source = "/usr/bin/nvidia-ctk";
    containers.engines = engines;
    facts.containers = Fact<Containers>(containers, "/etc/cdi");
    return facts;
}
}  // namespace

TEST_CASE("one engine that knows it is enough") {
    const CheckResult result = judged(id, with(true, {{"docker", told(true)}, {"containerd", told(false)}}));
    CHECK(result.code == "ok");
    CHECK(result.summary == "NVIDIA's container runtime is known to docker");
    CHECK(judged(id, with(true, {{"podman", told(true)}, {"crio", missing(Lack::not_readable)}})).code == "ok");
}

TEST_CASE("none that knows it fails with the command for the first") {
    const CheckResult result = judged(id, with(true, {{"docker", told(false)}, {"containerd", told(false)}}));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "not-registered");
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "An NVIDIA container toolkit is installed, and docker, containerd was not told of it");
    CHECK(result.remedy.find("sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker") !=
          std::string::npos);
    CHECK(judged(id, with(true, {{"podman", told(false)}})).remedy.find("nvidia-ctk cdi generate") !=
          std::string::npos);
    Facts nixos = with(true, {{"docker", told(false)}});
    nixos.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, nixos).remedy.find("hardware.nvidia-container-toolkit.enable = true;") != std::string::npos);
}

TEST_CASE("without a toolkit or an engine there is nothing to register") {
    CHECK(judged(id, with(false, {{"docker", told(false)}})).code == "no-toolkit");
    CHECK(judged(id, with(true, {})).code == "no-engine");
    CHECK(judged(id, with(true, {})).status == Status::not_applicable);
}

TEST_CASE("settings that may not be read leave it open") {
    CHECK(judged(id, with(true, {{"docker", missing(Lack::not_readable)}, {"containerd", told(false)}})).code ==
          "not-readable");
    Facts facts = healthy_orin();
    facts.containers = missing(Lack::not_understood);
    CHECK(judged(id, facts).status == Status::unknown);
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
}
