#include "probes/catalog/name_pattern.hpp"

#include <string>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

namespace jetcuda {

TEST_CASE("a name matches as a whole") {
    CHECK(match_name("libcuda1", "libcuda1"));
    CHECK_FALSE(match_name("libcuda1", "libcuda1-i386"));
    CHECK_FALSE(match_name("libcuda1", "libcuda"));
    CHECK_FALSE(match_name("libcuda1", ""));
    CHECK_FALSE(match_name("", "x"));
}

TEST_CASE("marks take numbers, and say which CUDA set they name") {
    const auto cudart = match_name("cuda-cudart-{cuda}", "cuda-cudart-12-6");
    REQUIRE(cudart);
    CHECK(cudart->cuda == CudaVersion{12, 6});
    CHECK_FALSE(match_name("cuda-cudart-{cuda}", "cuda-cudart-dev-12-6"));
    CHECK_FALSE(match_name("cuda-cudart-{cuda}", "cuda-cudart-12"));
    CHECK_FALSE(match_name("cuda-cudart-{cuda}", "cuda-cudart-12-"));
    CHECK_FALSE(match_name("cuda-cudart-{cuda}", "cuda-cudart-1234567-6"));
    CHECK_FALSE(match_name("cuda-cudart-{cuda}", "cuda-cudart-99999999999999999999-6"));
    const auto config = match_name("cuda-toolkit-{cuda}-config-common", "cuda-toolkit-12-6-config-common");
    REQUIRE(config);
    CHECK(config->cuda == CudaVersion{12, 6});
    const auto cudnn = match_name("libcudnn{n}-cuda-{major}", "libcudnn9-cuda-13");
    REQUIRE(cudnn);
    CHECK(cudnn->cuda == CudaVersion{13, -1});
    const auto plain = match_name("libcudnn{n}", "libcudnn8");
    REQUIRE(plain);
    CHECK_FALSE(plain->cuda.has_value());
    CHECK_FALSE(match_name("libcudnn{n}", "libcudnn8-dev"));
}

TEST_CASE("a star takes any text, and tries further where the rest does not fit") {
    CHECK(match_name("nvidia-l4t-*", "nvidia-l4t-core"));
    CHECK_FALSE(match_name("nvidia-l4t-*", "nvidia-l4-core"));
    CHECK(match_name("cupva-*-l4t", "cupva-2.3-l4t"));
    CHECK(match_name("*", ""));
    CHECK(match_name("*-l4t-*-x", "a-l4t-l4t-b-x"));
    CHECK_FALSE(match_name("*-l4t-*-x", "a-l4t-l4t-b-y"));
    CHECK(match_name("linux-modules-nvidia-{n}-*", "linux-modules-nvidia-580-open-generic"));
    CHECK_FALSE(match_name("linux-modules-nvidia-{n}-*", "linux-modules-nvidia-fs-generic"));
}

TEST_CASE("patterns of the data hold nothing but names and marks") {
    for (const char* good : {"cuda-cudart-{cuda}", "libcudnn{n}-cuda-{major}", "a*", "libstdc++6", "vpi{n}"}) {
        CHECK(is_name_pattern(good));
    }
    for (const char* bad : {"", "a{", "{x}", "a b", "(a)?", "[0-9]", "a}"}) CHECK_FALSE(is_name_pattern(bad));
}

TEST_CASE("no name makes matching slow or wrong") {
    const std::string many(511, 'a');
    CHECK_FALSE(match_name("*a*a*a*a*a*a*a*a*a*b", many));
    CHECK_FALSE(match_name("*", std::string(100'000, 'a')));
    for (unsigned seed = 0; seed < 3000; ++seed) {
        const std::string name = testing::mutated("libcudnn9-dev-cuda-12", seed);
        const auto match = match_name("libcudnn{n}-dev-cuda-{major}", name);
        if (match) CHECK(match->cuda.has_value());
        (void)match_name("*{n}*{cuda}*", testing::random_bytes(seed, 300));
    }
}

}  // namespace jetcuda
