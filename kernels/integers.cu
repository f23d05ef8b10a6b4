// Proves integer arithmetic: products and their upper halves, divisions and remainders, shifts, and the instructions
// that count, turn and pick bits, in 32 and in 64 bits.
//
// Expected: for each index the word that C++ on the host works out of the same operands. Every operation is exact, so
// there is one right answer; the divisors are never zero, and never make a quotient that does not fit.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;

#ifdef __CUDA__

JETCUDA_DEVICE Word high_product(Word a, Word b) {
    Word result;
    asm("mul.hi.u32 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
JETCUDA_DEVICE Word high_product_signed(Word a, Word b) {
    Word result;
    asm("mul.hi.s32 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
JETCUDA_DEVICE Wide high_product_wide(Wide a, Wide b) {
    Wide result;
    asm("mul.hi.u64 %0, %1, %2;" : "=l"(result) : "l"(a), "l"(b));
    return result;
}
JETCUDA_DEVICE Word bits_set(Word a) {
    Word result;
    asm("popc.b32 %0, %1;" : "=r"(result) : "r"(a));
    return result;
}
JETCUDA_DEVICE Word leading_zeros(Word a) {
    Word result;
    asm("clz.b32 %0, %1;" : "=r"(result) : "r"(a));
    return result;
}
JETCUDA_DEVICE Word reversed(Word a) {
    Word result;
    asm("brev.b32 %0, %1;" : "=r"(result) : "r"(a));
    return result;
}
JETCUDA_DEVICE Word funnel_shifted(Word low, Word high, Word by) {
    Word result;
    asm("shf.l.wrap.b32 %0, %1, %2, %3;" : "=r"(result) : "r"(low), "r"(high), "r"(by));
    return result;
}
JETCUDA_DEVICE Word picked_bytes(Word a, Word b, Word which) {
    Word result;
    asm("prmt.b32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(which));
    return result;
}
JETCUDA_DEVICE Word bit_field(Word a, Word position, Word length) {
    Word result;
    asm("bfe.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(position), "r"(length));
    return result;
}
JETCUDA_DEVICE Word distance_added(Word a, Word b, Word sum) {
    Word result;
    asm("sad.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}
JETCUDA_DEVICE Word bytes_multiplied_added(Word a, Word b, Word sum) {
    Word result;
    asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

#else

inline Word high_product(Word a, Word b) { return static_cast<Word>(static_cast<Wide>(a) * b >> 32U); }
inline Word high_product_signed(Word a, Word b) {
    // As unsigned numbers a negative operand counts 2^32 too much, which adds the other one to the upper half.
    return high_product(a, b) - (a >> 31U != 0 ? b : 0U) - (b >> 31U != 0 ? a : 0U);
}
inline Wide high_product_wide(Wide a, Wide b) {
    const Wide a_low = a & 0xFFFFFFFFU, a_high = a >> 32U, b_low = b & 0xFFFFFFFFU, b_high = b >> 32U;
    const Wide middle = a_high * b_low + (a_low * b_low >> 32U);
    return a_high * b_high + (middle >> 32U) + ((a_low * b_high + (middle & 0xFFFFFFFFU)) >> 32U);
}
inline Word bits_set(Word a) {
    Word count = 0;
    for (; a != 0; a >>= 1U) count += a & 1U;
    return count;
}
inline Word leading_zeros(Word a) {
    Word count = 32;
    for (; a != 0; a >>= 1U) --count;
    return count;
}
inline Word reversed(Word a) {
    Word result = 0;
    for (int bit = 0; bit < 32; ++bit, a >>= 1U) result = result << 1U | (a & 1U);
    return result;
}
inline Word funnel_shifted(Word low, Word high, Word by) {
    const Wide both = static_cast<Wide>(high) << 32U | low;
    return static_cast<Word>(both << (by & 31U) >> 32U);
}
inline Word picked_bytes(Word a, Word b, Word which) {
    const Wide both = static_cast<Wide>(b) << 32U | a;
    Word result = 0;
    for (Word byte = 0; byte < 4; ++byte) {
        const Word from = which >> (4 * byte) & 7U;
        result |= static_cast<Word>(both >> (8 * from) & 0xFFU) << (8 * byte);
    }
    return result;
}
inline Word bit_field(Word a, Word position, Word length) {
    return static_cast<Word>(static_cast<Wide>(a) >> position & ((Wide{1} << length) - 1));
}
inline Word distance_added(Word a, Word b, Word sum) { return sum + (a > b ? a - b : b - a); }
inline Word bytes_multiplied_added(Word a, Word b, Word sum) {
    for (Word byte = 0; byte < 4; ++byte) sum += (a >> (8 * byte) & 0xFFU) * (b >> (8 * byte) & 0xFFU);
    return sum;
}

#endif

JETCUDA_BOTH inline Word integer_word(Word index, Word seed) {
    const Word a = scramble(index, seed);
    const Word b = scramble(index ^ 0x80000000U, seed);
    const Word divisor = (b >> (a & 15U)) | 1U;
    const auto signed_a = static_cast<std::int32_t>(a);
    const std::int32_t signed_divisor = static_cast<std::int32_t>(b & 0xFFFFU) - 0x10001;

    Word word = fold(index, a * b + (a - b));
    word = fold(word, high_product(a, b));
    word = fold(word, high_product_signed(a, b));
    word = fold(word, a / divisor);
    word = fold(word, static_cast<Word>(signed_a % signed_divisor));
    word = fold(fold(word, a << (b & 31U)), a >> (b & 31U));
    word = fold(word, static_cast<Word>(signed_a >> (b & 31U)));
    word = fold(fold(word, a & ~b), signed_a < signed_divisor ? a | b : a ^ b);
    // Few bits set, so that counting them and the zeros before them gives all of 0 … 32.
    const Word sparse = static_cast<Word>(static_cast<Wide>(b) >> (a % 33U));
    word = fold(fold(word, bits_set(sparse)), leading_zeros(sparse));
    word = fold(fold(word, reversed(a)), funnel_shifted(a, b, index));
    word = fold(word, picked_bytes(a, b, index & 0x7777U));
    word = fold(word, bit_field(a, index & 31U, 1 + (b & 30U)));
    word = fold(word, distance_added(a, b, index));
    word = fold(word, bytes_multiplied_added(a, b, index));

    const Wide wide_a = static_cast<Wide>(a) << 32U | (b ^ index);
    const Wide wide_b = static_cast<Wide>(b) << 32U | reversed(a);
    word = fold_wide(word, wide_a * wide_b + (wide_a - wide_b));
    word = fold_wide(word, high_product_wide(wide_a, wide_b));
    word = fold_wide(fold_wide(word, wide_a << (b & 63U)), wide_a >> (b & 63U));
    return fold_wide(word, static_cast<Wide>(static_cast<std::int64_t>(wide_a) >> (a & 63U)));
}

}  // namespace

#ifdef __CUDA__
JETCUDA_KERNEL(integers) {
    const Word index = thread_of_grid();
    give(out, count, index, integer_word(index, seed));
}
#else
JETCUDA_TWIN(integers) {
    for (Word index = 0; index < count; ++index) give(out, count, index, integer_word(index, seed));
}
extern const KernelUse integers_use{KernelRole::checked, "integer arithmetic", 16 * threads, threads};
#endif

}  // namespace jetcuda
