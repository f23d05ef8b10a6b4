// Proves constant memory, read by all lanes at one place and by each at its own, and the memory that is a thread's own:
// an array that is indexed by what is computed, and so cannot live in registers.
//
// Expected: word = the fold of all table entries and of those found by a walk through the table, and of the thread's
// own array after 32 exchanges in it, at places that the index says. The array stays a permutation of 0 … 31.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 128;
constexpr Word entries = 32;

// The first primes above 2^31, spelt out so that both compilers embed the same bytes.
JETCUDA_TABLE Word table[entries] = {
    2147483659U, 2147483693U, 2147483713U, 2147483743U, 2147483777U, 2147483783U, 2147483813U, 2147483857U,
    2147483867U, 2147483869U, 2147483887U, 2147483893U, 2147483929U, 2147483951U, 2147483993U, 2147483999U,
    2147484007U, 2147484037U, 2147484041U, 2147484043U, 2147484061U, 2147484083U, 2147484109U, 2147484161U,
    2147484167U, 2147484197U, 2147484203U, 2147484221U, 2147484223U, 2147484233U, 2147484239U, 2147484259U};

JETCUDA_BOTH inline Word exchanged_word(Word word, Word random) {
    Word own[entries];
    JETCUDA_ROLLED
    for (Word place = 0; place < entries; ++place) own[place] = place;
    Word other = random;
    JETCUDA_ROLLED
    for (Word place = 0; place < entries; ++place) {
        other = (other + own[place] + (random >> place)) % entries;
        const Word kept = own[place];
        own[place] = own[other];
        own[other] = kept;
    }
    JETCUDA_ROLLED
    for (Word place = 0; place < entries; ++place) word = fold(word, own[(place * 29U + random) % entries]);
    return word;
}

#ifdef __CUDA__
JETCUDA_DEVICE
#else
inline
#endif
Word constant_local_word(Word index, Word seed) {
    const Word random = scramble(index, seed);
    Word word = index, place = random;
    JETCUDA_ROLLED
    for (Word step = 0; step < entries; ++step) {
        word = fold(word, table[step]);  // one place for all
        place = table[place % entries] >> 3U ^ word;
        word = fold(word, table[place % entries]);
    }
    return exchanged_word(word, random);
}

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(constant_local) {
    const Word index = thread_of_grid();
    give(out, count, index, constant_local_word(index, seed));
}
#else
JETCUDA_TWIN(constant_local) {
    for (Word index = 0; index < count; ++index) give(out, count, index, constant_local_word(index, seed));
}
extern const KernelUse constant_local_use{KernelRole::checked, "constant memory and a thread's own", 16 * threads,
                                          threads};
#endif

}  // namespace jetcuda
