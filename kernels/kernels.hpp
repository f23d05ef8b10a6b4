// The probe kernels: what each is called, how it is launched, and its images. One source each (kernels/NAME.cu); its
// PTX by clang, assembled for each GPU that a Jetson has (kernels/images/PROVENANCE.json says with what). The images
// are raw files, embedded: a driver is handed the cubin of its own architecture, or the text of the PTX, and never a
// fat binary.
//
// All kernels have one signature, so that one piece of code can launch and check any of them:
//
//   extern "C" void NAME(std::uint32_t* out, std::uint32_t* in, std::uint32_t count, std::uint32_t seed)
//
// `count` threads are launched, `threads` in each block. A checked kernel writes one word for each thread, out[0 …
// count-1], and adds each of them to out[count], whose sum modulo 2^32 depends on no order: `out` is count + 1 words,
// zeroed before. `in` is null for kernels that read nothing. What is expected comes from the kernel's host twin
// (twins.hpp).

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

enum class KernelRole {
    checked,       // out is compared with the twin's, word by word
    transform,     // a checked kernel that also reads in[i], for memory that CPU and GPU share, and for streams
    memory_write,  // fills out[0 … count-1] with the pattern that `seed` names (patterns.hpp); no checksum
    memory_invert  // holds in[0 … count-1] to that pattern and writes its complement into each word;
                   // out: {wrong words, and of one of them: index, expected, got}
};

struct Kernel {
    std::string_view name;  // of the file, and of the entry point
    KernelRole role = KernelRole::checked;
    std::string_view proves;    // "integer arithmetic": fits "… is wrong"
    std::uint32_t count = 0;    // threads of an ordinary launch; of memory kernels any multiple of `threads` will do
    std::uint32_t threads = 0;  // of a block
    std::uint32_t dynamic_shared_bytes = 0;
    bool covers_every_sm = false;           // launched with `count` threads for each multiprocessor of the GPU
    std::string_view ptx;                   // ends in a zero byte, which is not counted
    std::string_view sm_72, sm_87, sm_110;  // cubins, 16-byte aligned

    [[nodiscard]] std::string_view cubin(int sm) const;  // empty: there is none for this architecture
};

const std::vector<Kernel>& all_kernels();
const Kernel& kernel_named(std::string_view name);  // one that there is

// The PTX ladder: the same empty kernel, entry point `rung`, as text of rising ISA versions, from 6.0 to the newest
// that the table below knows. What a driver compiles is then measured, and not worked out from its version.
struct PtxRung {
    int major = 0;
    int minor = 0;
    std::string text;
};
const std::vector<PtxRung>& ptx_ladder();

}  // namespace jetcuda
