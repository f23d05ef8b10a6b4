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
    CHECK(result.summary == "An NVIDIA container toolkit is installed, but docker and containerd were not told of it");
    CHECK(result.remedy.find("sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker") !=
          std::string::npos);
    CHECK(judged(id, with(true, {{"podman", told(false)}})).remedy.find("nvidia-ctk cdi generate") !=
          std::string::npos);
    Facts nixos = with(true, {{"docker", told(false)}});
    nixos.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, nixos).remedy.find("hardware.nvidia-container-toolkit.enable = true;") != std::string::npos);
}

TEST_CASE("of one engine the sentence speaks as of one, and of three with one and") {
    CHECK(judged(id, with(true, {{"docker", told(false)}})).summary ==
          "An NVIDIA container toolkit is installed, but docker was not told of it");
    CHECK(judged(id, with(true, {{"docker", told(true)}, {"podman", told(true)}, {"crio", told(true)}})).summary ==
          "NVIDIA's container runtime is known to docker, podman and crio");
}

TEST_CASE("on Yocto the runtime is registered by the same program, for meta-tegra has no package that does it") {
    Facts yocto = with(true, {{"docker", told(false)}});
    yocto.distribution = Fact<Distribution>(Distribution::yocto, "/etc/os-release");
    const std::string remedy = judged(id, yocto).remedy;
    CHECK(remedy.find(": nvidia-ctk runtime configure --runtime=docker && systemctl restart docker") !=
          std::string::npos);
    CHECK(remedy.find("nvidia-docker") == std::string::npos);
}

TEST_CASE("docker that cannot start with its settings is told, unless another engine knows the runtime") {
    const std::string why = "/etc/docker/daemon.json is no JSON that docker starts with: line 6";
    const ContainerEngine docker{"docker", Missing{Lack::not_understood, why, "/etc/docker/daemon.json"}, why};
    const CheckResult result = judged(id, with(true, {docker, {"containerd", told(false)}}));
    CHECK(result.code == "settings-broken");
    CHECK(result.status == Status::fail);
    CHECK(result.summary ==
          "docker does not start, and no other container engine was told of NVIDIA's runtime: "
          "/etc/docker/daemon.json is no JSON that docker starts with: line 6");
    CHECK(result.remedy.find("sudo dockerd --validate --config-file /etc/docker/daemon.json") != std::string::npos);
    CHECK(judged(id, with(true, {docker, {"podman", told(true)}})).code == "ok");
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
