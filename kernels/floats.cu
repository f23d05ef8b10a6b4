// Proves floating-point arithmetic in single and in double precision: the operations that IEEE 754 rounds in one way
// only, whoever computes them. Sum, product, quotient, square root, fused multiply-add, conversions, subnormal results.
//
// Expected: the very bits that the host computes. For that nothing may be fused or flushed that is not written so:
// both compilers are told -ffp-contract=off.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

// Any sign and any digits, and an exponent of -16 … 15: no operation below leaves the numbers.
JETCUDA_BOTH inline float float_near_one(Word random) {
    return float_of((random & 0x807FFFFFU) | (127U - 16U + (random >> 23U & 31U)) << 23U);
}
JETCUDA_BOTH inline double double_near_one(Word high, Word low) {
    const Word exponent = 1023U - 16U + (high >> 20U & 31U);
    return double_of(static_cast<Wide>((high & 0x800FFFFFU) | exponent << 20U) << 32U | low);
}

JETCUDA_BOTH inline Word single_word(Word word, float a, float b, float c) {
    word = fold(fold(word, bits_of(a + b)), bits_of(a - b));
    const float product = a * b;
    word = fold(fold(word, bits_of(product)), bits_of(a / b));
    word = fold(word, bits_of(__builtin_sqrtf(__builtin_fabsf(a))));
    word = fold(word, bits_of(__builtin_fmaf(a, b, c)));
    word = fold(word, bits_of(__builtin_fmaf(a, b, -product)));  // what rounding took from the product
    word = fold(word, bits_of(a * 0x1p-135F));                   // subnormal
    word = fold(word, bits_of(__builtin_rintf(a)));
    word = fold(word, static_cast<Word>(static_cast<std::int32_t>(a)));
    word = fold(word, bits_of(static_cast<float>(bits_of(b))));
    // Each step's rounding shows in all later ones.
    float walk = float_of(0x3F000000U | (bits_of(c) & 0x7FFFFFU));
    JETCUDA_ROLLED
    for (int step = 0; step < 16; ++step) walk = 3.75F * walk * (1.0F - walk);
    return fold(word, bits_of(walk));
}

JETCUDA_BOTH inline Word double_word(Word word, double a, double b, double c) {
    word = fold_wide(fold_wide(word, bits_of(a + b)), bits_of(a - b));
    const double product = a * b;
    word = fold_wide(fold_wide(word, bits_of(product)), bits_of(a / b));
    word = fold_wide(word, bits_of(__builtin_sqrt(__builtin_fabs(a))));
    word = fold_wide(word, bits_of(__builtin_fma(a, b, c)));
    word = fold_wide(word, bits_of(__builtin_fma(a, b, -product)));
    word = fold_wide(word, bits_of(a * 0x1p-1040));
    word = fold_wide(word, bits_of(__builtin_rint(a)));
    word = fold_wide(word, static_cast<Wide>(static_cast<std::int64_t>(a)));
    word = fold_wide(word, bits_of(static_cast<double>(bits_of(b))));
    word = fold(word, bits_of(static_cast<float>(a)));
    double walk = double_of(0x3FE0000000000000U | (bits_of(c) & 0xFFFFFFFFFFFFFU));
    JETCUDA_ROLLED
    for (int step = 0; step < 16; ++step) walk = 3.75 * walk * (1.0 - walk);
    return fold_wide(word, bits_of(walk));
}

JETCUDA_BOTH inline Word float_word(Word index, Word seed) {
    const Word first = scramble(index, seed), second = scramble(~index, seed);
    const Word a = first, b = second, c = first * second, a_low = first * 0x85EBCA6BU, b_low = second * 0x9E3779B1U;
    const Word word = single_word(index, float_near_one(a), float_near_one(b), float_near_one(c));
    return double_word(word, double_near_one(a, a_low), double_near_one(b, b_low), double_near_one(c, a_low ^ b_low));
}

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(floats) {
    const Word index = thread_of_grid();
    give(out, count, index, float_word(index, seed));
}
#else
JETCUDA_TWIN(floats) {
    for (Word index = 0; index < count; ++index) give(out, count, index, float_word(index, seed));
}
extern const KernelUse floats_use{KernelRole::checked, "floating-point arithmetic", 16 * threads, threads};
#endif

}  // namespace jetcuda
