// Proves what the 32 lanes of a warp tell one another without memory: shuffles in all four directions, votes, matches,
// and votes of half a warp while the other half is elsewhere.
//
// Expected: word = the fold, from the index on, of what the lane must hear; the twin looks it up in the other lanes'
// words.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 128;
constexpr Word up = 3, down = 5;  // lanes that a shuffle goes

#ifdef __CUDA__

constexpr Word odd_lanes = 0xAAAAAAAAU, even_lanes = 0x55555555U, all_lanes = 0xFFFFFFFFU;

JETCUDA_DEVICE Word from_lane(Word mine, Word lane) {
    return static_cast<Word>(__nvvm_shfl_sync_idx_i32(all_lanes, static_cast<int>(mine), static_cast<int>(lane), 31));
}
JETCUDA_DEVICE Word from_below(Word mine) {
    return static_cast<Word>(__nvvm_shfl_sync_up_i32(all_lanes, static_cast<int>(mine), up, 0));
}
JETCUDA_DEVICE Word from_above(Word mine) {
    return static_cast<Word>(__nvvm_shfl_sync_down_i32(all_lanes, static_cast<int>(mine), down, 31));
}
JETCUDA_DEVICE Word from_across(Word mine, Word distance) {
    return static_cast<Word>(
        __nvvm_shfl_sync_bfly_i32(all_lanes, static_cast<int>(mine), static_cast<int>(distance), 31));
}
JETCUDA_DEVICE Word ballot(Word lanes, bool vote) { return static_cast<Word>(__nvvm_vote_ballot_sync(lanes, vote)); }
JETCUDA_DEVICE Word lanes_alike(Word value) {
    Word lanes;
    asm volatile("match.any.sync.b32 %0, %1, 0xFFFFFFFF;" : "=r"(lanes) : "r"(value));
    return lanes;
}

}  // namespace

JETCUDA_KERNEL(warps) {
    const Word index = thread_of_grid(), lane = index % lanes_of_warp;
    const Word mine = scramble(index, seed);
    Word word = fold(index, from_lane(mine, (7 * lane + 3) % lanes_of_warp));
    word = fold(word, from_lane(mine, mine % lanes_of_warp));
    word = fold(fold(word, from_below(mine)), from_above(mine));
    Word sum = mine;
    for (Word distance = 16; distance != 0; distance /= 2) sum += from_across(sum, distance);
    word = fold(word, sum);
    word = fold(word, ballot(all_lanes, (mine & 1U) != 0));
    word = fold(word, __nvvm_vote_any_sync(all_lanes, mine % 64 == 0) ? 1 : 2);
    word = fold(word, __nvvm_vote_all_sync(all_lanes, mine % 64 != 1) ? 3 : 4);
    word = fold(word, lanes_alike(mine % 8));
    if (lane % 2 != 0) {
        word = fold(word, ballot(odd_lanes, (mine & 2U) != 0));
    } else {
        word = fold(word, ballot(even_lanes, (mine & 4U) != 0));
    }
    give(out, count, index, word);
}

#else

}  // namespace

JETCUDA_TWIN(warps) {
    for (Word warp = 0; warp < count; warp += lanes_of_warp) {
        Word words[lanes_of_warp];
        Word sum = 0, votes = 0, odd_votes = 0, even_votes = 0;
        bool any = false, all = true;
        for (Word lane = 0; lane < lanes_of_warp; ++lane) {
            const Word one = words[lane] = scramble(warp + lane, seed);
            sum += one;
            votes |= (one & 1U) << lane;
            odd_votes |= (one >> 1U & lane & 1U) << lane;
            even_votes |= (one >> 2U & ~lane & 1U) << lane;
            any = any || one % 64 == 0;
            all = all && one % 64 != 1;
        }
        for (Word lane = 0; lane < lanes_of_warp; ++lane) {
            const Word mine = words[lane];
            Word word = fold(warp + lane, words[(7 * lane + 3) % lanes_of_warp]);
            word = fold(word, words[mine % lanes_of_warp]);
            word = fold(word, lane < up ? mine : words[lane - up]);
            word = fold(word, lane + down < lanes_of_warp ? words[lane + down] : mine);
            word = fold(fold(word, sum), votes);
            word = fold(fold(word, any ? 1 : 2), all ? 3 : 4);
            Word alike = 0;
            for (Word other = 0; other < lanes_of_warp; ++other)
                alike |= (words[other] % 8 == mine % 8 ? 1U : 0U) << other;
            word = fold(word, alike);
            give(out, count, warp + lane, fold(word, lane % 2 != 0 ? odd_votes : even_votes));
        }
    }
}
extern const KernelUse warps_use{KernelRole::checked, "what the lanes of a warp tell one another", 32 * threads,
                                 threads};

#endif

}  // namespace jetcuda
