// Proves arithmetic in half precision (fp16): two at once in a register, sum, difference, product, fused multiply-add,
// comparison, and conversion from and to single precision with ties, subnormal results and overflow.
//
// Expected: the bits that the twin rounds by hand. The operands lie between 2^-4 and 2^4, where a double holds every
// exact result, so that each is rounded once.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

// Two halves, any signs and digits, exponents -4 … 3.
JETCUDA_BOTH inline Word halves_near_one(Word random) {
    return (random & 0x83FF83FFU) | (0x2C002C00U + (random & 0x1C001C00U));
}
// A float that rounds to any half there is, and past both ends.
JETCUDA_BOTH inline float float_near_halves(Word random) {
    const Word tie = random % 4 == 0 ? 0x1000U : random & 0x1FFFU;  // every fourth lies right between two halves
    return float_of((random & 0x807FE000U) | tie | (127U - 26U + (random >> 23U & 0xFFU) % 43U) << 23U);
}

#ifdef __CUDA__

JETCUDA_DEVICE Word halves_sum(Word a, Word b) {
    Word result;
    asm("add.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
JETCUDA_DEVICE Word halves_difference(Word a, Word b) {
    Word result;
    asm("sub.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
JETCUDA_DEVICE Word halves_product(Word a, Word b) {
    Word result;
    asm("mul.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
JETCUDA_DEVICE Word halves_fused(Word a, Word b, Word c) {
    Word result;
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}
JETCUDA_DEVICE Word halves_compared(Word a, Word b) {
    Word result;
    asm("{ .reg .pred low, high; .reg .b32 one, two;\n"
        "  setp.lt.f16x2 low|high, %1, %2;\n"
        "  selp.b32 one, 1, 0, low; selp.b32 two, 2, 0, high; or.b32 %0, one, two; }"
        : "=r"(result)
        : "r"(a), "r"(b));
    return result;
}
JETCUDA_DEVICE Word half_of_float(float value) {
    std::uint16_t result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(value));
    return result;
}
JETCUDA_DEVICE float float_of_half(Word half) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(static_cast<std::uint16_t>(half)));
    return result;
}

#else

inline double value_of_half(Word half) {
    const auto exponent = static_cast<int>(half >> 10U & 31U);  // 31, infinity, is not asked for
    const auto digits = static_cast<int>(half & 0x3FFU);
    const double size = exponent == 0 ? digits * 0x1p-24 : __builtin_ldexp(1024 + digits, exponent - 25);
    return (half & 0x8000U) != 0 ? -size : size;
}
// To the nearest half, of two equally near ones to the even one.
inline Word rounded_to_half(double value) {
    const Word sign = __builtin_signbit(value) != 0 ? 0x8000U : 0U;
    const double size = __builtin_fabs(value);
    int exponent = -14;
    while (exponent < 16 && size >= __builtin_ldexp(2.0, exponent)) ++exponent;
    if (exponent > 15) return sign | 0x7C00U;
    const double digits = __builtin_ldexp(size, 10 - exponent);  // below 2048
    auto whole = static_cast<Word>(digits);
    const double rest = digits - whole;
    if (rest > 0.5 || (rest == 0.5 && whole % 2 != 0)) ++whole;
    // The leading digit, where there is one, raises the exponent's field to what it must be; so does a carry.
    return sign | ((static_cast<Word>(exponent + 14) << 10U) + whole);
}
template <class Function>
Word of_both_halves(Function&& function) {
    return rounded_to_half(function(0U)) | rounded_to_half(function(16U)) << 16U;
}
inline double half_at(Word halves, Word shift) { return value_of_half(halves >> shift & 0xFFFFU); }

inline Word halves_sum(Word a, Word b) {
    return of_both_halves([&](Word shift) { return half_at(a, shift) + half_at(b, shift); });
}
inline Word halves_difference(Word a, Word b) {
    return of_both_halves([&](Word shift) { return half_at(a, shift) - half_at(b, shift); });
}
inline Word halves_product(Word a, Word b) {
    return of_both_halves([&](Word shift) { return half_at(a, shift) * half_at(b, shift); });
}
inline Word halves_fused(Word a, Word b, Word c) {
    return of_both_halves([&](Word shift) { return half_at(a, shift) * half_at(b, shift) + half_at(c, shift); });
}
inline Word halves_compared(Word a, Word b) {
    return (half_at(a, 0) < half_at(b, 0) ? 1U : 0U) | (half_at(a, 16) < half_at(b, 16) ? 2U : 0U);
}
inline Word half_of_float(float value) { return rounded_to_half(static_cast<double>(value)); }
inline float float_of_half(Word half) { return static_cast<float>(value_of_half(half)); }

#endif

JETCUDA_BOTH inline Word halves_word(Word index, Word seed) {
    const Word a = halves_near_one(scramble(4 * index, seed));
    const Word b = halves_near_one(scramble(4 * index + 1, seed));
    const Word c = halves_near_one(scramble(4 * index + 2, seed));
    Word word = fold(fold(index, halves_sum(a, b)), halves_difference(a, b));
    word = fold(fold(word, halves_product(a, b)), halves_fused(a, b, c));
    word = fold(word, halves_compared(a, b));
    word = fold(word, half_of_float(float_near_halves(scramble(4 * index + 3, seed))));
    word = fold(word, bits_of(float_of_half(index & 0x83FFU)));  // zeros and subnormal numbers
    return fold(word, bits_of(float_of_half(a & 0xFFFFU)));
}

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(halves) {
    const Word index = thread_of_grid();
    give(out, count, index, halves_word(index, seed));
}
#else
JETCUDA_TWIN(halves) {
    for (Word index = 0; index < count; ++index) give(out, count, index, halves_word(index, seed));
}
extern const KernelUse halves_use{KernelRole::checked, "half-precision arithmetic", 16 * threads, threads};
#endif

}  // namespace jetcuda
