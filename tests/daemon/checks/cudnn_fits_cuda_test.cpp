#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "cudnn-fits-cuda";

InstalledComponent cudnn(const std::string& package, const std::string& version, std::optional<CudaVersion> cuda) {
    return named("cudnn", package, version, cuda);
}

Facts orin_with_cudnn(const std::vector<InstalledComponent>& libraries) {
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, libraries);
    return facts;
}
}  // namespace

TEST_CASE("the release's own cuDNN, for the installed CUDA, passes") {
    const CheckResult result =
        judged(id, orin_with_cudnn({cudnn("libcudnn9-cuda-12", "9.3.0.75", CudaVersion{12, -1})}));
    CHECK(result.code == "ok");
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "cuDNN 9.3.0.75, the one that this release brings, is built for the installed CUDA");
    Facts xavier = xavier_with(cuda_set({11, 4}));
    add(xavier, {cudnn("libcudnn8", "8.6.0.166", CudaVersion{11, 4})});
    CHECK(judged(id, xavier).code == "ok");
    // A build for an older minor version serves the major.
    Facts newer = orin_with(cuda_set({12, 9}));
    add(newer, {cudnn("libcudnn9-cuda-12", "9.3.0.75", CudaVersion{12, 5})});
    CHECK(judged(id, newer).code == "ok");
}

TEST_CASE("another version for the right CUDA passes under its own code") {
    const CheckResult result =
        judged(id, orin_with_cudnn({cudnn("libcudnn9-cuda-12", "9.12.0.46", CudaVersion{12, -1})}));
    CHECK(result.code == "other-version");
    CHECK(result.status == Status::pass);
    CHECK(result.summary == "cuDNN 9.12.0.46 is built for the installed CUDA 12.6; this release brings 9.3.0.75");
}

TEST_CASE("without a pin, and on NixOS where other pins hold, only the CUDA counts") {
    Facts facts = orin_with_cudnn({cudnn("libcudnn9-cuda-12", "9.12.0.46", CudaVersion{12, -1})});
    CHECK(judged(id, on_nixos(facts)).code == "fits-cuda");
    facts.reference.value().cudnn.reset();
    CHECK(judged(id, facts).code == "fits-cuda");
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "fits-cuda");
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("builds for two majors are right as long as one fits") {
    Facts facts = thor_with(cuda_set({13, 2}));
    add(facts, {cudnn("libcudnn9-cuda-12", "9.20.0.46", CudaVersion{12, -1}),
                cudnn("libcudnn9-cuda-13", "9.20.0.46", CudaVersion{13, -1})});
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("a build for another major fails") {
    const CheckResult result =
        judged(id, orin_with_cudnn({cudnn("libcudnn9-cuda-13", "9.20.0.46", CudaVersion{13, -1})}));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "other-cuda");
    CHECK(result.summary == "cuDNN 9.20.0.46 (libcudnn9-cuda-13) is built for CUDA 13, but installed is CUDA 12.6");
    CHECK(result.remedy.find("sudo apt-get purge libcudnn9-cuda-13 && ") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get install nvidia-cudnn") != std::string::npos);
    // JetPack 5's package of it has another name.
    Facts xavier = xavier_with(cuda_set({11, 4}));
    add(xavier, {cudnn("libcudnn8", "8.9.4.25", CudaVersion{12, 2})});
    CHECK(judged(id, xavier).remedy.find("sudo apt-get install nvidia-cudnn8") != std::string::npos);
    Facts nixos = on_nixos(orin_with_cudnn({cudnn("cuda11.4-cudnn-8.6.0.166", "8.6.0.166", CudaVersion{11, 4})}));
    CHECK(judged(id, nixos).code == "other-cuda");
}

TEST_CASE("what is not recorded, or not there to compare with, does not apply") {
    CHECK(judged(id, orin_with_cudnn({cudnn("libcudnn8", "8.9.4", {})})).code == "build-not-recorded");
    CHECK(judged(id, orin_with_cudnn({})).code == "not-installed");
    const InstalledComponent headers =
        named("cudnn", "libcudnn9-dev-cuda-13", "9.20.0.46", CudaVersion{13, -1}, ComponentKind::development);
    CHECK(judged(id, orin_with_cudnn({headers})).code == "not-installed");
    Facts facts = orin_with({cudnn("libcudnn9-cuda-12", "9.3.0.75", CudaVersion{12, -1})});
    CHECK(judged(id, facts).code == "no-cuda-installed");
    CHECK(judged(id, facts).status == Status::not_applicable);
    // CUDA that came without packages counts.
    facts.toolkits.value() = {toolkit({12, 6}, CudaBuild::tegra)};
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("an installation that broke off fails under its own code") {
    InstalledComponent library = cudnn("libcudnn9-cuda-12", "9.3.0.75", CudaVersion{12, -1});
    library.configured = false;
    library.state = "half-configured";
    const CheckResult result = judged(id, orin_with_cudnn({library}));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "not-configured");
    library.state = "config-files";
    CHECK(judged(id, orin_with_cudnn({library})).code == "not-installed");
}

TEST_CASE("without a package database it does not apply, and an unreadable one leaves it open") {
    Facts facts = orin_with_cudnn({});
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    facts.software = missing(Lack::not_asked);
    CHECK(judged(id, facts).status == Status::unknown);
}
