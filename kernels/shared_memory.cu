// Proves shared memory and the barriers of a block: a tile is written by rows and read by columns, a running sum is
// made in which every step needs what other warps wrote in the step before, and the last of it is read by all.
//
// Expected: word = fold(fold(fold(index, transposed word), sum of the block's words up to this thread's), sum of them
// all). A barrier that lets a warp through too early, or two threads that meet in one bank's word, change some of them.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;
constexpr Word side = 16;  // of the tile

JETCUDA_BOTH inline Word transposed(Word thread) { return thread % side * side + thread / side; }

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(shared_memory) {
    JETCUDA_SHARED static Word tile[threads];
    JETCUDA_SHARED static Word sums[2][threads];
    const Word index = thread_of_grid(), thread = thread_of_block();
    const Word mine = scramble(index, seed);
    tile[thread] = mine;
    sums[0][thread] = mine;
    barrier();
    Word now = 0;
    JETCUDA_ROLLED
    for (Word distance = 1; distance < threads; distance *= 2) {
        const Word sum = sums[now][thread];
        sums[1 - now][thread] = thread < distance ? sum : sum + sums[now][thread - distance];
        now = 1 - now;
        barrier();
    }
    const Word word = fold(fold(index, tile[transposed(thread)]), sums[now][thread]);
    give(out, count, index, fold(word, sums[now][threads - 1]));
}
#else
JETCUDA_TWIN(shared_memory) {
    for (Word block = 0; block < count; block += threads) {
        Word all = 0;
        for (Word thread = 0; thread < threads; ++thread) all += scramble(block + thread, seed);
        Word sum = 0;
        for (Word thread = 0; thread < threads; ++thread) {
            const Word index = block + thread;
            sum += scramble(index, seed);
            const Word word = fold(fold(index, scramble(block + transposed(thread), seed)), sum);
            give(out, count, index, fold(word, all));
        }
    }
}
extern const KernelUse shared_memory_use{KernelRole::checked, "shared memory", 16 * threads, threads};
#endif

}  // namespace jetcuda
