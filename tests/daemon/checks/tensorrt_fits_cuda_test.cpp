#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "tensorrt-fits-cuda";

// libnvinfer10 and its companions, of one version, built with one CUDA version.
std::vector<InstalledComponent> tensorrt(const std::string& version, std::optional<CudaVersion> cuda,
                                         const std::string& number = "10") {
    return {named("tensorrt", "libnvinfer" + number, version, cuda),
            named("tensorrt", "libnvinfer-plugin" + number, version, cuda),
            named("tensorrt", "libnvonnxparsers" + number, version, cuda)};
}

Facts orin_with_tensorrt(const std::vector<InstalledComponent>& libraries) {
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, libraries);
    return facts;
}
}  // namespace

TEST_CASE("JetPack 6.2's TensorRT, built one minor version below its CUDA, is right") {
    const CheckResult result = judged(id, orin_with_tensorrt(tensorrt("10.3.0.30", CudaVersion{12, 5})));
    CHECK(result.code == "ok");
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "TensorRT 10.3.0.30, the one that this release brings, is built for the installed CUDA");
}

TEST_CASE("a version that is written shorter is the same") {
    Facts facts = xavier_with(cuda_set({11, 4}));
    add(facts, tensorrt("8.5.2.2", CudaVersion{11, 4}, "8"));
    CHECK(judged(id, facts).code == "ok");
    facts.software.value().components.back().version = "8.5.2";
    CHECK(judged(id, facts).code == "ok");
    facts.software.value().components.back().version = "8.5.21";
    CHECK(judged(id, facts).code == "versions-differ");
}

TEST_CASE("another version for the right CUDA passes, and on NixOS only the CUDA counts") {
    Facts facts = orin_with_tensorrt(tensorrt("10.7.0.23", CudaVersion{12, 6}));
    CHECK(judged(id, facts).code == "other-version");
    CHECK(judged(id, facts).status == Status::pass);
    CHECK(judged(id, on_nixos(facts)).code == "fits-cuda");
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "fits-cuda");
}

TEST_CASE("a build for another major fails") {
    const CheckResult result = judged(id, orin_with_tensorrt(tensorrt("10.16.2.10", CudaVersion{13, 2})));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "other-cuda");
    CHECK(result.summary.find("is built for CUDA 13.2, but installed is CUDA 12.6") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get install nvidia-tensorrt") != std::string::npos);
}

TEST_CASE("libraries of two versions of one major fail, and two majors stand side by side") {
    std::vector<InstalledComponent> libraries = tensorrt("10.3.0.30", CudaVersion{12, 5});
    libraries[1].version = "10.7.0.23";
    const CheckResult result = judged(id, orin_with_tensorrt(libraries));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "versions-differ");
    CHECK(result.summary.find("10.7.0.23 (libnvinfer-plugin10)") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get install libnvinfer10 libnvinfer-plugin10") != std::string::npos);

    Facts facts = orin_with_tensorrt(tensorrt("10.3.0.30", CudaVersion{12, 5}));
    add(facts, tensorrt("8.6.2.3", CudaVersion{12, 2}, "8"));
    CHECK(judged(id, facts).status == Status::pass);
    CHECK(judged(id, on_nixos(orin_with_tensorrt(libraries))).status == Status::pass);
}

TEST_CASE("what is not recorded, or not there to compare with, does not apply") {
    CHECK(judged(id, orin_with_tensorrt({})).code == "not-installed");
    CHECK(judged(id, orin_with_tensorrt(tensorrt("10.3.0.30", {}))).code == "build-not-recorded");
    CHECK(judged(id, orin_with(tensorrt("10.3.0.30", CudaVersion{12, 5}))).code == "no-cuda-installed");
    CHECK(judged(id, orin_with_tensorrt(
                         {named("tensorrt", "tensorrt", "10.3.0.30", CudaVersion{12, 5}, ComponentKind::meta)}))
              .code == "not-installed");
}

TEST_CASE("an installation that broke off fails under its own code, before versions are compared") {
    std::vector<InstalledComponent> libraries = tensorrt("10.3.0.30", CudaVersion{12, 5});
    libraries[1].version = "10.7.0.23";
    libraries[1].configured = false;
    libraries[1].state = "unpacked";
    const CheckResult result = judged(id, orin_with_tensorrt(libraries));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "not-configured");
    CHECK(result.summary == "The installation of libnvinfer-plugin10 was not finished (unpacked)");
}

TEST_CASE("without a package database it does not apply, and an unreadable one leaves it open") {
    Facts facts = orin_with_tensorrt({});
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    facts.software = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
}
