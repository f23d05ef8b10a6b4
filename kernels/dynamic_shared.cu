// Proves shared memory whose size is said at the launch: all of 32 KiB, each word of it written by one thread and read
// by another, after a barrier, and then once more the other way round.
//
// Expected: word = the fold, from the thread's index on, of the words that 32 other threads left for it.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;
constexpr Word words_of_thread = 32;
constexpr Word area_words = threads * words_of_thread;

JETCUDA_BOTH inline Word written(Word block, Word place, Word seed) {
    return scramble(block * area_words + place, seed);
}
// A place for every turn of every thread, no two alike: 5 has no factor in common with the size.
JETCUDA_BOTH inline Word place_read(Word thread, Word turn) {
    return ((thread * words_of_thread + turn) * 5U + 77U) % area_words;
}

}  // namespace

#ifdef __CUDA__
extern JETCUDA_SHARED Word area[];

JETCUDA_KERNEL(dynamic_shared) {
    const Word index = thread_of_grid(), thread = thread_of_block(), block = index / threads;
    JETCUDA_ROLLED
    for (Word place = thread; place < area_words; place += threads) area[place] = written(block, place, seed);
    barrier();
    Word word = index;
    JETCUDA_ROLLED
    for (Word turn = 0; turn < words_of_thread; ++turn) {
        Word* const cell = &area[place_read(thread, turn)];
        word = fold(word, *cell);
        *cell = ~word;
    }
    barrier();
    JETCUDA_ROLLED
    for (Word place = thread; place < area_words; place += threads) word = fold(word, area[place]);
    give(out, count, index, word);
}
#else
JETCUDA_TWIN(dynamic_shared) {
    static_assert(area_words % 5 != 0);
    std::vector<Word> area(area_words), words(threads);
    for (Word block = 0; block * threads < count; ++block) {
        for (Word place = 0; place < area_words; ++place) area[place] = written(block, place, seed);
        for (Word thread = 0; thread < threads; ++thread) {
            words[thread] = block * threads + thread;
            for (Word turn = 0; turn < words_of_thread; ++turn) {
                Word& cell = area[place_read(thread, turn)];
                words[thread] = fold(words[thread], cell);
                cell = ~words[thread];
            }
        }
        for (Word thread = 0; thread < threads; ++thread) {
            for (Word place = thread; place < area_words; place += threads)
                words[thread] = fold(words[thread], area[place]);
            give(out, count, block * threads + thread, words[thread]);
        }
    }
}
extern const KernelUse dynamic_shared_use{KernelRole::checked, "shared memory of a size said at the launch",
                                          8 * threads, threads, area_words * sizeof(Word)};
#endif

}  // namespace jetcuda
