// A cubin: an ELF file of machine code for one kind of GPU. For which one is written in e_flags, and where in them
// changed with CUDA 13: who reads a new file by the old rule finds sm_4 in it (cuobjdump 11.8 does).
//
//     CUDA 12 and before, sm <= 90               EI_OSABI 0x33, EI_ABIVERSION 7   sm in bits 0-7,  "a" in bit 11
//     CUDA 13; sm >= 100 from CUDA 12.8 on       EI_OSABI 0x41, EI_ABIVERSION 8   sm in bits 8-15, "a" in bit 3
//
// The places of "a" are those of LLVM's headers. CUDA 13.0 does not set it: there the suffix is known from the
// container, and of a cubin without one from the command line that ptxas keeps in a note.

#pragma once

#include <cstdint>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

constexpr std::uint16_t cubin_machine = 190;

struct CubinHeader {
    std::uint32_t abi = 0;  // EI_ABIVERSION
    std::uint32_t sm = 0;   // 0 where the ABI is none of the two: then nothing is known of e_flags
    char suffix = '\0';
    bool relocatable = false;  // to be linked with others before it can be loaded
};

constexpr std::uint64_t cubin_header_size = 64;

// Of the first bytes of a cubin. Throws Malformed where they are none.
CubinHeader read_cubin_header(ByteView start);

// 'a' or 'f' where the note of its assembler says that it was made for such an architecture; else NUL.
char cubin_suffix_of_note(const ByteSource& cubin);

// Does it hold machine code? nvcc's device link leaves cubins without any ("stubs"), which run nothing.
bool cubin_has_code(const ByteSource& cubin);

}  // namespace jetcuda
