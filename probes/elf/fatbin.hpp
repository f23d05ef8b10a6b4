// Fat binaries: containers of device code for several GPUs, of which the driver takes what fits. NVIDIA does not
// describe them; this layout was read out of files that nvcc 11.8 to 13.0 made.
//
//     container   u32 magic 0xBA55ED50, u16 version 1, u16 header size 16, u64 size of all that follows
//     entry       u16 kind, u16 0x0101, u32 header size, u64 stored size of the payload (padded to 8) ... then the
//                 payload, at the end of the header, whose size differs from entry to entry
//
// One file holds up to tens of thousands of containers, one behind the other with zeros between them up to the
// section's alignment (256 bytes in aarch64 files of CUDA 12 and later).

#pragma once

#include <cstdint>
#include <string>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

struct FatbinEntry {
    static constexpr std::uint16_t kind_ptx = 1;
    static constexpr std::uint16_t kind_cubin = 2;
    static constexpr std::uint16_t kind_lto = 8;

    FileOffset at;
    std::uint16_t kind = 0;
    std::uint32_t header_size = 0;
    std::uint64_t stored_size = 0;  // of the payload, with its padding
    std::uint16_t major = 0;        // PTX: of its ISA; cubin: 1
    std::uint16_t minor = 0;        // PTX: of its ISA; cubin: its ELF ABI version
    std::uint32_t sm = 0;
    std::uint64_t flags = 0;
    std::uint64_t unpacked_size = 0;  // 0 where it is not compressed

    [[nodiscard]] bool lz4() const { return (flags & 0x2000U) != 0; }
    [[nodiscard]] bool zstd() const { return (flags & 0x8000U) != 0; }
    [[nodiscard]] char suffix() const;  // 'a', 'f', or NUL
    [[nodiscard]] FileOffset payload() const { return at.plus(header_size); }
    [[nodiscard]] FileOffset end() const { return payload().plus(stored_size); }
};

constexpr std::uint64_t fatbin_header_size = 16;
constexpr std::uint64_t fatbin_entry_size = 64;  // the part that every entry has

bool starts_with_fatbin_magic(ByteView start);

// In ordinary data the magic alone proves nothing; with a header of the right form, and an entry's behind it, it is
// enough. A file may be full of magics: no exception for each.
bool looks_like_container(ByteView start);

// How many bytes follow the header of a container. Throws Malformed where it is none.
std::uint64_t read_fatbin_header(ByteView start);

// `room`: the bytes from here to the end of the container. Throws Malformed where this is no entry, or leaves it.
FatbinEntry read_fatbin_entry(FileOffset at, ByteView start, std::uint64_t room);

}  // namespace jetcuda
