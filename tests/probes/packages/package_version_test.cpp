#include "probes/packages/package_version.hpp"

#include <tuple>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

namespace jetcuda {

TEST_CASE("epoch, revision and what a package was built with are told apart") {
    using Row = std::tuple<const char*, const char*, std::optional<CudaVersion>>;
    for (const auto& [text, upstream, cuda] :
         {Row{"12.6.68-1", "12.6.68", {}}, Row{"1:12.6.68-1", "12.6.68", {}},
          Row{"10.3.0.30-1+cuda12.5", "10.3.0.30", CudaVersion{12, 5}},
          Row{"8.6.0.166-1+cuda11.4", "8.6.0.166", CudaVersion{11, 4}}, Row{"595.58.03-1ubuntu1", "595.58.03", {}},
          Row{"1.11.0~rc.1-1", "1.11.0~rc.1", {}}, Row{"6.2.2+b24", "6.2.2+b24", {}}, Row{"2.4.8", "2.4.8", {}},
          Row{"12.6.68-1-r0", "12.6.68", {}}, Row{"12.6.68-1-r0.3", "12.6.68", {}}, Row{"12.6.68-r0", "12.6.68", {}},
          Row{"1.0-1+cuda", "1.0", {}}, Row{"a:1-2", "a:1", {}}, Row{"-1", "-1", {}}, Row{"", "", {}}}) {
        const std::string_view subject = text;  // clang 14 captures no part of a binding
        CAPTURE(subject);
        const PackageVersion version = parse_package_version(text);
        CHECK(version.upstream == upstream);
        CHECK(version.cuda == cuda);
    }
}

TEST_CASE("the first two numbers name a CUDA set, whatever follows") {
    CHECK(first_two("12.6.68") == CudaVersion{12, 6});
    CHECK(first_two("12.1.20230222") == CudaVersion{12, 1});
    CHECK(first_two("13.2") == CudaVersion{13, 2});
    for (const char* bad : {"", "12", ".", "12.", "a.b.c", "12.x", "99999999.1.2"}) {
        CHECK_FALSE(first_two(bad).has_value());
    }
}

TEST_CASE("no version makes the parser misbehave") {
    for (unsigned seed = 0; seed < 3000; ++seed) {
        (void)parse_package_version(testing::mutated("1:10.3.0.30-1+cuda12.5-r0", seed));
        (void)first_two(testing::random_bytes(seed, 40));
    }
}

}  // namespace jetcuda
