// Proves each multiprocessor: the grid has blocks enough for all of them, each block takes half of a multiprocessor's
// shared memory, so that they spread, and works for a while, so that none is done before the last has begun.
//
// Expected: word = what 64 rounds of integer and floating-point arithmetic make of the index, through shared memory.
// One multiprocessor that computes wrongly spoils the words of its blocks, which follow one another in the output.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

// The float stays between 1 and 2: its exponent is set anew each round, and only its digits are kept.
JETCUDA_BOTH inline Word round_of_work(Word word, Word neighbour) {
    const float one = float_of(0x3F800000U | (word & 0x7FFFFFU));
    const float other = float_of(0x3F800000U | (neighbour & 0x7FFFFFU));
    return fold(word * neighbour, bits_of(__builtin_fmaf(one, other, one)));
}
JETCUDA_BOTH inline Word neighbour_of(Word thread) { return (thread + 33) % threads; }

constexpr Word rounds = 64;

}  // namespace

#ifdef __CUDA__
constexpr Word words_of_thread = 24;  // 24 KiB for each block

JETCUDA_KERNEL(every_sm) {
    JETCUDA_SHARED static Word area[words_of_thread][threads];
    const Word index = thread_of_grid(), thread = thread_of_block();
    Word word = scramble(index, seed);
    JETCUDA_ROLLED
    for (Word round = 0; round < rounds; ++round) {
        Word* const row = area[round % words_of_thread];
        row[thread] = word;
        barrier();
        word = round_of_work(word, row[neighbour_of(thread)]);
    }
    give(out, count, index, word);
}
#else
JETCUDA_TWIN(every_sm) {
    for (Word block = 0; block < count; block += threads) {
        Word now[threads], next[threads];
        for (Word thread = 0; thread < threads; ++thread) now[thread] = scramble(block + thread, seed);
        for (Word round = 0; round < rounds; ++round) {
            for (Word thread = 0; thread < threads; ++thread)
                next[thread] = round_of_work(now[thread], now[neighbour_of(thread)]);
            for (Word thread = 0; thread < threads; ++thread) now[thread] = next[thread];
        }
        for (Word thread = 0; thread < threads; ++thread) give(out, count, block + thread, now[thread]);
    }
}
extern const KernelUse every_sm_use{
    KernelRole::checked, "arithmetic on every multiprocessor", 8 * threads, threads, 0, true};
#endif

}  // namespace jetcuda
