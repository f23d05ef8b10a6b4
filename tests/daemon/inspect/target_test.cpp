// Which board an inspection asks about: described by the caller, or this one.

#include "daemon/inspect/target.hpp"

#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"
#include "tests/probes/platform/our_catalog.hpp"

using namespace jetcuda;

namespace {

NamedTarget described(std::optional<std::string> sm, std::optional<std::string> driver,
                      std::optional<std::string> l4t) {
    return described_target({std::move(sm), std::move(driver), std::move(l4t)}, testing::our_catalog());
}

std::string refusal(std::optional<std::string> sm, std::optional<std::string> driver, std::optional<std::string> l4t) {
    try {
        described(std::move(sm), std::move(driver), std::move(l4t));
    } catch (const TargetError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a GPU and a driver are enough, and the driver's release tells which compat there is") {
    const NamedTarget named = described("87", "12.6", std::nullopt);
    CHECK(named.target.sm == 87);
    CHECK(named.target.driver_cuda == CudaVersion{12, 6});
    CHECK(named.target.compat_cuda == std::vector<CudaVersion>{{12, 4}, {12, 5}, {12, 6}, {12, 8}, {12, 9}, {13, 2}});
    CHECK(named.name == "Orin (sm_87) with a driver of CUDA 12.6");
}

TEST_CASE("other people's ways to write a GPU are understood") {
    CHECK(described("sm_110", "13.0", std::nullopt).target.sm == 110);
    CHECK(described("7.2", "11.4", std::nullopt).target.sm == 72);
}

TEST_CASE("a release brings its driver, and its GPU where it is for one only") {
    const NamedTarget named = described(std::nullopt, std::nullopt, "36.5");
    CHECK(named.target.sm == 87);
    CHECK(named.target.driver_cuda == CudaVersion{12, 6});
    CHECK(named.name == "Orin (sm_87) with L4T 36.5.0");
    CHECK(described("72", std::nullopt, "R35.6").target.driver_cuda == CudaVersion{11, 4});
}

TEST_CASE("without a driver the newest release of the GPU counts, and is named") {
    const NamedTarget named = described("72", std::nullopt, std::nullopt);
    CHECK(named.target.driver_cuda == CudaVersion{11, 4});
    CHECK(named.name.find("L4T 35.") != std::string::npos);
}

TEST_CASE("what is no target is refused with the way out") {
    CHECK(refusal("86", "12.6", std::nullopt).find("87 (Orin)") != std::string::npos);
    CHECK(refusal("87", "twelve", std::nullopt).find("12.6") != std::string::npos);
    CHECK(refusal(std::nullopt, "12.6", std::nullopt).find("--sm") != std::string::npos);
    CHECK(refusal(std::nullopt, std::nullopt, "35.6").find("more than one GPU") != std::string::npos);
    CHECK(refusal("110", std::nullopt, "36.5").find("not for Thor") != std::string::npos);
    CHECK(refusal(std::nullopt, std::nullopt, "99.9").find("no such release") != std::string::npos);
    CHECK(refusal(std::nullopt, std::nullopt, "six").find("36.5") != std::string::npos);
}

TEST_CASE("this board is what its facts say, and a measured driver beats the data") {
    Facts facts = testing::healthy_orin();
    const NamedTarget named = target_of(facts);
    CHECK(named.target.sm == 87);
    CHECK(named.target.driver_cuda == CudaVersion{12, 6});
    CHECK(named.target.compat_cuda.size() == 3);
    facts.driver_probe.value().driver_version = 12090;
    CHECK(target_of(facts).target.driver_cuda == CudaVersion{12, 9});
    facts.driver_probe = Missing{};
    facts.reference = Missing{};
    CHECK_FALSE(target_of(facts).target.driver_cuda);
}

TEST_CASE("a machine that is no Jetson has to be told which board is meant") {
    Facts facts = testing::healthy_orin();
    facts.board.value().soc.reset();
    CHECK_THROWS_AS(target_of(facts), TargetError);
}
