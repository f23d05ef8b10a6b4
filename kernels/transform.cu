// Proves that the GPU reads what it is given: memory that the CPU wrote, that both share, or that a stream's earlier
// work has just made.
//
// Expected: word = fold(in[index], scramble(index, seed)), which another in[index] would make another.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

JETCUDA_BOTH inline Word transformed(Word given, Word index, Word seed) { return fold(given, scramble(index, seed)); }

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(transform) {
    const Word index = thread_of_grid();
    if (index < count) give(out, count, index, transformed(in[index], index, seed));
}
#else
JETCUDA_TWIN(transform) {
    for (Word index = 0; index < count; ++index) give(out, count, index, transformed(in[index], index, seed));
}
extern const KernelUse transform_use{KernelRole::transform, "reading what the GPU is given", 16 * threads, threads};
#endif

}  // namespace jetcuda
