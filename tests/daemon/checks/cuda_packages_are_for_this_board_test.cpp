#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "cuda-packages-are-for-this-board";
}

TEST_CASE("Tegra's own build passes, and from CUDA 13 on the one for servers") {
    const CheckResult result = judged(id, orin_with(cuda_set({12, 6}, CudaBuild::tegra)));
    CHECK(result.code == "ok");
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "Of 5 parts of CUDA whose build is recorded, none is for another kind of board");
    CHECK(judged(id, orin_with(cuda_set({13, 2}, CudaBuild::sbsa))).code == "ok");
    CHECK(judged(id, thor_with(cuda_set({13, 2}, CudaBuild::sbsa))).code == "ok");
    CHECK(judged(id, thor_with(cuda_set({12, 9}, CudaBuild::sbsa))).code == "ok");
    CHECK(judged(id, xavier_with(cuda_set({11, 4}, CudaBuild::tegra))).code == "ok");
}

TEST_CASE("a server's build of CUDA before 13 fails on Xavier and Orin") {
    const CheckResult result = judged(id, orin_with(cuda_set({12, 6}, CudaBuild::sbsa)));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "sbsa-build");
    CHECK(result.summary.find("CUDA 12.6 has a build of its own for Orin") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get purge cuda-cudart-12-6 libcublas-12-6") != std::string::npos);
    CHECK(judged(id, xavier_with({part("libcublas", {11, 8}, "11.11.3.6", CudaBuild::sbsa)})).summary ==
          "libcublas-11-8 is built for servers (SBSA), and CUDA 11.8 has a build of its own for Xavier");
}

TEST_CASE("a build that is not recorded never fails") {
    CHECK(judged(id, orin_with(cuda_set({12, 6}))).code == "build-not-recorded");
    CHECK(judged(id, orin_with(cuda_set({12, 6}))).status == Status::not_applicable);
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, {part("libcufft", {12, 6}, "11.2.6.59", CudaBuild::tegra)});
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("profilers, idle compat and cuDNN for another major are not judged by their build") {
    Facts facts = orin_with(cuda_set({13, 2}, CudaBuild::sbsa));
    InstalledComponent cudnn = named("cudnn", "libcudnn9-cuda-12", "9.20.0.46", CudaVersion{12, -1});
    cudnn.build = CudaBuild::sbsa;
    add(facts, {cudnn, part("cuda_compat", {12, 9}, "575.57.08", CudaBuild::sbsa, ComponentKind::compat),
                part("cuda_cupti", {12, 9}, "12.9.79", CudaBuild::sbsa, ComponentKind::tool)});
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("the desktop's build fails everywhere") {
    for (const Facts& facts :
         {orin_with(cuda_set({12, 6}, CudaBuild::desktop)), thor_with(cuda_set({13, 2}, CudaBuild::desktop))}) {
        const CheckResult result = judged(id, facts);
        CHECK(result.status == Status::fail);
        CHECK(result.code == "desktop-build");
        CHECK(result.summary.find("x86-64") != std::string::npos);
    }
}

TEST_CASE("packages for x86-64 beside the board's own are named so that apt takes these, and spoil no other finding") {
    Facts facts = orin_with(cuda_set({12, 6}, CudaBuild::tegra));
    InstalledComponent foreign = part("cuda_cudart", {13, 2}, "13.2.75", CudaBuild::desktop);
    foreign.package += ":amd64";
    add(facts, {foreign});
    CHECK(judged(id, facts).code == "desktop-build");
    CHECK(judged(id, facts).remedy.find("sudo apt-get purge cuda-cudart-13-2:amd64") != std::string::npos);
    CHECK(judged("cuda-packages-agree", facts).code == "ok");
    CHECK(judged("cuda-packages-fit-release", facts).code == "ok");
}

TEST_CASE("a toolkit that came without packages is judged by its folder") {
    Facts facts = orin_with({});
    facts.toolkits.value() = {toolkit({12, 6}, CudaBuild::sbsa)};
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "sbsa-build");
    CHECK(result.remedy.find("sudo rm -r /usr/local/cuda-12.6 &&") != std::string::npos);
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "sbsa-build");
    facts.toolkits.value() = {toolkit({12, 6}, CudaBuild::tegra)};
    CHECK(judged(id, facts).code == "ok");
    // The folder of a set that its packages tell of is not told twice.
    facts = orin_with(cuda_set({12, 6}, CudaBuild::sbsa));
    facts.toolkits.value() = {toolkit({12, 6}, CudaBuild::sbsa)};
    CHECK(judged(id, facts).summary.find("/usr/local") == std::string::npos);
}

TEST_CASE("it does not apply where there is no CUDA or no database, and is open where the SoC is not known") {
    Facts facts = orin_with({});
    CHECK(judged(id, facts).code == "no-cuda-installed");
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    facts.software = missing(Lack::not_understood);
    CHECK(judged(id, facts).code == "not-understood");
    facts = orin_with(cuda_set({12, 6}, CudaBuild::sbsa));
    facts.board.value().soc.reset();
    CHECK(judged_alone(id, facts).status == Status::unknown);
    facts.board = missing(Lack::not_readable);
    CHECK(judged_alone(id, facts).code == "not-readable");
}
