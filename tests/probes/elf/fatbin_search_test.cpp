// Searches of files made here. What a flaw does to the rest of a file is tested, too: only damage is
// lost, and it is told with its place.

#include "probes/elf/fatbin_search.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "tests/harness/counting_source.hpp"
#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

struct Found final : FatbinVisitor {
    std::vector<std::uint64_t> containers;
    std::vector<FatbinEntry> entries;
    std::vector<std::string> problems;
    void container(FileOffset at, std::uint64_t) override { containers.push_back(at.value); }
    void entry(const FatbinEntry& entry, Window&) override { entries.push_back(entry); }
    void problem(std::string text) override { problems.push_back(std::move(text)); }
};

void search(std::string_view bytes, Found& found, bool only_fatbins = true) {
    const MemorySource source(bytes);
    Window window(source);
    search_fatbins(window, {{0}, {bytes.size()}, only_fatbins, "section .nv_fatbin"}, found);
}

// What a section of nothing but fat binaries is found guilty of.
std::string flaw_of(std::string_view bytes) {
    Found found;
    search(bytes, found);
    return found.problems.empty() ? "" : found.problems.front();
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const std::string two_images = write_fatbin({sass_image(87), ptx_image(87, 8, 5)});

}  // namespace

TEST_CASE("headers of every size that was seen are stepped over") {
    for (const std::uint32_t size : {64U, 72U, 80U, 96U, 104U, 112U, 120U, 128U}) {
        ImageRecipe image = sass_image(87);
        image.header_size = size;
        Found found;
        search(write_fatbin({image, sass_image(72)}), found);
        CHECK(found.problems.empty());
        REQUIRE(found.entries.size() == 2);
        CHECK(found.entries[1].sm == 72);
    }
}

TEST_CASE("containers are found behind padding of 8 and of 256 bytes, and behind empty ones") {
    for (const std::size_t alignment : {8U, 256U, 4096U}) {
        const std::string bytes =
            write_fatbins({two_images, write_fatbin({}), write_fatbin({sass_image(72)}), two_images}, alignment);
        Found found;
        search(bytes, found);
        CHECK(found.problems.empty());
        CHECK(found.containers.size() == 4);
        CHECK(found.entries.size() == 5);
    }
}

TEST_CASE("a container is found wherever it lies in ordinary data") {
    for (const std::size_t before : {0U, 1U, 4093U, 4094U, 4095U, 4096U, 70'001U, 1'000'003U}) {
        Found found;
        const std::string data = random_bytes(7, 50) + std::string(before, 'x') + two_images + "behind it";
        search(data, found, false);
        CHECK(found.problems.empty());
        CHECK(found.containers.size() == 1);
        CHECK(found.entries.size() == 2);
    }
}

TEST_CASE("the magic in ordinary data is no container, and neither is one inside a payload") {
    Found found;
    search(std::string("\x50\xED\x55\xBA and so on", 14), found, false);
    search(std::string("\x50\xED\x55\xBA\1\0\x10\0\xff\0\0\0\0\0\0\0 that is no entry", 33), found, false);
    CHECK(found.containers.empty());
    ImageRecipe nested = sass_image(87);
    nested.payload = two_images;
    search(write_fatbin({nested}), found, false);
    CHECK(found.containers.size() == 1);
    CHECK(found.entries.size() == 1);
    CHECK(found.problems.empty());
}

TEST_CASE("many tiny containers are not read many times") {
    std::string bytes;
    for (int i = 0; i < 20'000; ++i) bytes += write_fatbin({});
    const CountingSource source(bytes);
    Window window(source);
    Found found;
    search_fatbins(window, {{0}, {bytes.size()}, true, "it"}, found);
    CHECK(found.containers.size() == 20'000);
    CHECK(source.fetched < 2 * bytes.size());
}

TEST_CASE("payloads are jumped over") {
    ImageRecipe image = sass_image(87);
    image.payload.resize(5'000'000, 'x');
    const std::string bytes = write_fatbin({image, image, image});
    const CountingSource source(bytes);
    Window window(source);
    Found found;
    search_fatbins(window, {{0}, {bytes.size()}, true, "it"}, found);
    CHECK(found.entries.size() == 3);
    CHECK(source.fetched < 20'000);
}

// ---- flaws, each named for what is wrong; a sound container stands behind each ----

namespace {

// The problem told of `flawed`; checks that the sound container behind it is found all the same.
std::string flaw_before_sound(const std::string& flawed) {
    Found found;
    search(write_fatbins({flawed, write_fatbin({sass_image(72)})}), found);
    REQUIRE_FALSE(found.problems.empty());
    REQUIRE_FALSE(found.entries.empty());
    CHECK(found.entries.back().sm == 72);
    return found.problems.front();
}

std::string with(std::string bytes, std::size_t at, std::uint64_t value, unsigned width) {
    detail::set(bytes, at, value, width);
    return bytes;
}

}  // namespace

TEST_CASE("container of another version") {
    CHECK(flaw_before_sound(with(two_images, 4, 2, 2)) ==
          "the container at offset 0: is of version 2, where 1 is known");
}
TEST_CASE("container with a header of another size") {
    CHECK(contains(flaw_before_sound(with(two_images, 6, 24, 2)), "has a header of 24 bytes, where 16 is the rule"));
}
TEST_CASE("container whose magic was overwritten") {
    CHECK(flaw_before_sound(with(two_images, 0, 0, 4)) ==
          "section .nv_fatbin holds something else than device code at offset 4");
}
TEST_CASE("container of 2^63 bytes") {
    CHECK(contains(flaw_before_sound(with(two_images, 8, std::uint64_t{1} << 63U, 8)), "is of version"));
}
TEST_CASE("container that ends in the middle of an image") {
    CHECK(contains(flaw_before_sound(with(two_images, 8, 100, 8)), "the image at offset 16: has"));
}
TEST_CASE("container that ends in the middle of an entry's header") {
    CHECK(contains(flaw_before_sound(with(two_images, 8, 40, 8)), "is cut off in its header, 40 bytes before"));
}
TEST_CASE("entry of another version") {
    CHECK(flaw_before_sound(with(two_images, 18, 0x0202, 2)) ==
          "the image at offset 16: is of version 514, where 257 is known");
}
TEST_CASE("entry with a header of 0 bytes") {
    CHECK(contains(flaw_before_sound(with(two_images, 20, 0, 4)), "has a header of 0 bytes"));
}
TEST_CASE("entry with a header of 2^32 - 1 bytes") {
    CHECK(contains(flaw_before_sound(with(two_images, 20, 0xffffffffU, 4)), "has a header of 4294967295 bytes"));
}
TEST_CASE("entry of 2^64 - 1 bytes") {
    CHECK(contains(flaw_before_sound(with(two_images, 24, ~std::uint64_t{0}, 8)), "has 18446744073709551615 bytes"));
}
TEST_CASE("entry with more compressed bytes than it stores") {
    CHECK(contains(flaw_before_sound(with(two_images, 32, 1U << 30U, 4)), "has 1073741824 compressed bytes"));
}
TEST_CASE("an image of a kind without a name is stepped over by its size") {
    Found found;
    search(with(two_images, 16, 77, 2), found);
    CHECK(found.problems.empty());
    REQUIRE(found.entries.size() == 2);
    CHECK(found.entries[0].kind == 77);
}
TEST_CASE("what lies before the damage is told") {
    const std::string bytes = write_fatbins({two_images, two_images});
    for (const std::size_t cut : {std::size_t{1}, std::size_t{40}, std::size_t{90}}) {
        Found found;
        search(std::string_view(bytes).substr(0, bytes.size() - cut), found);
        CHECK(found.problems.size() >= 1);
        CHECK(found.entries.size() >= 3);
    }
    CHECK(contains(flaw_of(std::string_view(bytes).substr(0, bytes.size() - 1)), "and its container ends behind"));
}
TEST_CASE("file cut between two images") {
    const std::string bytes = write_fatbin({sass_image(87), sass_image(72)});
    Found found;
    search(std::string_view(bytes).substr(0, 16 + write_entry(sass_image(87)).size()), found);
    CHECK(found.entries.size() == 1);
    REQUIRE(found.problems.size() == 1);
    CHECK(contains(found.problems[0], "the container at offset 0 is cut off"));
}
TEST_CASE("zeros in place of containers") {
    CHECK(flaw_of(write_fatbins({two_images, std::string(100'000, '\0'), two_images})).empty() == false);
    CHECK(contains(flaw_of(std::string(100'000, '\0')),
                   "holds 100000 bytes of zeros in place of device code at offset 0"));
}

TEST_CASE("a search that is told where to stop goes on from there") {
    const std::string bytes = write_fatbins({two_images, two_images, write_fatbin({}), two_images}, 256);
    const MemorySource source(bytes);
    for (const bool only_fatbins : {true, false}) {
        const FatbinRange range{{0}, {bytes.size()}, only_fatbins, "section .nv_fatbin"};
        Found whole;
        search(bytes, whole, only_fatbins);
        Found stepwise;
        FatbinSearch stepping(range, range.begin, stepwise);
        for (std::uint64_t until = 1; until <= bytes.size(); until += 7) {
            Window window(source);
            stepping.run(window, {until});
            for (const std::uint64_t container : stepwise.containers) CHECK(container < until);
        }
        Window window(source);
        stepping.run(window, range.end);
        CHECK(stepwise.containers == whole.containers);
        CHECK(stepwise.entries.size() == whole.entries.size());
        CHECK(stepwise.problems == whole.problems);
    }
}

TEST_CASE("a search that began in the middle counts only where the one before leads to it") {
    ImageRecipe nested = sass_image(87);
    nested.payload = two_images + std::string(400, 'x');
    const std::string with_nested = write_fatbin({nested});
    const std::string bytes = write_fatbins({two_images, with_nested, two_images});
    const std::uint64_t inside = write_fatbins({two_images}).size() + 20;
    const MemorySource source(bytes);
    for (const bool only_fatbins : {true, false}) {
        const FatbinRange range{{0}, {bytes.size()}, only_fatbins, "section .nv_fatbin"};
        Window window(source);
        const auto leads = [&](std::uint64_t place) {
            Found before, behind;
            FatbinSearch sure(range, range.begin, before), guess(range, {place}, behind);
            sure.run(window, {place});
            guess.run(window, range.end);
            return sure.leads_to(guess);
        };
        CHECK(leads(two_images.size()));
        CHECK_FALSE(leads(inside));  // it takes the one in the payload for a container
        CHECK(leads(bytes.size() - two_images.size() - 8));
        CHECK(leads(bytes.size() - two_images.size()));
    }
}

TEST_CASE("random bytes and mutated sections end in an answer, never in a crash") {
    const std::string good = write_fatbins(
        {two_images, write_fatbin({}), write_fatbin({packed(sass_image(110, 8), image_flags::zstd), stub_image(87)})},
        256);
    REQUIRE(flaw_of(good).empty());
    int flawed = 0;
    for (unsigned seed = 0; seed < 4000; ++seed) {
        Found found;
        const std::string bytes = mutated(good, seed);
        search(bytes, found);
        flawed += found.problems.empty() ? 0 : 1;
        search(bytes, found, false);
        search(random_bytes(seed, 300), found);
    }
    CHECK(flawed > 400);
}
