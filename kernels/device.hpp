// What every kernel's source begins with. Each is compiled twice: by clang for the GPU, where it defines the kernel
// itself, and by the host's compiler, where it defines the kernel's twin and says how the kernel is launched. What
// both compute stands once, in functions marked JETCUDA_BOTH; what the hardware does by an instruction of its own
// (a shuffle, a tensor core) the twin works out in plain C++, so that it can disagree.
//
// No header of CUDA is needed: the compiler's own attributes and registers are enough.

#pragma once

#include <cstdint>

#include "kernels/patterns.hpp"

namespace jetcuda {

using Word = std::uint32_t;
using Wide = std::uint64_t;

constexpr Word lanes_of_warp = 32;

// A word that looks random, of an index and a seed.
JETCUDA_BOTH inline Word scramble(Word index, Word seed) {
    return pattern_word(pattern_seed(Pattern::random, seed), index);
}

// Takes one more result into a thread's word. The factor is odd: a result that differs makes a word that does.
JETCUDA_BOTH inline Word fold(Word word, Word result) { return word * 0x9E3779B1U + result; }
JETCUDA_BOTH inline Word fold_wide(Word word, Wide result) {
    return fold(fold(word, static_cast<Word>(result)), static_cast<Word>(result >> 32U));
}

JETCUDA_BOTH inline float float_of(Word bits) {
    float value = 0;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}
JETCUDA_BOTH inline double double_of(Wide bits) {
    double value = 0;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}
JETCUDA_BOTH inline Word bits_of(float value) {
    Word bits = 0;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}
JETCUDA_BOTH inline Wide bits_of(double value) {
    Wide bits = 0;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

}  // namespace jetcuda

#ifdef __CUDA__

// Before a loop that is not to be unrolled: images are kept small.
#define JETCUDA_ROLLED _Pragma("unroll 1")
#define JETCUDA_KERNEL(name)                                                                            \
    extern "C" __attribute__((global)) void name([[maybe_unused]] Word* out, [[maybe_unused]] Word* in, \
                                                 [[maybe_unused]] Word count, [[maybe_unused]] Word seed)
#define JETCUDA_DEVICE __attribute__((device)) inline
#define JETCUDA_SHARED __attribute__((shared))
#define JETCUDA_TABLE __attribute__((constant))

namespace jetcuda {

JETCUDA_DEVICE Word thread_of_block() { return static_cast<Word>(__nvvm_read_ptx_sreg_tid_x()); }
JETCUDA_DEVICE Word thread_of_grid() {
    return static_cast<Word>(__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x()) + thread_of_block();
}
JETCUDA_DEVICE void barrier() { __syncthreads(); }

// Adds to a word that other threads add to, in any memory; what it held.
JETCUDA_DEVICE Word add_to(Word* word, Word operand) {
    return static_cast<Word>(__nvvm_atom_add_gen_i(reinterpret_cast<int*>(word), static_cast<int>(operand)));
}

// A thread's answer: its own word, and its part of the checksum (kernels.hpp).
JETCUDA_DEVICE void give(Word* out, Word count, Word index, Word word) {
    if (index >= count) return;
    out[index] = word;
    add_to(&out[count], word);
}

}  // namespace jetcuda

#else

#include "kernels/kernels.hpp"

#define JETCUDA_TWIN(name)                                                                               \
    void name##_twin([[maybe_unused]] Word* out, [[maybe_unused]] Word* in, [[maybe_unused]] Word count, \
                     [[maybe_unused]] Word seed)
#define JETCUDA_TABLE const
#define JETCUDA_ROLLED

namespace jetcuda {

// How a kernel is used; kernels.cpp puts its images to it.
struct KernelUse {
    KernelRole role = KernelRole::checked;
    std::string_view proves;
    Word count = 0;
    Word threads = 0;
    Word dynamic_shared_bytes = 0;
    bool covers_every_sm = false;
};

inline void give(Word* out, Word count, Word index, Word word) {
    out[index] = word;
    out[count] += word;
}

}  // namespace jetcuda

#endif
