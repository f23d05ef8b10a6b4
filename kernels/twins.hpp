// The host twins of the probe kernels: the same sources, compiled for the CPU. They say what a GPU must answer. They
// are also what the simulated libcuda runs, which therefore proves the probe and not the kernels.

#pragma once

#include <cstdint>
#include <string_view>

namespace jetcuda {

// As the kernel, all its threads. `out` has count + 1 words of a checked kernel, 4 of memory_invert.
using Twin = void(std::uint32_t* out, std::uint32_t* in, std::uint32_t count, std::uint32_t seed);

Twin* twin_of(std::string_view kernel);  // null: there is no such kernel

}  // namespace jetcuda
