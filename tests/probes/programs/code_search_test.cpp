// One search of all ranges against many of their stretches: what is found must be the same.

#include "probes/programs/code_search.hpp"

#include <cerrno>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <doctest/doctest.h>

#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr SearchEffort in_one_go{1, ~std::uint64_t{0}};

// A file of three parts, and where they lie in it.
struct Parts {
    std::string bytes;
    std::vector<FatbinRange> ranges;

    Parts(const std::string& linked, const std::string& relocatable, const std::string& data)
        : bytes(linked + relocatable + data) {
        const std::uint64_t first = linked.size(), second = first + relocatable.size();
        ranges = {{{0}, {first}, true, "section .nv_fatbin"},
                  {{first}, {second}, true, "section __nv_relfatbin"},
                  {{second}, {bytes.size()}, false, "section .ldata"}};
    }
};

DeviceCode searched(const Parts& parts, const SearchEffort& effort) {
    DeviceCode code;
    CodeGathering gathering(code);
    search_code(MemorySource(parts.bytes), parts.ranges, effort, gathering);
    gathering.finish();
    return code;
}

std::string described(const DeviceCode& code) {
    std::string text = std::to_string(code.containers) + " containers, " + std::to_string(code.empty_containers) +
                       " empty" + (code.linked_at_load ? ", linked at load" : "") + '\n';
    for (const CodeRow& row : code.rows) {
        text += row.arch() + ' ' + row.isa() + " x" + std::to_string(row.count) + " to link " +
                std::to_string(row.relocatable) + " stubs " + std::to_string(row.stubs) + " bytes " +
                std::to_string(row.bytes) + '\n';
    }
    for (const CodeMix& mix : code.mixes) {
        text += std::to_string(mix.containers) + " of";
        for (const std::uint16_t row : mix.rows) text += ' ' + std::to_string(row);
        text += '\n';
    }
    for (const std::string& problem : code.problems) text += problem + '\n';
    return text;
}

const std::string plain = write_fatbin({sass_image(87), ptx_image(87, 8, 5)});

}  // namespace

TEST_CASE("however finely a file is cut for the search, what is found is the same") {
    ImageRecipe nested = sass_image(87);
    nested.payload = plain + std::string(3000, 'x') + plain;
    ImageRecipe large = sass_image(110, 8);
    large.payload = write_cubin({.sm = 110, .abi = 8, .code_size = 9000});
    const std::string magic("\x50\xED\x55\xBA", 4);
    const std::vector<std::string> pieces = {plain,
                                             write_fatbin({}),
                                             write_fatbin({nested}),
                                             write_fatbin({large, ptx_image(72, 6, 3)}),
                                             write_fatbin({stub_image(87)}),
                                             std::string(700, '\0'),
                                             std::string(70'000, '\0'),
                                             plain.substr(0, 90),
                                             magic};
    int damaged = 0;
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto some = [&] {
            std::vector<std::string> chosen;
            for (int i = 0; i < 8; ++i) chosen.push_back(pieces[random() % pieces.size()]);
            const std::string bytes = write_fatbins(chosen, 8);
            return seed % 3 == 0 ? mutated(bytes, seed) : bytes;
        };
        const std::string linked = some(), relocatable = some(), data = some();
        const Parts parts(linked, relocatable, data);
        const std::string expected = described(searched(parts, in_one_go));
        for (const std::uint64_t length : {1U, 64U, 1000U, 20'000U}) {
            CAPTURE(length);
            if (length == 1 && seed % 20 != 0) continue;  // a stretch for each byte takes its time
            // Many threads, so that the ranges of containers alone, which are cut into longer stretches, are cut too.
            CHECK(described(searched(parts, {12, length})) == expected);
        }
        damaged += expected.find("offset") != std::string::npos ? 1 : 0;
    }
    CHECK(damaged > 100);
}

TEST_CASE("a large file is cut without being asked, and nothing is lost or told twice") {
    const std::string first = write_fatbin({sass_image(87), ptx_image(72, 6, 3)});
    const std::string second = write_fatbin({ptx_image(72, 6, 3), sass_image(72)});
    std::string data(40U << 20U, 'x');
    data.replace(16, first.size(), first);
    data.replace(10U << 20U, second.size(), second);
    data.replace((20U << 20U) - 2, second.size(), second);
    data.replace((40U << 20U) - first.size(), first.size(), first);
    const Parts parts(second + first.substr(0, 100), first, data);
    const DeviceCode code = searched(parts, {});
    CHECK(code.containers == 7);
    REQUIRE(code.mixes.size() == 2);
    CHECK(code.mixes[0].containers == 3);
    CHECK(code.mixes[1].containers == 2);
    CHECK(code.problems.size() == 2);
    CHECK_FALSE(code.linked_at_load);
    CHECK(described(code) == described(searched(parts, in_one_go)));
}

TEST_CASE("parts that lie over each other are searched once") {
    Parts parts(plain, plain, plain);
    parts.ranges = {{{0}, {parts.bytes.size()}, false, "a segment"},
                    {{5}, {parts.bytes.size()}, false, "another one"},
                    {{0}, {10}, false, "a third one"}};
    CHECK(searched(parts, in_one_go).containers == 3);
    CHECK(searched(parts, {2, 50}).containers == 3);
}

TEST_CASE("what was met before a medium failed is kept, also where it fails in a later stretch") {
    class Failing final : public ByteSource {
    public:
        explicit Failing(std::string_view bytes) : bytes_(bytes) {}
        [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }

    private:
        void fill(FileOffset at, std::string& bytes, std::string_view) const override {
            if (at.value + bytes.size() > 60'000) throw std::system_error(EIO, std::generic_category(), "pread");
            bytes.assign(bytes_.substr(static_cast<std::size_t>(at.value), bytes.size()));
        }
        std::string_view bytes_;
    };
    const std::string bytes = plain + std::string(100'000, 'x') + plain;
    for (const SearchEffort& effort : {in_one_go, SearchEffort{2, 10'000}}) {
        DeviceCode code;
        CodeGathering gathering(code);
        const std::vector<FatbinRange> ranges = {{{0}, {bytes.size()}, false, "section .ldata"}};
        CHECK_THROWS_AS(search_code(Failing(bytes), ranges, effort, gathering), std::system_error);
        gathering.finish();
        CHECK(code.containers == 1);
    }
}
