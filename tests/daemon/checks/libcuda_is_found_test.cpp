#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "libcuda-is-found";
}

TEST_CASE("a libcuda that the loader finds passes, also one that is linked at boot") {
    Facts facts = healthy_orin();
    CHECK(judged(id, facts).summary == "The loader finds libcuda.so.1: /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1");
    facts.libcuda.value().linked_at_boot = true;
    CHECK(judged(id, facts).code == "linked-at-boot");
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("none fails with the remedy of the distribution and the release") {
    Facts facts = healthy_orin();
    facts.libcuda = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "not-found");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).remedy.find("sudo apt-get install --reinstall nvidia-l4t-cuda &&") != std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("hardware.graphics.enable = true;") != std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::yocto, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("tegra-libraries-cuda") != std::string::npos);
}

TEST_CASE("on R39 a service links it, unless the system is at rest") {
    Facts facts = healthy_thor();
    facts.libcuda = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "not-linked-yet");
    CHECK(judged(id, facts).remedy.find("nvidia-l4t-cuda-openrm") != std::string::npos);
    CHECK(judged(id, facts).remedy.find("systemctl restart nv-load-gpu-libs.service") != std::string::npos);
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "not-found");
}

TEST_CASE("in a container the host's is missing") {
    Facts facts = healthy_thor();
    facts.libcuda = missing(Lack::not_there);
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "not-passed-to-container");
}

TEST_CASE("one that cannot be read is unknown") {
    Facts facts = healthy_orin();
    facts.libcuda = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("one that lies in its place and that the cache does not lead to is not found") {
    Facts facts = healthy_orin();
    LibcudaSearch& search = facts.libcuda_search.value();
    search.plain = {};
    search.after_ldconfig = LoaderAnswer{"a program", facts.libcuda->path, facts.libcuda->real_path, {}};
    CHECK(judged(id, facts).code == "not-in-search");
    CHECK(judged(id, facts).remedy.find("sudo ldconfig") != std::string::npos);
    search.after_ldconfig.reset();
    CHECK(judged(id, facts).code == "folder-not-configured");
    CHECK(judged(id, facts).remedy.find("echo /usr/lib/aarch64-linux-gnu/nvidia | sudo tee") != std::string::npos);

    // A file at which the loader ends with an error was found; what it is, another check says.
    search.plain.steps = {{"/etc/ld.so.cache", facts.libcuda->path, LoaderStep::Outcome::no_library}};
    CHECK(judged(id, facts).code == "ok");
    search.plain.steps.clear();
    // Without a cache, in an image, in a container and on NixOS the search proves nothing.
    search.cache_read = false;
    CHECK(judged(id, facts).code == "ok");
    search.cache_read = true;
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "ok");
    facts.scope.at_rest = false;
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "ok");
    facts.scope.in_container = false;
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("one that ldconfig does not enter for what it is was found: the configuration is not to blame") {
    Facts facts = healthy_orin();
    facts.libcuda_search.value().plain = {};
    facts.libcuda.value().machine = ElfMachine::x86_64;
    CHECK(judged(id, facts).code == "ok");
    CHECK(judged("libcuda-is-genuine", facts).code == "other-machine");
    facts.libcuda.value().machine = ElfMachine::aarch64;
    facts.libcuda.value().elf = false;
    facts.libcuda.value().size = 0;
    CHECK(judged(id, facts).code == "ok");
    CHECK(judged("libcuda-is-genuine", facts).code == "empty");
}
