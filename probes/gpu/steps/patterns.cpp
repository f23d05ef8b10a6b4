// Patterns that are written to GPU memory and read back, after the tests that memory makers use: walking bits find
// lines that touch, addresses find lines of the address that are stuck, moving inversions find cells that hold one
// value only, and random words find what regular ones miss. The GPU shares its memory with the CPU, so only a part of
// what is free is taken.

#include "kernels/patterns.hpp"

#include <algorithm>
#include <array>

#include "probes/gpu/steps/try_work.hpp"

namespace jetcuda {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t least_bytes = std::uint64_t{64} << 10U;
constexpr std::uint64_t part_of_available = 16;
constexpr std::uint64_t part_of_free = 8;
constexpr std::uint64_t unit_bytes = 4096;  // a whole number of blocks

// 0: the board has too little for a test that says anything.
std::uint64_t region_bytes(const Gpu& gpu, const Session& session) {
    std::uint64_t bytes = std::min<std::uint64_t>(most_bytes, gpu.free_bytes() / part_of_free);
    if (session.answer.available) bytes = std::min(bytes, *session.answer.available / part_of_available);
    bytes -= bytes % unit_bytes;
    return bytes < least_bytes ? 0 : bytes;
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
    void check_and_invert(std::uint32_t seed) const {
        answer_.clear();
        launch(gpu_, kernel_named("memory_invert"), invert_module_.function("memory_invert"),
               {answer_.address(), words_.address(), static_cast<std::uint32_t>(words_.count()), seed, nullptr});
        gpu_.synchronize();
        const std::vector<std::uint32_t> answer = answer_.read();
        if (answer[0] == 0) return;
        item_.wrong_count += answer[0];
        if (item_.outcome == WorkOutcome::wrong) return;
        item_.outcome = WorkOutcome::wrong;
        item_.index = answer[1];
        item_.expected = answer[2];
        item_.got = answer[3];
    }

private:
    const Gpu& gpu_;
    WorkItem& item_;
    Module write_module_, invert_module_;
    DeviceWords words_, answer_;
};

void walk(const Region& region, Pattern first, Pattern complement) {
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
        region.write(pattern_seed(first, bit));
        region.check_and_invert(pattern_seed(first, bit));
        region.check_and_invert(pattern_seed(complement, bit));
    }
}

void walking_ones(const Region& region) { walk(region, Pattern::walking_ones, Pattern::walking_zeros); }
void walking_zeros(const Region& region) { walk(region, Pattern::walking_zeros, Pattern::walking_ones); }

void addresses(const Region& region) {
    region.write(pattern_seed(Pattern::addresses, 0));
    region.check_and_invert(pattern_seed(Pattern::addresses, 0));
}

void moving_inversions(const Region& region) {
    for (const std::uint32_t byte : {0x00U, 0xFFU, 0x55U, 0xAAU}) {
        region.write(pattern_seed(Pattern::solid, byte));
        region.check_and_invert(pattern_seed(Pattern::solid, byte));
        region.check_and_invert(pattern_seed(Pattern::solid, byte ^ 0xFFU));
        region.check_and_invert(pattern_seed(Pattern::solid, byte));
    }
}

void random_words(const Region& region) {
    for (std::uint32_t round = 1; round <= 2; ++round) {
        region.write(pattern_seed(Pattern::random, round));
        region.check_and_invert(pattern_seed(Pattern::random, round));
    }
}

struct PatternTest {
    const char* name;
    void (*run)(const Region& region);
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
            const bool goes_on = work.try_item(test.name, [&](WorkItem& item) {
                const std::uint64_t bytes = region_bytes(gpu, session);
                if (bytes == 0) {
                    item.outcome = WorkOutcome::not_tried;
                    item.detail = not_tried::memory_short;
                    item.requested_bytes = least_bytes;
                    return;
                }
                const Region region(gpu, bytes, item);
                for (unsigned round = 0; round < session.repeat; ++round) test.run(region);
            });
            if (!goes_on) return;
        }
    });
}

}  // namespace jetcuda
