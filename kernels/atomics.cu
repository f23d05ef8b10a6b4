// Proves atomic operations, in global memory across blocks and in shared memory: add, minimum, maximum, and, or, xor,
// increment with a wrap, exchange, compare-and-swap, and floating-point add.
//
// Expected: what the same operations give one after another, in any order: each cell knows one of them only, so order
// does not matter. The checksum adds up what each operation changed, by what it said the cell held before; after one
// lost operation, or one answer that was not the cell's last, it is no longer the sum of the words.
//
// A block's words: the first half are changed by threads of all blocks; the next quarter by its own block, which sets
// them first; the last quarter shows what is in its cells of shared memory.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 256;
constexpr Word half = threads / 2, quarter = threads / 4;
constexpr Word turns = 4;    // of each thread, on a cell of each kind
constexpr Word wrap_at = 5;  // incrementing goes 0 … 5, then 0

// The first eight are done on the words of all blocks, the last eight on a block's own: only those can be set before.
enum class Operation : Word {
    bits_xor,
    increment,
    add,
    minimum,
    maximum,
    bits_or,
    compare_and_swap,
    float_add,
    exchange,
    bits_and
};
JETCUDA_BOTH inline Operation operation_on_common(Word cell) { return static_cast<Operation>(cell % 8); }
JETCUDA_BOTH inline Operation operation_on_own(Word cell) { return static_cast<Operation>(2 + cell % 8); }
JETCUDA_BOTH inline Word beginning_of(Operation operation) {
    return operation == Operation::bits_and ? 0xFFFFFFFFU : 0U;
}
JETCUDA_BOTH inline Word operand_of(Operation operation, Word random, Word cell) {
    const Word sparse = random & random >> 7U & random >> 14U;  // so that some bits stay as they are
    if (operation == Operation::bits_or) return sparse;
    if (operation == Operation::bits_and) return ~sparse;
    if (operation == Operation::float_add) return bits_of(static_cast<float>(random & 1023U));  // exact in every order
    return operation == Operation::exchange ? ~cell : random;  // the same from everyone
}
// 2x + 1 is multiplied by 2m + 1, which no single instruction does and whose order does not matter.
JETCUDA_BOTH inline Word swapped(Word before, Word operand) { return before + operand + 2 * before * operand; }

// What the cell holds then: for the twin, and for the checksum.
JETCUDA_BOTH inline Word after(Operation operation, Word before, Word operand) {
    const bool is_less = static_cast<std::int32_t>(operand) < static_cast<std::int32_t>(before);
    Word held = operand;  // exchange
    held = operation == Operation::bits_xor ? before ^ operand : held;
    held = operation == Operation::increment ? (before >= wrap_at ? 0 : before + 1) : held;
    held = operation == Operation::add ? before + operand : held;
    held = operation == Operation::minimum ? (is_less ? operand : before) : held;
    held = operation == Operation::maximum ? (operand > before ? operand : before) : held;
    held = operation == Operation::bits_or ? before | operand : held;
    held = operation == Operation::compare_and_swap ? swapped(before, operand) : held;
    held = operation == Operation::float_add ? bits_of(float_of(before) + float_of(operand)) : held;
    return operation == Operation::bits_and ? before & operand : held;
}

// Where a thread's turn goes: to a word of any block's first half, and to one of its own block's cells.
struct Turn {
    Word common, own, random;
};
JETCUDA_BOTH inline Turn turn_of(Word index, Word turn, Word count, Word seed) {
    const Word random = scramble(index * turns + turn, seed);
    const auto place = static_cast<Word>(static_cast<Wide>(random) * (count / 2) >> 32U);
    return {place / half * threads + place % half, random % quarter, scramble(random, seed)};
}

#ifdef __CUDA__

// One operation, where it is the one that is asked for: without a branch for each, the images stay small.
#define JETCUDA_ATOMIC(space, what, one, operand)                                                                \
    asm volatile("{ .reg .pred asked; setp.eq.u32 asked, %2, %4; @asked atom." space "." what " %0, [%1], %3; }" \
                 : "+r"(before)                                                                                  \
                 : "l"(address), "r"(static_cast<Word>(operation)), "r"(operand), "n"(static_cast<int>(one))     \
                 : "memory")
#define JETCUDA_ATOMICS(space)                                                        \
    JETCUDA_ATOMIC(space, "add.u32", Operation::add, operand);                        \
    JETCUDA_ATOMIC(space, "min.s32", Operation::minimum, operand);                    \
    JETCUDA_ATOMIC(space, "max.u32", Operation::maximum, operand);                    \
    JETCUDA_ATOMIC(space, "or.b32", Operation::bits_or, operand);                     \
    JETCUDA_ATOMIC(space, "xor.b32", Operation::bits_xor, operand);                   \
    JETCUDA_ATOMIC(space, "inc.u32", Operation::increment, wrap_at);                  \
    JETCUDA_ATOMIC(space, "add.f32", Operation::float_add, operand);                  \
    JETCUDA_ATOMIC(space, "exch.b32", Operation::exchange, operand);                  \
    JETCUDA_ATOMIC(space, "and.b32", Operation::bits_and, operand);                   \
    if (operation == Operation::compare_and_swap) {                                   \
        Word assumed = 0;                                                             \
        do {                                                                          \
            assumed = before;                                                         \
            asm volatile("atom." space ".cas.b32 %0, [%1], %2, %3;"                   \
                         : "=r"(before)                                               \
                         : "l"(address), "r"(assumed), "r"(swapped(assumed, operand)) \
                         : "memory");                                                 \
        } while (before != assumed);                                                  \
    }

// What the cell held before, as the GPU says.
JETCUDA_DEVICE Word done_in_global(Operation operation, Word* cell, Word operand) {
    Word before = 0;
    Wide address;
    asm("cvta.to.global.u64 %0, %1;" : "=l"(address) : "l"(cell));
    JETCUDA_ATOMICS("global")
    return before;
}
JETCUDA_DEVICE Word done_in_shared(Operation operation, Word* cell, Word operand) {
    Word before = 0;
    Wide address;
    asm("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(cell));
    JETCUDA_ATOMICS("shared")
    return before;
}

}  // namespace

JETCUDA_KERNEL(atomics) {
    JETCUDA_SHARED static Word cells[quarter];
    const Word index = thread_of_grid(), thread = thread_of_block();
    Word* const own_words = out + (index - thread) + half;
    Word changed = 0;
    if (thread < quarter) {
        const Word beginning = beginning_of(operation_on_own(thread));
        own_words[thread] = cells[thread] = beginning;
        changed = 2 * beginning;
    }
    barrier();
    JETCUDA_ROLLED
    for (Word number = 0; number < 3 * turns; ++number) {
        const Turn turn = turn_of(index, number / 3, count, seed);
        const bool is_common = number % 3 == 0, is_shared = number % 3 == 2;
        const Operation operation = is_common ? operation_on_common(turn.common) : operation_on_own(turn.own);
        const Word operand = operand_of(operation, turn.random, is_common ? turn.common : turn.own);
        const Word before =
            is_shared ? done_in_shared(operation, &cells[turn.own], operand)
                      : done_in_global(operation, is_common ? &out[turn.common] : &own_words[turn.own], operand);
        changed += after(operation, before, operand) - before;
    }
    barrier();
    if (thread < quarter) own_words[quarter + thread] = cells[thread];
    add_to(&out[count], changed);
}

#else

}  // namespace

JETCUDA_TWIN(atomics) {
    for (Word block = 0; block < count; block += threads)
        for (Word cell = 0; cell < quarter; ++cell) out[block + half + cell] = beginning_of(operation_on_own(cell));
    for (Word index = 0; index < count; ++index) {
        Word* const own_words = out + (index - index % threads) + half;
        for (Word number = 0; number < turns; ++number) {
            const Turn turn = turn_of(index, number, count, seed);
            Operation operation = operation_on_common(turn.common);
            Word& common = out[turn.common];
            common = after(operation, common, operand_of(operation, turn.random, turn.common));
            operation = operation_on_own(turn.own);
            Word& own = own_words[turn.own];
            own = after(operation, own, operand_of(operation, turn.random, turn.own));
        }
    }
    // The cells of shared memory went through the same.
    for (Word block = 0; block < count; block += threads)
        for (Word cell = 0; cell < quarter; ++cell) out[block + half + quarter + cell] = out[block + half + cell];
    for (Word index = 0; index < count; ++index) out[count] += out[index];
}
extern const KernelUse atomics_use{KernelRole::checked, "atomic operations", 16 * threads, threads};

#endif

}  // namespace jetcuda
