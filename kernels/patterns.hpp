// The patterns of the memory kernels, shared by the device code, its host twin and the probe. A seed names the pattern
// in its upper 8 bits and its parameter in the lower 24, and the word at `index` follows from both.

#pragma once

#include <cstdint>

#ifdef __CUDA__
#define JETCUDA_BOTH __attribute__((host)) __attribute__((device))
#else
#define JETCUDA_BOTH
#endif

namespace jetcuda {

enum class Pattern : std::uint32_t {
    walking_ones = 1,   // one bit set, at (index + parameter) mod 32: shorts between data lines
    walking_zeros = 2,  // its complement
    addresses = 3,      // each word holds its own index: a line of the address that is stuck makes two words one
    solid = 4,          // parameter's lowest byte in each byte: 0x00, 0xFF, 0x55, 0xAA, for moving inversions
    random = 5          // a hash of index and parameter: couplings that no regular pattern meets
};

constexpr std::uint32_t pattern_seed(Pattern pattern, std::uint32_t parameter) {
    return static_cast<std::uint32_t>(pattern) << 24U | (parameter & 0xFFFFFFU);
}

JETCUDA_BOTH inline std::uint32_t pattern_word(std::uint32_t seed, std::uint32_t index) {
    const std::uint32_t parameter = seed & 0xFFFFFFU;
    switch (seed >> 24U) {
        case 1: return 1U << ((index + parameter) & 31U);
        case 2: return ~(1U << ((index + parameter) & 31U));
        case 3: return index;
        case 4: return (parameter & 0xFFU) * 0x01010101U;
        default: break;
    }
    // The finalizer of MurmurHash3, which spreads every bit of its input over the whole word.
    std::uint32_t hash = index ^ (parameter * 0x9E3779B9U);
    hash = (hash ^ (hash >> 16U)) * 0x85EBCA6BU;
    hash = (hash ^ (hash >> 13U)) * 0xC2B2AE35U;
    return hash ^ (hash >> 16U);
}

}  // namespace jetcuda
