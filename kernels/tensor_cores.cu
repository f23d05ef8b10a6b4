// Proves the tensor cores: products of 16 x 16 matrices in half precision, summed up in single precision, and of 8-bit
// integers, summed up in 32 bits. Each warp makes two products of halves (a b, and a transposed times b) and one of
// bytes.
//
// Expected: plain integer arithmetic. The halves are whole numbers of -8 … 7 and no sum exceeds 2^12, so that every
// order of summing is exact; the bytes are any bytes.

#include "kernels/device.hpp"

namespace jetcuda {

namespace {

constexpr Word threads = 128;
constexpr Word side = 16, elements = side * side;
constexpr Word elements_of_thread = elements / lanes_of_warp;

// What the matrices of a warp hold at a place, row by row.
struct Elements {
    std::int32_t a, b, c, byte_a, byte_b;
};
JETCUDA_BOTH inline Elements elements_at(Word warp, Word place, Word seed) {
    const Word random = scramble(warp * elements + place, seed);
    const auto number = [random](Word position, Word size) {
        return static_cast<std::int32_t>(random >> position & (2 * size - 1)) - static_cast<std::int32_t>(size);
    };
    return {number(0, 8), number(4, 8), number(8, 8), number(12, 128), number(20, 128)};
}

#ifdef __CUDA__

// Of a small whole number, which both can hold.
JETCUDA_DEVICE std::uint16_t half_of(std::int32_t number) {
    std::uint16_t half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(static_cast<float>(number)));
    return half;
}

struct alignas(32) Tiles {
    std::uint16_t a[elements], b[elements];
    float c[elements];
    std::int8_t byte_a[elements], byte_b[elements];
    std::int32_t byte_d[elements];
};

}  // namespace

JETCUDA_KERNEL(tensor_cores) {
    JETCUDA_SHARED static Tiles tiles_of_warps[threads / lanes_of_warp];
    const Word index = thread_of_grid(), lane = index % lanes_of_warp, warp = index / lanes_of_warp;
    Tiles& tiles = tiles_of_warps[thread_of_block() / lanes_of_warp];
    JETCUDA_ROLLED
    for (Word place = lane; place < elements; place += lanes_of_warp) {
        const Elements numbers = elements_at(warp, place, seed);
        tiles.a[place] = half_of(numbers.a);
        tiles.b[place] = half_of(numbers.b);
        tiles.c[place] = static_cast<float>(numbers.c);
        tiles.byte_a[place] = static_cast<std::int8_t>(numbers.byte_a);
        tiles.byte_b[place] = static_cast<std::int8_t>(numbers.byte_b);
    }
    barrier();
    const auto words = [](auto* matrix) { return reinterpret_cast<int*>(matrix); };
    constexpr int by_rows = 0, by_columns = 1, columns_by_rows = 2;
    int a[8], a_transposed[8], b[8];
    float c[8];
    __hmma_m16n16k16_ld_a(a, words(tiles.a), side, by_rows);
    __hmma_m16n16k16_ld_a(a_transposed, words(tiles.a), side, by_columns);
    __hmma_m16n16k16_ld_b(b, words(tiles.b), side, by_rows);
    __hmma_m16n16k16_ld_c_f32(c, tiles.c, side, by_rows);
    __hmma_m16n16k16_mma_f32f32(c, a, b, c, by_rows, 0);
    __hmma_m16n16k16_mma_f32f32(c, a_transposed, b, c, columns_by_rows, 0);
    int byte_a[2], byte_b[2], byte_d[8] = {};
    __imma_m16n16k16_ld_a_s8(byte_a, words(tiles.byte_a), side, by_rows);
    __imma_m16n16k16_ld_b_s8(byte_b, words(tiles.byte_b), side, by_rows);
    __imma_m16n16k16_mma_s8(byte_d, byte_a, byte_b, byte_d, by_rows, 0);
    barrier();
    __hmma_m16n16k16_st_c_f32(tiles.c, c, side, by_rows);
    __imma_m16n16k16_st_c_i32(tiles.byte_d, byte_d, side, by_rows);
    barrier();
    Word word = index;
    JETCUDA_ROLLED
    for (Word number = 0; number < elements_of_thread; ++number) {
        const Word place = lane * elements_of_thread + number;
        word = fold(fold(word, static_cast<Word>(static_cast<std::int32_t>(tiles.c[place]))),
                    static_cast<Word>(tiles.byte_d[place]));
    }
    give(out, count, index, word);
}

#else

}  // namespace

JETCUDA_TWIN(tensor_cores) {
    std::vector<Elements> of_warp(elements);
    for (Word index = 0; index < count; ++index) {
        const Word lane = index % lanes_of_warp, warp = index / lanes_of_warp;
        for (Word place = 0; lane == 0 && place < elements; ++place) of_warp[place] = elements_at(warp, place, seed);
        Word word = index;
        for (Word number = 0; number < elements_of_thread; ++number) {
            const Word place = lane * elements_of_thread + number, row = place / side, column = place % side;
            std::int32_t sum = of_warp[place].c, byte_sum = 0;
            for (Word step = 0; step < side; ++step) {
                const Elements &left = of_warp[row * side + step], &left_transposed = of_warp[step * side + row];
                const Elements& right = of_warp[step * side + column];
                sum += (left.a + left_transposed.a) * right.b;
                byte_sum += left.byte_a * right.byte_b;
            }
            word = fold(fold(word, static_cast<Word>(sum)), static_cast<Word>(byte_sum));
        }
        give(out, count, index, word);
    }
}
extern const KernelUse tensor_cores_use{KernelRole::checked, "tensor cores", 4 * threads, threads};

#endif

}  // namespace jetcuda
