// Patterns that are written to GPU memory and read back, after the tests that memory makers use: walking bits find
// lines that touch, addresses find lines of the address that are stuck, moving inversions find cells that hold one
// value only, and random words find what regular ones miss. The GPU shares its memory with the CPU, so only a part of
// what is free is taken.
//
// The GPU does the comparing, and says only what is wrong; one that does nothing would say nothing. So the CPU reads
// one word after each pass, and all of them at the end.

#include "kernels/patterns.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "probes/gpu/steps/try_work.hpp"

namespace jetcuda {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t least_bytes = std::uint64_t{64} << 10U;
constexpr std::uint64_t part_of_available = 16;
constexpr std::uint64_t part_of_free = 8;
constexpr std::uint64_t unit_bytes = 4096;                    // a whole number of blocks
constexpr std::size_t words_at_once = std::size_t{1} << 18U;  // that the CPU reads back

// The board's part of it that may be taken would be too little for a test that says anything.
bool is_short_of_memory(std::optional<std::uint64_t> available) {
    return available && *available / part_of_available < least_bytes;
}

// What the driver says is free does not count what the kernel would give up for it, so little of it is no reason not to
// ask: then the least that says anything is asked for, and a refusal is the answer.
std::uint64_t region_bytes(const Gpu& gpu, std::optional<std::uint64_t> available) {
    std::uint64_t bytes = std::min<std::uint64_t>(most_bytes, gpu.free_bytes() / part_of_free);
    if (available) bytes = std::min(bytes, *available / part_of_available);
    return std::max(bytes - bytes % unit_bytes, least_bytes);
}

// One region and the two kernels that write and check it.
class Region {
public:
    Region(const Gpu& gpu, std::uint64_t bytes, WorkItem& item)
        : gpu_(gpu),
          item_(item),
          write_module_(gpu, image_for(kernel_named("memory_write"), gpu.sm(), item.detail)),
          invert_module_(gpu, image_for(kernel_named("memory_invert"), gpu.sm(), item.detail)),
          words_(gpu, bytes / sizeof(std::uint32_t)),
          answer_(gpu, 4) {
        item.requested_bytes = bytes;
    }

    void write(std::uint32_t seed) const {
        launch(gpu_, kernel_named("memory_write"), write_module_.function("memory_write"),
               {words_.address(), 0, static_cast<std::uint32_t>(words_.count()), seed, nullptr});
        gpu_.synchronize();
    }
    // Compares with the pattern, and leaves its complement.
    void check_and_invert(std::uint32_t seed) {
        left_ = seed;
        answer_.clear();
        launch(gpu_, kernel_named("memory_invert"), invert_module_.function("memory_invert"),
               {answer_.address(), words_.address(), static_cast<std::uint32_t>(words_.count()), seed, nullptr});
        gpu_.synchronize();
        const std::vector<std::uint32_t> answer = answer_.read();
        if (answer[0] != 0) return tell_wrong(answer[0], answer[1], answer[2], answer[3]);
        if (!is_wrong()) read_back(words_.count() - 1, 1);
    }
    // What the last pass has left, as the CPU sees it. What the GPU has found wrong is not told twice.
    void read_all_back() {
        if (is_wrong()) return;
        for (std::size_t first = 0; first < words_.count(); first += words_at_once) {
            read_back(first, std::min(words_at_once, words_.count() - first));
        }
    }

private:
    [[nodiscard]] bool is_wrong() const { return item_.outcome == WorkOutcome::wrong; }

    void read_back(std::size_t first, std::size_t count) {
        const std::vector<std::uint32_t> words = words_.read(first, count);
        for (std::size_t at = 0; at < count; ++at) {
            const std::uint32_t expected = ~pattern_word(left_, static_cast<std::uint32_t>(first + at));
            if (words[at] != expected) tell_wrong(1, first + at, expected, words[at]);
        }
    }

    void tell_wrong(std::uint32_t how_many, std::uint64_t index, std::uint32_t expected, std::uint32_t got) {
        item_.wrong_count += how_many;
        if (is_wrong()) return;
        item_.outcome = WorkOutcome::wrong;
        item_.index = index;
        item_.expected = expected;
        item_.got = got;
    }

    const Gpu& gpu_;
    WorkItem& item_;
    Module write_module_, invert_module_;
    DeviceWords words_, answer_;
    std::uint32_t left_ = 0;  // the seed of the pattern whose complement the words hold
};

void walk(Region& region, Pattern first, Pattern complement) {
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
        region.write(pattern_seed(first, bit));
        region.check_and_invert(pattern_seed(first, bit));
        region.check_and_invert(pattern_seed(complement, bit));
    }
}

void walking_ones(Region& region) { walk(region, Pattern::walking_ones, Pattern::walking_zeros); }
void walking_zeros(Region& region) { walk(region, Pattern::walking_zeros, Pattern::walking_ones); }

void addresses(Region& region) {
    region.write(pattern_seed(Pattern::addresses, 0));
    region.check_and_invert(pattern_seed(Pattern::addresses, 0));
}

void moving_inversions(Region& region) {
    for (const std::uint32_t byte : {0x00U, 0xFFU, 0x55U, 0xAAU}) {
        region.write(pattern_seed(Pattern::solid, byte));
        region.check_and_invert(pattern_seed(Pattern::solid, byte));
        region.check_and_invert(pattern_seed(Pattern::solid, byte ^ 0xFFU));
        region.check_and_invert(pattern_seed(Pattern::solid, byte));
    }
}

void random_words(Region& region) {
    for (std::uint32_t round = 1; round <= 2; ++round) {
        region.write(pattern_seed(Pattern::random, round));
        region.check_and_invert(pattern_seed(Pattern::random, round));
    }
}

struct PatternTest {
    const char* name;
    void (*run)(Region& region);
};
constexpr std::array<PatternTest, 5> tests{{{"walking ones", walking_ones},
                                            {"walking zeros", walking_zeros},
                                            {"addresses", addresses},
                                            {"moving inversions", moving_inversions},
                                            {"random", random_words}}};

}  // namespace

void do_patterns(Session& session, StepAnswer& step) {
    with_gpu(session, step, [&session](WorkStep& work, const Gpu& gpu) {
        for (const PatternTest& test : tests) {
            work.try_item(test.name, [&](WorkItem& item) {
                const std::optional<std::uint64_t> available = session.answer.available;
                const std::uint64_t bytes = region_bytes(gpu, available);
                if (is_short_of_memory(available)) {
                    item.outcome = WorkOutcome::not_tried;
                    item.detail = not_tried::memory_short;
                    item.requested_bytes = bytes;
                    return;
                }
                Region region(gpu, bytes, item);
                for (unsigned round = 0; round < session.repeat; ++round) {
                    test.run(region);
                    region.read_all_back();
                }
            });
        }
    });
}

}  // namespace jetcuda
