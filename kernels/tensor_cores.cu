// Proves the tensor cores: products of 16 x 16 matrices in half precision, summed up in single precision, and of 8-bit
// integers, summed up in 32 bits. Each warp makes two products of halves (a b, and a transposed times b) and one of
// bytes.
//
// Expected: plain integer arithmetic. The halves are whole numbers of -8 … 8 and no sum exceeds 2^12, so that every
// order of summing is exact; the bytes are any bytes.

#include "kernels/device.hpp"

namespace jetcuda {

constexpr Word threads = 128;
constexpr Word side = 16, elements = side * side;
constexpr Word elements_of_thread = elements / lanes_of_warp;

// What the matrices of a warp hold at a place, row by row.
enum class Matrix : Word { a, b, c, byte_a, byte_b };
JETCUDA_BOTH inline std::int32_t element(Matrix matrix, Word warp, Word place, Word seed) {
    const Word random = scramble((warp * elements + place) * 8 + static_cast<Word>(matrix), seed);
    const bool is_byte = matrix == Matrix::byte_a || matrix == Matrix::byte_b;
    return is_byte ? static_cast<std::int32_t>(random & 0xFFU) - 128 : static_cast<std::int32_t>(random % 17) - 8;
}

#ifdef __CUDA__

// Of a whole number of -8 … 8; by hand, since a GPU that converts wrongly is another kernel's finding.
JETCUDA_DEVICE std::uint16_t half_of(std::int32_t number) {
    if (number == 0) return 0;
    const Word size = static_cast<Word>(number < 0 ? -number : number);
    const Word exponent = size >= 8 ? 3 : size >= 4 ? 2 : size >= 2 ? 1 : 0;
    return static_cast<std::uint16_t>((number < 0 ? 0x8000U : 0U) + ((14 + exponent) << 10U) +
                                      (size << (10 - exponent)));
}

struct alignas(32) Tiles {
    std::uint16_t a[elements], b[elements];
    float c[elements];
    std::int8_t byte_a[elements], byte_b[elements];
    std::int32_t byte_d[elements];
};

JETCUDA_KERNEL(tensor_cores) {
    JETCUDA_SHARED static Tiles tiles_of_warps[threads / lanes_of_warp];
    const Word index = thread_of_grid(), lane = index % lanes_of_warp, warp = index / lanes_of_warp;
    Tiles& tiles = tiles_of_warps[thread_of_block() / lanes_of_warp];
    for (Word place = lane; place < elements; place += lanes_of_warp) {
        tiles.a[place] = half_of(element(Matrix::a, warp, place, seed));
        tiles.b[place] = half_of(element(Matrix::b, warp, place, seed));
        tiles.c[place] = static_cast<float>(element(Matrix::c, warp, place, seed));
        tiles.byte_a[place] = static_cast<std::int8_t>(element(Matrix::byte_a, warp, place, seed));
        tiles.byte_b[place] = static_cast<std::int8_t>(element(Matrix::byte_b, warp, place, seed));
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
    for (Word number = 0; number < elements_of_thread; ++number) {
        const Word place = lane * elements_of_thread + number;
        word = fold(fold(word, static_cast<Word>(static_cast<std::int32_t>(tiles.c[place]))),
                    static_cast<Word>(tiles.byte_d[place]));
    }
    give(out, count, index, word);
}

#else

JETCUDA_TWIN(tensor_cores) {
    std::vector<std::int32_t> a(elements), b(elements), byte_a(elements), byte_b(elements);
    for (Word index = 0; index < count; ++index) {
        const Word lane = index % lanes_of_warp, warp = index / lanes_of_warp;
        for (Word place = 0; lane == 0 && place < elements; ++place) {
            a[place] = element(Matrix::a, warp, place, seed);
            b[place] = element(Matrix::b, warp, place, seed);
            byte_a[place] = element(Matrix::byte_a, warp, place, seed);
            byte_b[place] = element(Matrix::byte_b, warp, place, seed);
        }
        Word word = index;
        for (Word number = 0; number < elements_of_thread; ++number) {
            const Word place = lane * elements_of_thread + number, row = place / side, column = place % side;
            std::int32_t sum = element(Matrix::c, warp, place, seed), byte_sum = 0;
            for (Word step = 0; step < side; ++step) {
                const Word in_b = step * side + column;
                sum += (a[row * side + step] + a[step * side + row]) * b[in_b];
                byte_sum += byte_a[row * side + step] * byte_b[in_b];
            }
            word = fold(fold(word, static_cast<Word>(sum)), static_cast<Word>(byte_sum));
        }
        give(out, count, index, word);
    }
}
extern const KernelUse tensor_cores_use{KernelRole::checked, "tensor cores", 4 * threads, threads};

#endif

}  // namespace jetcuda
