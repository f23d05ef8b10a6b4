// Proves atomic operations, in global memory across blocks and in shared memory: add, subtract, minimum, maximum, and,
// or, xor, increment with a wrap, exchange, compare-and-swap, and floating-point add.
//
// Expected: what the same operations give one after another, in any order: each cell knows one of them only, so order
// does not matter. The checksum adds up what each operation changed, by what it said the cell held before; after one
// lost operation, or one answer that was not the cell's last, it is no longer the sum of the words.
//
// A block's words: the first half are changed by threads of all blocks; the next quarter by its own block, which sets
// them first; the last quarter shows what is in its cells of shared memory.

#include "kernels/device.hpp"

namespace jetcuda {

constexpr Word threads = 256;
constexpr Word half = threads / 2, quarter = threads / 4;
constexpr Word turns = 4;    // of each thread, on a cell of each kind
constexpr Word wrap_at = 5;  // incrementing goes 0 … 5, then 0

// Those up to the last that begins at zero may be done on the first half's words.
enum class Operation : Word {
    add,
    subtract,
    minimum,
    maximum,
    bits_or,
    bits_xor,
    increment,
    compare_and_swap,
    float_add,
    exchange,
    bits_and,
    minimum_unsigned
};
constexpr Word operations = 12, operations_from_zero = 10;

JETCUDA_BOTH inline Operation operation_on_common(Word cell) {
    return static_cast<Operation>(cell % operations_from_zero);
}
JETCUDA_BOTH inline Operation operation_on_own(Word cell) { return static_cast<Operation>(cell % operations); }
JETCUDA_BOTH inline Word beginning_of(Operation operation) {
    return static_cast<Word>(operation) < operations_from_zero ? 0U : 0xFFFFFFFFU;
}
JETCUDA_BOTH inline Word operand_of(Operation operation, Word random, Word cell) {
    switch (operation) {
        case Operation::bits_or: return random & random >> 7U & random >> 14U;  // so that some bits stay
        case Operation::bits_and: return random | random >> 7U | random >> 14U;
        case Operation::float_add: return bits_of(static_cast<float>(random % 1000));  // whole: exact in every order
        case Operation::exchange: return cell * 0x9E3779B1U + 1;                       // the same from everyone
        default: return random;
    }
}
// 2x + 1 is multiplied by 2m + 1, which no single instruction does and whose order does not matter.
JETCUDA_BOTH inline Word swapped(Word before, Word operand) { return before + operand + 2 * before * operand; }

// What the cell holds then: for the twin, and for the checksum.
JETCUDA_BOTH inline Word after(Operation operation, Word before, Word operand) {
    switch (operation) {
        case Operation::add: return before + operand;
        case Operation::subtract: return before - operand;
        case Operation::minimum:
            return static_cast<std::int32_t>(operand) < static_cast<std::int32_t>(before) ? operand : before;
        case Operation::maximum: return operand > before ? operand : before;
        case Operation::bits_or: return before | operand;
        case Operation::bits_xor: return before ^ operand;
        case Operation::increment: return before >= wrap_at ? 0 : before + 1;
        case Operation::compare_and_swap: return swapped(before, operand);
        case Operation::float_add: return bits_of(float_of(before) + float_of(operand));
        case Operation::exchange: return operand;
        case Operation::bits_and: return before & operand;
        case Operation::minimum_unsigned: return operand < before ? operand : before;
    }
    return 0;
}

// Where a thread's turn goes: to a word of any block's first half, and to one of its own block's cells.
struct Turn {
    Word common, own, random;
};
JETCUDA_BOTH inline Turn turn_of(Word index, Word turn, Word count, Word seed) {
    const Word random = scramble(index * turns + turn, seed);
    const Word place = random % (count / 2);
    return {place / half * threads + place % half, (random >> 20U) % quarter, scramble(random, seed)};
}

#ifdef __CUDA__

#define JETCUDA_ATOMIC(space, what) \
    asm volatile("atom." space "." what " %0, [%1], %2;" : "=r"(before) : "l"(address), "r"(operand) : "memory")
#define JETCUDA_ATOMICS(space)                                                            \
    switch (operation) {                                                                  \
        case Operation::add: JETCUDA_ATOMIC(space, "add.u32"); break;                     \
        case Operation::subtract:                                                         \
            operand = 0U - operand;                                                       \
            JETCUDA_ATOMIC(space, "add.u32");                                             \
            break;                                                                        \
        case Operation::minimum: JETCUDA_ATOMIC(space, "min.s32"); break;                 \
        case Operation::maximum: JETCUDA_ATOMIC(space, "max.u32"); break;                 \
        case Operation::bits_or: JETCUDA_ATOMIC(space, "or.b32"); break;                  \
        case Operation::bits_xor: JETCUDA_ATOMIC(space, "xor.b32"); break;                \
        case Operation::increment:                                                        \
            operand = wrap_at;                                                            \
            JETCUDA_ATOMIC(space, "inc.u32");                                             \
            break;                                                                        \
        case Operation::compare_and_swap: {                                               \
            Word assumed = 0;                                                             \
            do {                                                                          \
                assumed = before;                                                         \
                asm volatile("atom." space ".cas.b32 %0, [%1], %2, %3;"                   \
                             : "=r"(before)                                               \
                             : "l"(address), "r"(assumed), "r"(swapped(assumed, operand)) \
                             : "memory");                                                 \
            } while (before != assumed);                                                  \
            break;                                                                        \
        }                                                                                 \
        case Operation::float_add: JETCUDA_ATOMIC(space, "add.f32"); break;               \
        case Operation::exchange: JETCUDA_ATOMIC(space, "exch.b32"); break;               \
        case Operation::bits_and: JETCUDA_ATOMIC(space, "and.b32"); break;                \
        case Operation::minimum_unsigned: JETCUDA_ATOMIC(space, "min.u32"); break;        \
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
JETCUDA_DEVICE Word change_in_global(Operation operation, Word* cell, Word operand) {
    const Word before = done_in_global(operation, cell, operand);
    return after(operation, before, operand) - before;
}

JETCUDA_KERNEL(atomics) {
    JETCUDA_SHARED static Word cells[quarter];
    JETCUDA_SHARED static Word cells_changed;  // what the answers say that all cells together have gained
    const Word index = thread_of_grid(), thread = thread_of_block();
    Word* const own_words = out + (index - thread) + half;
    Word changed = 0;
    if (thread == 0) cells_changed = 0;
    if (thread < quarter) {
        own_words[thread] = cells[thread] = beginning_of(operation_on_own(thread));
        changed = own_words[thread];
    }
    barrier();
    Word gained = 0;
    for (Word number = 0; number < turns; ++number) {
        const Turn turn = turn_of(index, number, count, seed);
        Operation operation = operation_on_common(turn.common);
        changed += change_in_global(operation, &out[turn.common], operand_of(operation, turn.random, turn.common));
        operation = operation_on_own(turn.own);
        const Word operand = operand_of(operation, turn.random, turn.own);
        changed += change_in_global(operation, &own_words[turn.own], operand);
        const Word before = done_in_shared(operation, &cells[turn.own], operand);
        gained += after(operation, before, operand) - before;
    }
    add_to(&cells_changed, gained);
    barrier();
    if (thread < quarter) {
        Word shown = cells[thread];
        if (thread == 0) {
            // The sum of the cells is what they began with and what was gained; else this word tells.
            Word sum = 0 - cells_changed;
            for (Word cell = 0; cell < quarter; ++cell) sum += cells[cell] - beginning_of(operation_on_own(cell));
            shown += sum;
        }
        own_words[quarter + thread] = shown;
        changed += shown;
    }
    add_to(&out[count], changed);
}

#else

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
