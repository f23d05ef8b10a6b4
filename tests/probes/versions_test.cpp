#include "probes/versions.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

namespace jetcuda {

TEST_CASE("an L4T release is read from two or three numbers and nothing else") {
    CHECK(parse_l4t_release("36.5.0") == L4tRelease{36, 5, 0});
    CHECK(parse_l4t_release("36.5") == L4tRelease{36, 5, 0});
    CHECK(parse_l4t_release("35.6.4") == L4tRelease{35, 6, 4});
    for (const char* text : {"", "36", "36.", ".5", "36..0", "36.5.0.1", "36.5.0 ", " 36.5.0", "R36.5.0", "36.5.0-1",
                             "36.-5.0", "+36.5.0", "36.1000000.0", "99999999999.1.1", "36.5.0\n"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_l4t_release(text).has_value());
    }
}

TEST_CASE("releases are ordered by number, not by text") {
    CHECK(L4tRelease{36, 4, 7} < L4tRelease{36, 5, 0});
    CHECK(L4tRelease{36, 10, 0} > L4tRelease{36, 9, 9});
    CHECK(L4tRelease{36, 5, 0}.text() == "36.5.0");
    CHECK(line_text(36) == "R36");
}

TEST_CASE("a CUDA version is read with or without its patch") {
    CHECK(parse_cuda_version("12.6") == CudaVersion{12, 6});
    CHECK(parse_cuda_version("12.6.68") == CudaVersion{12, 6});
    CHECK_FALSE(parse_cuda_version("12").has_value());
    CHECK_FALSE(parse_cuda_version("12.6.68.1.1").has_value());
    CHECK_FALSE(parse_cuda_version("12.x").has_value());
}

TEST_CASE("the driver's encoding of a CUDA version goes both ways") {
    CHECK(CudaVersion::from_api(12060) == CudaVersion{12, 6});
    CHECK(CudaVersion::from_api(11040).text() == "11.4");
    CHECK(CudaVersion{13, 2}.api() == 13020);
    CHECK(CudaVersion{12, 10} > CudaVersion{12, 9});
}

TEST_CASE("a compute capability knows its sm number") {
    CHECK(Capability::from_sm(87) == Capability{8, 7});
    CHECK(Capability::from_sm(110) == Capability{11, 0});
    CHECK(Capability{11, 0}.sm() == 110);
    CHECK(Capability{7, 2}.text() == "7.2");
}

TEST_CASE("no text makes the parsers misbehave, and what they accept they write again") {
    for (unsigned seed = 0; seed < 4000; ++seed) {
        for (const std::string& text : {testing::random_bytes(seed, 24), testing::mutated("36.5.0", seed)}) {
            if (const auto release = parse_l4t_release(text)) {
                CHECK(parse_l4t_release(release->text()) == release);
            }
            if (const auto version = parse_cuda_version(text)) {
                CHECK(parse_cuda_version(version->text()) == version);
            }
        }
    }
}

}  // namespace jetcuda
