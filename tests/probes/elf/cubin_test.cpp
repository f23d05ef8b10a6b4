// Cubins of both ABIs, and what is none.

#include "probes/elf/cubin.hpp"

#include <doctest/doctest.h>

#include "tests/harness/fatbin_writer.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

CubinHeader header_of(const std::string& cubin) {
    return read_cubin_header(ByteView{cubin}.part(0, cubin_header_size));
}

}  // namespace

TEST_CASE("each ABI keeps the architecture in its own place") {
    const CubinHeader old = header_of(write_cubin({.sm = 87, .abi = 7}));
    CHECK(old.abi == 7);
    CHECK(old.sm == 87);
    CHECK(old.suffix == '\0');
    CHECK_FALSE(old.relocatable);
    const CubinHeader recent = header_of(write_cubin({.sm = 110, .abi = 8, .relocatable = true}));
    CHECK(recent.abi == 8);
    CHECK(recent.sm == 110);
    CHECK(recent.relocatable);
}

TEST_CASE("real headers say what their toolkits were asked for") {
    std::string bytes = write_cubin({});
    const auto flagged = [&](std::uint8_t abi, std::uint32_t flags) {
        bytes[8] = static_cast<char>(abi);
        detail::set(bytes, 48, flags, 4);
        return header_of(bytes);
    };
    CHECK(flagged(7, 0x570557).sm == 87);   // 11.8
    CHECK(flagged(8, 0x6005704).sm == 87);  // 13.0
    CHECK(flagged(8, 0x6006e02).sm == 110);
    CHECK(flagged(7, 0x5a0d5a).suffix == 'a');
    CHECK(flagged(8, 0x6005a0a).suffix == 'a');
}

TEST_CASE("of an ABI that is not known, no architecture is guessed") {
    CHECK(header_of(write_cubin({.abi = 9})).sm == 0);
}

TEST_CASE("a stub has no code") {
    const std::string code = write_cubin({});
    const std::string stub = write_cubin({.code = false});
    CHECK(cubin_has_code(MemorySource(code)));
    CHECK_FALSE(cubin_has_code(MemorySource(stub)));
}

TEST_CASE("the suffix stands in the assembler's note") {
    const auto suffix = [](const char* note) {
        return cubin_suffix_of_note(MemorySource(write_cubin({.abi = 8, .note = note})));
    };
    CHECK(suffix("ptxas -arch sm_110a -m 64") == 'a');
    CHECK(suffix("ptxas -arch sm_100f") == 'f');
    CHECK(suffix("ptxas -arch sm_110 -m 64") == '\0');
    CHECK(suffix("ptxas -arch sm_110") == '\0');
    CHECK(suffix("") == '\0');
}

// ---- flaws, each named for what is wrong ----

TEST_CASE("cubin cut in its header") { CHECK_THROWS_AS((void)read_cubin_header(ByteView{"\177ELF"}), Malformed); }
TEST_CASE("host file in place of a cubin") {
    const std::string bytes = write_shared_object({}).bytes;
    CHECK_THROWS_WITH_AS((void)header_of(bytes), "an ELF file for machine 183, where a cubin has 190", Malformed);
}
TEST_CASE("text in place of a cubin") { CHECK_THROWS_AS((void)header_of(std::string(100, 'x')), Malformed); }
TEST_CASE("32-bit cubin") {
    std::string bytes = write_cubin({});
    bytes[4] = 1;
    CHECK_THROWS_AS((void)header_of(bytes), Malformed);
}
TEST_CASE("cubin whose section table leaves it") {
    std::string bytes = write_cubin({});
    bytes.resize(bytes.size() - 1);
    CHECK_THROWS_AS((void)cubin_has_code(MemorySource(bytes)), Malformed);
}
