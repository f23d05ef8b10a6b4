// The note of a compat libcuda: as NVIDIA writes it, and spoilt in every way.

#include "probes/compat/compat_note.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string section_name = ".note.cuda.fwd_compatibility";
const std::string owner = "NVIDIA Corporation";

// Payloads of published files.
const std::string of_575 = R"({"format": 1, "CUDA version": "12.9", "driver": [535, 550, 560, 565, 570, 575], )"
                           R"("device": [1, 2, 7, 8, 9, 10, 11, 12, 13, 14]})";
const std::string of_orin = R"({"format": 1, "CUDA version": "13.2"})";

std::string header(std::uint32_t owner_size, std::uint32_t payload_size, std::uint32_t type = 1) {
    std::string bytes;
    detail::put(bytes, owner_size, 4);
    detail::put(bytes, payload_size, 4);
    detail::put(bytes, type, 4);
    return bytes;
}

std::string owner_bytes() {
    std::string bytes = owner;
    bytes.resize(20);  // with its NUL, padded to four
    return bytes;
}

WrittenElf library_with(const std::string& section) {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.needed = {"libc.so.6"};
    recipe.exports = {"cuInit"};
    recipe.sections = {{section_name, section}};
    return write_shared_object(recipe);
}

Fact<CompatNote> note_in(const std::string& section) {
    const WrittenElf file = library_with(section);
    const MemorySource source(file.bytes);
    return read_compat_note(ElfFile(source), "/compat/libcuda.so.1.1");
}

}  // namespace

TEST_CASE("the notes that NVIDIA publishes are understood") {
    const Fact<CompatNote> full = note_in(detail::note(owner, 1, of_575));
    REQUIRE(full.known());
    CHECK(full->cuda == CudaVersion{12, 9});
    CHECK(full->drivers == std::vector<int>{535, 550, 560, 565, 570, 575});
    CHECK(full->devices.size() == 10);
    CHECK(full.source() == "/compat/libcuda.so.1.1, section " + section_name);

    const Fact<CompatNote> orin = note_in(detail::note(owner, 1, of_orin));
    REQUIRE(orin.known());
    CHECK(orin->cuda == CudaVersion{13, 2});
    CHECK(orin->drivers.empty());
}

TEST_CASE("a note that claims more bytes than its section holds is read as far as it goes") {
    const Fact<CompatNote> note =
        note_in(header(19, static_cast<std::uint32_t>(of_orin.size()) + 2) + owner_bytes() + of_orin);
    REQUIRE(note.known());
    CHECK(note->cuda == CudaVersion{13, 2});
    CHECK(note_in(header(19, 0xffffffff) + owner_bytes() + of_orin).known());
}

TEST_CASE("NULs behind the payload, other notes before it and keys of a later form do no harm") {
    CHECK(note_in(detail::note(owner, 1, of_orin + std::string(3, '\0'))).known());
    CHECK(note_in(detail::note("GNU", 3, "0123") + detail::note(owner, 1, of_orin)).known());
    CHECK(note_in(detail::note(owner, 1, R"({"format": 1, "CUDA version": "13.5", "new": {"a": []}})")).known());
    CHECK(note_in(detail::note(owner, 1, R"({"format": 1})")).known());
}

TEST_CASE("a library without the section has no note") {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    const WrittenElf file = write_shared_object(recipe);
    const MemorySource source(file.bytes);
    CHECK(read_compat_note(ElfFile(source), "/compat/libcuda.so.1.1").lacks(Lack::not_there));
}

TEST_CASE("a malformed note is not understood, and says why") {
    const auto json = [](const std::string& payload) { return detail::note(owner, 1, payload); };
    const std::vector<std::pair<std::string, std::string>> spoilt = {
        {"empty section", ""},
        {"header cut", header(19, 10).substr(0, 7)},
        {"header alone", header(19, 10)},
        {"owner longer than the section", header(0xffffffff, 4) + owner_bytes()},
        {"owner of someone else", detail::note("NVIDIA Corp", 1, of_orin)},
        {"owner empty", detail::note("", 1, of_orin)},
        {"payload empty", json("")},
        {"payload of NULs", json(std::string(40, '\0'))},
        {"trailing comma", json(R"({"format": 1, "CUDA version": "12.9", "driver": [535, 550,],})")},
        {"cut in the middle", json(of_575.substr(0, 50))},
        {"text behind the object", json(of_orin + " x")},
        {"no object", json("[1, 2]")},
        {"a number", json("12.9")},
        {"key twice", json(R"({"format": 1, "format": 1, "CUDA version": "12.9"})")},
        {"no UTF-8", json("{\"format\": 1, \"CUDA version\": \"\xff\xfe\"}")},
        {"nested without end", json(std::string(5000, '['))},
        {"no format", json(R"({"CUDA version": "12.9"})")},
        {"format of the future", json(R"({"format": 2, "CUDA version": "12.9"})")},
        {"format as text", json(R"({"format": "1", "CUDA version": "12.9"})")},
        {"format beyond any integer", json(R"({"format": 123456789012345678901234567890})")},
        {"version as number", json(R"({"format": 1, "CUDA version": 12.9})")},
        {"version without minor", json(R"({"format": 1, "CUDA version": "12"})")},
        {"version of words", json(R"({"format": 1, "CUDA version": "newest"})")},
        {"version with huge numbers", json(R"({"format": 1, "CUDA version": "99999999999.1"})")},
        {"driver no list", json(R"({"format": 1, "CUDA version": "12.9", "driver": 535})")},
        {"driver of texts", json(R"({"format": 1, "CUDA version": "12.9", "driver": ["535"]})")},
        {"driver negative", json(R"({"format": 1, "CUDA version": "12.9", "driver": [-1]})")},
        {"driver with a fraction", json(R"({"format": 1, "CUDA version": "12.9", "driver": [535.5]})")},
        {"device no list", json(R"({"format": 1, "CUDA version": "12.9", "device": {}})")},
        {"section without measure", std::string(70'000, ' ')},
    };
    for (const auto& [flaw, section] : spoilt) {
        CAPTURE(flaw);
        const Fact<CompatNote> note = note_in(section);
        CHECK(note.lacks(Lack::not_understood));
        if (!note.known()) CHECK(note.missing().why.find("cannot be understood: ") != std::string::npos);
    }
}

TEST_CASE("a section header that lies about place, size or alignment ends in not-understood, never worse") {
    const WrittenElf good = library_with(detail::note(owner, 1, of_575));
    const std::size_t headers = good.places.at("section headers");
    // Each header has 64 bytes: offset at 24, size at 32, alignment at 48.
    for (std::size_t at = headers; at + 64 <= good.bytes.size(); at += 64) {
        for (const std::size_t field : {24U, 32U, 48U}) {
            for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0xffffffff}, ~std::uint64_t{0}}) {
                std::string bytes = good.bytes;
                detail::set(bytes, at + field, value, 8);
                const MemorySource source(bytes);
                const Fact<CompatNote> note = read_compat_note(ElfFile(source), "x");
                if (!note.known()) CHECK_FALSE(note.missing().why.empty());
            }
        }
    }
}

TEST_CASE("random and damaged bytes are survived") {
    const std::string payload = of_575;
    const std::string section = detail::note(owner, 1, of_575);
    const WrittenElf file = library_with(section);
    int understood = 0;
    for (unsigned seed = 0; seed < 3000; ++seed) {
        static_cast<void>(parse_compat_note(random_bytes(seed, 300), "x").known());
        understood += parse_compat_note(mutated(payload, seed), "x").known() ? 1 : 0;
        static_cast<void>(note_in(mutated(section, seed)).known());
        const std::string bytes = mutated(file.bytes, seed);
        const MemorySource source(bytes);
        try {
            static_cast<void>(read_compat_note(ElfFile(source), "x").known());
        } catch (const Malformed&) {
            continue;  // of the file's own header, which is not the note's to answer for
        }
    }
    CHECK(understood > 0);
    CHECK(understood < 3000);
}
