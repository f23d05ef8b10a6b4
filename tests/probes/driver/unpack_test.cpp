// Packed modules: each kind is unpacked whole, and damage and bombs end in Malformed.

#include "probes/driver/unpack.hpp"

#include <doctest/doctest.h>

#include "probes/elf/bytes.hpp"
#include "tests/harness/packing.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const Packing kinds[] = {Packing::gzip, Packing::xz, Packing::zstd};

}  // namespace

TEST_CASE("what was packed comes back") {
    const std::string text = random_bytes(7, 100'000) + std::string(900'000, 'a');
    for (const Packing kind : kinds) {
        const std::string packed = packed_as(kind, text);
        CHECK(packing_of(packed) == kind);
        CHECK(unpack(packed, kind, 2'000'000) == text);
    }
    CHECK(packing_of("\177ELF") == Packing::none);
    CHECK(packing_of("") == Packing::none);
    CHECK(unpack("as it is", Packing::none, 100) == "as it is");
}

TEST_CASE("a few bytes that stand for many end at the limit") {
    const std::string many(3'000'000, '\0');
    for (const Packing kind : kinds) {
        CHECK_THROWS_WITH_AS((void)unpack(packed_as(kind, many), kind, 1'000'000), doctest::Contains("more than"),
                             Malformed);
    }
}

TEST_CASE("cut and mutated data throw or unpack, and never hang") {
    const std::string text = std::string(2000, 'a') + random_bytes(3, 2000);
    for (const Packing kind : kinds) {
        const std::string packed = packed_as(kind, text);
        for (std::size_t length = 0; length < packed.size(); length += 97) {
            CHECK_THROWS_AS((void)unpack(packed.substr(0, length), kind, 100'000), Malformed);
        }
        int damaged = 0;
        for (unsigned seed = 0; seed < 300; ++seed) {
            std::string unpacked;
            try {
                unpacked = unpack(mutated(packed, seed), kind, 100'000);
            } catch (const Malformed&) {
                ++damaged;
            }
            CHECK(unpacked.size() <= 100'000);
        }
        CHECK(damaged > 40);
    }
}
