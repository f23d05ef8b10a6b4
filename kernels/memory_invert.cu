// Proves that memory holds: compares each word with the pattern that was written (patterns.hpp) and leaves the
// pattern's complement, so that the next pass finds every bit the other way.
//
// Expected: out[0] = 0. Otherwise out[0] is how many words differ, and out[1 … 3] are the index of one of them, what
// it should hold and what it does.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(memory_invert) {
    const Word index = thread_of_grid();
    if (index >= count) return;
    const Word expected = pattern_word(seed, index), got = in[index];
    if (got != expected && add_to(&out[0], 1) == 0) {
        out[1] = index;
        out[2] = expected;
        out[3] = got;
    }
    in[index] = ~expected;
}
#else
JETCUDA_TWIN(memory_invert) {
    for (Word index = 0; index < count; ++index) {
        const Word expected = pattern_word(seed, index), got = in[index];
        if (got != expected && out[0]++ == 0) {
            out[1] = index;
            out[2] = expected;
            out[3] = got;
        }
        in[index] = ~expected;
    }
}
extern const KernelUse memory_invert_use{KernelRole::memory_invert, "what memory holds", 16 * threads, threads};
#endif

}  // namespace jetcuda
