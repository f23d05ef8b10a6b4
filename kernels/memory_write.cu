// Fills memory with a pattern (patterns.hpp), one word for each thread. It proves nothing by itself: memory_invert,
// which follows, says whether the words are still there.
//
// Expected: out[index] = the pattern's word of that index.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(memory_write) {
    const Word index = thread_of_grid();
    if (index < count) out[index] = pattern_word(seed, index);
}
#else
JETCUDA_TWIN(memory_write) {
    for (Word index = 0; index < count; ++index) out[index] = pattern_word(seed, index);
}
extern const KernelUse memory_write_use{KernelRole::memory_write, "writing memory", 16 * threads, threads};
#endif

}  // namespace jetcuda
