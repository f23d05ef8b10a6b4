// The loader's cache as a file: forms, machines, order, and bytes that nobody vouches for.

#include "probes/loader/ld_so_cache.hpp"

#include <doctest/doctest.h>

#include "probes/elf/bytes.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/loader/cache_writer.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::uint32_t arm = 0xa03;
constexpr std::uint32_t intel = 0x303;

LoaderTraits traits_of(ElfMachine machine, int glibc_minor) {
    LoaderTraits traits;
    traits.machine = machine;
    traits.glibc_minor = glibc_minor;
    return traits;
}

const LoaderTraits jammy = traits_of(ElfMachine::aarch64, 35);

std::string found(const std::vector<CacheLine>& lines, const LoaderTraits& traits = jammy) {
    return LdSoCache(write_cache(lines)).find("libcuda.so.1", traits);
}

}  // namespace

TEST_CASE("the first entry of the name and the machine is taken") {
    CHECK(found({{"libcuda.so.1", "/a/libcuda.so.1", arm}, {"libcuda.so.1", "/b/libcuda.so.1", arm}}) ==
          "/a/libcuda.so.1");
    CHECK(found({{"libcuda.so.1", "/i/libcuda.so.1", intel}, {"libcuda.so.1", "/a/libcuda.so.1", arm}}) ==
          "/a/libcuda.so.1");
    CHECK(found({{"libcuda.so.1", "/i/libcuda.so.1", intel}, {"libcuda.so.1", "/a/libcuda.so.1", arm}},
                traits_of(ElfMachine::x86_64, 36)) == "/i/libcuda.so.1");
    CHECK(found({{"libcuda.so.1", "/a/32/libcuda.so.1", 0x3}}).empty());
    CHECK(found({{"libcuda.so", "/a/libcuda.so", arm}}).empty());
    CHECK(found({}).empty());
}

TEST_CASE("the old form and the one before the new one are read") {
    const std::vector<CacheLine> lines{{"libm.so.6", "/lib/libm.so.6", arm},
                                       {"libcuda.so.1", "/t/libcuda.so.1", arm},
                                       {"libc.so.6", "/lib/libc.so.6", arm}};
    CHECK(LdSoCache(write_old_cache(lines)).find("libcuda.so.1", jammy) == "/t/libcuda.so.1");
    const LdSoCache both(write_old_cache({{"libx.so.1", "/x/libx.so.1", arm}}, write_cache(lines)));
    CHECK(both.find("libcuda.so.1", jammy) == "/t/libcuda.so.1");
    CHECK(both.find("libx.so.1", jammy).empty());
    CHECK(both.entries().size() == 3);
}

TEST_CASE("entries for better CPUs are for those who have them") {
    LoaderTraits traits = traits_of(ElfMachine::x86_64, 36);
    CacheLine best{"libcuda.so.1", "/v3/libcuda.so.1", intel};
    best.subfolder = "x86-64-v3";
    const std::vector<CacheLine> lines{best, {"libcuda.so.1", "/a/libcuda.so.1", intel}};
    CHECK(found(lines, traits) == "/a/libcuda.so.1");
    traits.named_hwcaps = {"x86-64-v3", "x86-64-v2"};
    CHECK(found(lines, traits) == "/v3/libcuda.so.1");

    CacheLine atomics{"libcuda.so.1", "/atomics/libcuda.so.1", arm};
    atomics.hwcaps = 1U << 8U;
    const std::vector<CacheLine> legacy{atomics, {"libcuda.so.1", "/a/libcuda.so.1", arm}};
    LoaderTraits focal = traits_of(ElfMachine::aarch64, 31);
    CHECK(found(legacy, focal) == "/a/libcuda.so.1");
    focal.hwcap_bits = 1U << 8U;
    CHECK(found(legacy, focal) == "/atomics/libcuda.so.1");
    focal.glibc_minor = 39;  // which knows such entries no longer
    CHECK(found(legacy, focal) == "/a/libcuda.so.1");
}

TEST_CASE("names are compared as the loader does, with numbers as numbers") {
    CHECK(compare_library_names("libx.so.10", "libx.so.9") > 0);
    CHECK(compare_library_names("libx.so.9", "libx.so.10") < 0);
    CHECK(compare_library_names("libx.so.1", "libx.so.1") == 0);
    CHECK(compare_library_names("libx.so.01", "libx.so.1") == 0);
    CHECK(compare_library_names("libx.so.1", "libx.so.a") > 0);
    CHECK(compare_library_names("libx.so.a", "libx.so.1") < 0);
    CHECK(compare_library_names("libx", "libx.so") < 0);
    CHECK(compare_library_names("libx.so", "libx") > 0);
    CHECK(compare_library_names("", "") == 0);
}

TEST_CASE("a cache that is none is a Missing that says why") {
    const TempRoot root;
    CHECK(read_ld_so_cache(SystemRoot(root.directory())).lacks(Lack::not_there));
    root.write("/etc/ld.so.cache", "");
    CHECK(read_ld_so_cache(SystemRoot(root.directory())).lacks(Lack::not_understood));
    root.write("/etc/ld.so.cache", "glibc-ld.so.cache1.1");
    CHECK(read_ld_so_cache(SystemRoot(root.directory())).lacks(Lack::not_understood));
    std::string big_endian = write_cache({{"libcuda.so.1", "/a/libcuda.so.1", arm}});
    big_endian[28] = 3;
    root.write("/etc/ld.so.cache", big_endian);
    const Fact<LdSoCache> cache = read_ld_so_cache(SystemRoot(root.directory()));
    REQUIRE(cache.lacks(Lack::not_understood));
    CHECK(cache.missing().why.find("big-endian") != std::string::npos);
}

TEST_CASE("random and damaged caches are read or refused, in bounded time") {
    const std::string good = write_cache({{"libm.so.6", "/lib/libm.so.6", arm},
                                          {"libcuda.so.1", "/a/libcuda.so.1", arm},
                                          {"libcuda.so.1", "/b/libcuda.so.1", arm, 0, "x86-64-v2"},
                                          {"libc.so.6", "/lib/libc.so.6", arm}});
    const std::string both = write_old_cache({{"libx.so.1", "/x/libx.so.1", arm}}, good);
    for (unsigned seed = 0; seed < 4000; ++seed) {
        const std::string bytes = seed % 3 == 0   ? mutated(good, seed)
                                  : seed % 3 == 1 ? mutated(both, seed)
                                                  : "glibc-ld.so.cache1.1" + random_bytes(seed, 400);
        try {
            const LdSoCache cache(bytes, seed % 2 == 0 ? 31 : 35);
            const std::string path = cache.find("libcuda.so.1", jammy);
            CHECK(path.size() < 4096);
        } catch (const Malformed& problem) {
            CHECK(std::string(problem.what()).size() > 0);
        }
    }
}

TEST_CASE("a count that the file cannot hold, and one text said a million times, fill no memory") {
    std::string bytes = write_cache({{"libcuda.so.1", "/a/libcuda.so.1", arm}});
    bytes.replace(20, 4, "\xff\xff\xff\x7f");
    CHECK_THROWS_AS(LdSoCache{bytes}, Malformed);
}

TEST_CASE("of a cache that was cut short a loader sees what that loader would see") {
    const std::vector<CacheLine> lines{{"libz.so.1", "/z/libz.so.1", arm},       {"libm.so.6", "/lib/libm.so.6", arm},
                                       {"libcuda.so.1", "/a/libcuda.so.1", arm}, {"libc.so.6", "/lib/libc.so.6", arm},
                                       {"libb.so.1", "/b/libb.so.1", arm},       {"liba.so.1", "/a/liba.so.1", arm}};
    // The last two entries are gone, and the texts that stood behind them; zeros follow up to the end of the page, and
    // an entry of zeros has the cache's first bytes for its name.
    const std::string whole = write_cache(lines);
    const std::string cut = whole.substr(0, 48 + 24 * 4);
    CHECK_THROWS_AS(LdSoCache{cut}, Malformed);
    CHECK_THROWS_AS(LdSoCache(cut, 35), Malformed);
    const LdSoCache focal(cut, 31);
    CHECK(focal.entries().size() == 6);
    CHECK(focal.find("libm.so.6", traits_of(ElfMachine::aarch64, 31)).empty());

    // The third of six entries is met first: here its texts lie where the first entries were, and are still there.
    std::string left = whole.substr(0, 48 + 24 * 3);
    const std::string texts = std::string("libcuda.so.1") + '\0' + "/t/libcuda.so.1" + '\0';
    left.replace(48, texts.size(), texts);
    const std::size_t third = 48 + 24 * 2;
    left.replace(third + 4, 4, std::string{48, 0, 0, 0});
    left.replace(third + 8, 4, std::string{48 + 13, 0, 0, 0});
    CHECK_THROWS_AS(LdSoCache(left, 32), Malformed);
    CHECK(LdSoCache(left, 31).find("libcuda.so.1", traits_of(ElfMachine::aarch64, 31)) == "/t/libcuda.so.1");
    const std::string behind_old = write_old_cache({{"libx.so.1", "/x/libx.so.1", arm}}, left);
    CHECK(LdSoCache(behind_old, 35).find("libcuda.so.1", jammy) == "/t/libcuda.so.1");
}

TEST_CASE("an entry whose path was cut off is passed over, and the next one of that name taken") {
    const std::string whole =
        write_cache({{"libcuda.so.1", "/b/libcuda.so.1", arm}, {"liba.so.1", "/a/liba.so.1", arm}});
    std::string twice = write_cache({{"libcuda.so.1", "/a/libcuda.so.1", arm},
                                     {"libcuda.so.1", "/b/libcuda.so.1", arm},
                                     {"libcuda.so.1", "/c/libcuda.so.1", arm}});
    twice.replace(48 + 8, 4, std::string{'\xff', '\xff', 0, 0});
    CHECK(LdSoCache(twice).find("libcuda.so.1", jammy) == "/b/libcuda.so.1");
    // A name that was cut off is the end of the search.
    std::string nameless = whole;
    nameless.replace(48 + 4, 4, std::string{'\xff', '\xff', 0, 0});
    CHECK(LdSoCache(nameless).find("libcuda.so.1", jammy).empty());
}

TEST_CASE("where any extension was cut off, entries for better CPUs count no longer") {
    LoaderTraits traits = traits_of(ElfMachine::x86_64, 36);
    traits.named_hwcaps = {"x86-64-v3"};
    CacheLine best{"libcuda.so.1", "/v3/libcuda.so.1", intel};
    best.subfolder = "x86-64-v3";
    const std::string whole = write_cache({best, {"libcuda.so.1", "/a/libcuda.so.1", intel}});
    CHECK(LdSoCache(whole).find("libcuda.so.1", traits) == "/v3/libcuda.so.1");
    CHECK(LdSoCache(whole.substr(0, whole.size() - 1)).find("libcuda.so.1", traits) == "/a/libcuda.so.1");
    // As ldconfig writes it, the name of the writer (tag 0) follows, and is what a cut takes first.
    const auto number = [](std::size_t value) {
        return std::string{static_cast<char>(value & 0xffU), static_cast<char>(value >> 8U), 0, 0};
    };
    const std::size_t extension = whole.size() - 4 - 16 - 8;
    std::string two = whole.substr(0, extension + 4) + number(2);
    two += number(1) + number(0) + number(extension + 40) + number(4);
    two += number(0) + number(0) + number(extension + 44) + number(8);
    two += whole.substr(whole.size() - 4) + "ldconfig";
    CHECK(LdSoCache(two).find("libcuda.so.1", traits) == "/v3/libcuda.so.1");
    CHECK(LdSoCache(two.substr(0, two.size() - 1)).find("libcuda.so.1", traits) == "/a/libcuda.so.1");
}
