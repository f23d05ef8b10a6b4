#include "probes/elf/window.hpp"

#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

class WatchedSource final : public ByteSource {
public:
    explicit WatchedSource(std::uint64_t size) : size_(size) {}
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    void will_need(FileOffset at, std::uint64_t length) const override { announced.emplace_back(at.value, length); }
    mutable std::vector<std::pair<std::uint64_t, std::uint64_t>> reads, announced;

private:
    // Every byte tells its place.
    void fill(FileOffset at, std::string& bytes, std::string_view) const override {
        reads.emplace_back(at.value, bytes.size());
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(at.value + i);
    }
    std::uint64_t size_;
};

constexpr std::uint64_t mb = std::uint64_t{1} << 20U;

// Steps through the source, and returns how many bytes were read for each step.
std::uint64_t bytes_per_step(const WatchedSource& source, std::uint64_t step) {
    Window window(source);
    source.reads.clear();
    source.announced.clear();
    std::uint64_t steps = 0;
    for (std::uint64_t at = 0; at < 60 * mb; at += step, ++steps) (void)window.view({at}, 64, 4096, "it");
    std::uint64_t bytes = 0;
    for (const auto& [at, length] : source.reads) bytes += length;
    return bytes / steps;
}

}  // namespace

TEST_CASE("what a read brought along is not read again") {
    const WatchedSource source(mb);
    Window window(source);
    CHECK(window.held({0}) == 0);
    CHECK(window.view({300}, 16, 1000, "it").u8(0) == (300 & 0xff));
    CHECK(window.view({1200}, 100, 1000, "it").u8(99) == (1299 & 0xff));
    CHECK(window.held({1200}) >= 100);
    CHECK(source.reads.size() == 1);
    const std::uint64_t end = 300 + window.held({300});
    CHECK(window.view({end - 50}, 51, 10, "it").u8(50) == (end & 0xff));
    CHECK(window.view({0}, 1, 1, "it").u8(0) == 0);
    CHECK(source.reads.size() == 3);
}

TEST_CASE("a wish ends with the file, a need does not") {
    const WatchedSource source(1000);
    Window window(source);
    CHECK(window.view({990}, 10, 4096, "it").size() == 10);
    CHECK(window.view({1000}, 0, 4096, "it").size() == 0);
    CHECK_THROWS_WITH_AS((void)window.view({990}, 11, 4096, "the thing"),
                         doctest::Contains("the thing leaves the file"), Malformed);
    CHECK_THROWS_AS((void)window.view({1001}, 1, 1, "it"), Malformed);
    CHECK(window.view({990}, 10, 10, "it").u8(0) == (990 & 0xff));
}

TEST_CASE("how far apart things lie decides how they are read") {
    const WatchedSource source(1000 * mb);
    SUBCASE("a few KB: straight through, everything once") {
        const std::uint64_t bytes = bytes_per_step(source, 10'000);
        CHECK(bytes > 9'000);
        CHECK(bytes < 11'000);
        CHECK(source.announced.size() < 3);
    }
    SUBCASE("some ten KB: what is asked for, and everything is announced, once") {
        CHECK(bytes_per_step(source, 60'000) < 8'000);
        REQUIRE_FALSE(source.announced.empty());
        std::uint64_t end = source.announced.front().first;
        CHECK(end < 4 * mb);
        for (const auto& [at, length] : source.announced) {
            CHECK(at == end);
            end = at + length;
        }
        CHECK(end > 55 * mb);
        CHECK(end < 80 * mb);
    }
    SUBCASE("more: what is asked for") {
        CHECK(bytes_per_step(source, mb) < 20'000);
        CHECK(source.announced.size() < 4);
    }
}
