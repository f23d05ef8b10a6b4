#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "cuda-packages-agree";
}

TEST_CASE("one whole set passes, whatever numbers its libraries have of their own") {
    const CheckResult result = judged(id, orin_with(cuda_set({12, 6})));
    CHECK(result.code == "ok");
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "The installed CUDA libraries are one set, of 12.6");
    CHECK(judged(id, xavier_with(cuda_set({11, 4}))).code == "ok");
    CHECK(judged(id, thor_with(cuda_set({13, 2}, CudaBuild::sbsa))).code == "ok");
}

TEST_CASE("whole sets side by side pass, as an update leaves them") {
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, cuda_set({12, 9}));
    add(facts, cuda_set({13, 0}));
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "side-by-side");
    CHECK(result.status == Status::pass);
    CHECK(result.summary == "Whole sets of CUDA 12.6, 12.9 and 13.0 are installed side by side");
}

TEST_CASE("a library of another minor version works with the cudart of its major, and is told") {
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, {part("libcublas", {12, 9}, "12.9.1.4")});
    CHECK(judged(id, facts).code == "minors-mixed");
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("an update of a part of the set is told, and one of the whole set is none") {
    Facts facts = orin_with(cuda_set({12, 6}));
    facts.software.value().components[1].version = "12.6.4.1";
    CHECK(judged(id, facts).code == "updates-mixed");
    CHECK(judged(id, facts).status == Status::pass);
    for (InstalledComponent& component : facts.software.value().components) component.version = "12.6.77";
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("libraries without a cudart are for programs that bring their own") {
    CHECK(judged(id, orin_with({part("libcublas", {12, 6}, "12.6.1.4")})).code == "no-cudart");
    Facts facts = thor_with(cuda_set({13, 2}));
    add(facts, {part("libcublas", {12, 6}, "12.6.1.4")});
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "no-cudart");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("CUDA 12.6 ") != std::string::npos);
}

TEST_CASE("cudart of one major and all other libraries of another is a torn set") {
    const std::vector<InstalledComponent> torn = {part("cuda_cudart", {12, 6}, "12.6.68"),
                                                  part("libcublas", {13, 0}, "13.0.0.19")};
    const CheckResult result = judged(id, orin_with(torn));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "torn");
    CHECK(result.summary ==
          "cudart is of CUDA 12.6, but the other libraries (libcublas-13-0) are of 13.0: no program gets both");
    CHECK(result.remedy.find("sudo apt-get install cuda-libraries-12-6 && sudo apt-get purge libcublas-13-0") !=
          std::string::npos);
    // A store holds what each program was built with; a program of it may have its cudart inside.
    CHECK(judged(id, on_nixos(orin_with(torn))).status == Status::pass);
}

TEST_CASE("where the torn set is JetPack's own, its cudart is what is missing") {
    const CheckResult result =
        judged(id, orin_with({part("cuda_cudart", {11, 4}, "11.4.298"), part("libcublas", {12, 6}, "12.6.1.4")}));
    CHECK(result.code == "torn");
    CHECK(result.remedy.find("sudo apt-get install cuda-cudart-12-6") != std::string::npos);
    CHECK(result.remedy.find("purge") == std::string::npos);
}

TEST_CASE("cuSPARSE that is newer than every libnvJitLink of its major lacks its symbols") {
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, {part("cuda_cudart", {12, 9}, "12.9.79"), part("libcusparse", {12, 9}, "12.5.10.65")});
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "nvjitlink-older");
    CHECK(result.summary.find("libcusparse-12-9") != std::string::npos);
    CHECK(result.summary.find("libnvjitlink-12-6") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get install libnvjitlink-12-9") != std::string::npos);
    add(facts, {part("libnvjitlink", {12, 9}, "12.9.86")});
    CHECK(judged(id, facts).code == "side-by-side");
}

TEST_CASE("CUDA 11 has no libnvJitLink and needs none") {
    Facts facts = xavier_with(cuda_set({11, 4}));
    add(facts, cuda_set({12, 2}));
    CHECK(judged(id, facts).code == "side-by-side");
}

TEST_CASE("an installation that broke off fails under its own code") {
    Facts facts = orin_with(cuda_set({12, 6}));
    InstalledComponent& cublas = facts.software.value().components[1];
    cublas.configured = false;
    cublas.state = "unpacked";
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "not-configured");
    CHECK(result.summary == "The installation of libcublas-12-6 was not finished (unpacked)");
    CHECK(result.remedy.find("sudo dpkg --configure -a") != std::string::npos);
    cublas.state = "config-files";
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("what is no part of CUDA's sets is no business of this check") {
    Facts facts = orin_with(cuda_set({12, 6}));
    InstalledComponent engine = named("nvidia_container_toolkit", "nvidia-container-toolkit", "1.16.2", {});
    engine.kind = ComponentKind::tool;
    engine.configured = false;
    engine.state = "half-configured";
    add(facts,
        {engine, named("tensorrt", "libnvinfer10", "10.3.0.30", CudaVersion{12, 5}),
         named("cudnn", "libcudnn9-cuda-13", "9.3.0.75", CudaVersion{13, -1}), named("vpi", "libnvvpi3", "3.2.4", {})});
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("a default link that leads nowhere fails; one to a toolkit that came without packages does not") {
    Facts facts = orin_with(cuda_set({12, 6}));
    facts.toolkits.value() = {toolkit({12, 6}, CudaBuild::tegra, true)};
    CHECK(judged(id, facts).code == "ok");
    facts.toolkits.value() = {toolkit({12, 9}, CudaBuild::tegra, true)};
    CHECK(judged(id, facts).code == "ok");
    Toolkit link;
    link.directory = "/usr/local/cuda";
    link.is_default = true;
    link.there = false;
    facts.toolkits.value() = {link};
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "default-link-broken");
    CHECK(result.status == Status::fail);
    CHECK(result.summary == "/usr/local/cuda is a link that leads nowhere, and installed is CUDA 12.6");
    CHECK(result.remedy.find("sudo update-alternatives --auto cuda") != std::string::npos);
    CHECK(judged(id, on_nixos(facts)).code == "ok");
    CHECK(judged(id, orin_with({})).code == "no-cuda-installed");
}

TEST_CASE("a NixOS closure holds the sets of its programs") {
    Facts facts = on_nixos(orin_with(cuda_set({12, 8})));
    CHECK(judged(id, facts).code == "ok");
    add(facts, cuda_set({12, 9}));
    add(facts, {part("libcusparse", {13, 0}, "12.6.2.49")});
    CHECK(judged(id, facts).code == "side-by-side");
}

TEST_CASE("compilers alone are no set, and a cudart without a set in its name tells it by its version") {
    CHECK(
        judged(id, orin_with({part("cuda_nvcc", {13, 0}, "13.0.48", CudaBuild::sbsa, ComponentKind::compiler)})).code ==
        "no-cuda-installed");
    CHECK(judged(id, orin_with({})).status == Status::not_applicable);
    CHECK(judged(id, orin_with({named("cuda_cudart", "cuda-cudart", "12.6.68", {})})).code == "ok");
}

TEST_CASE("without a package database it does not apply, and an unreadable one leaves it open") {
    Facts facts = orin_with({});
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.software = missing(Lack::not_readable);
    CHECK(judged(id, facts).status == Status::unknown);
}
