#include "probes/elf/cubin.hpp"

#include <string>
#include <string_view>

#include "probes/elf/elf_file.hpp"

namespace jetcuda {

CubinHeader read_cubin_header(ByteView start) {
    if (start.size() < cubin_header_size) throw Malformed("too short for a cubin");
    if (start.all().substr(0, 4) != "\177ELF") throw Malformed("no ELF file, where a cubin is one");
    if (start.u8(4) != 2 || start.u8(5) != 1) throw Malformed("no 64-bit little-endian ELF file, where a cubin is one");
    if (start.u16(18) != cubin_machine) {
        throw Malformed("an ELF file for machine " + std::to_string(start.u16(18)) + ", where a cubin has 190");
    }
    CubinHeader header;
    header.abi = start.u8(8);
    header.relocatable = start.u16(16) == ElfFile::type_relocatable;
    const std::uint32_t flags = start.u32(48);
    if (header.abi == 7) {
        header.sm = flags & 0xffU;
        if ((flags & 1U << 11U) != 0) header.suffix = 'a';
    } else if (header.abi == 8) {
        header.sm = flags >> 8U & 0xffU;
        if ((flags & 1U << 3U) != 0) header.suffix = 'a';
    }
    return header;
}

char cubin_suffix_of_note(const ByteSource& cubin) {
    constexpr std::string_view option = "-arch sm_";
    for (const ElfNote& note : ElfFile(cubin).notes()) {
        std::size_t at = note.payload.find(option);
        if (at == std::string::npos) continue;
        at = note.payload.find_first_not_of("0123456789", at + option.size());
        if (at == std::string::npos) continue;
        if (note.payload[at] == 'a' || note.payload[at] == 'f') return note.payload[at];
    }
    return '\0';
}

bool cubin_has_code(const ByteSource& cubin) { return ElfFile(cubin).has_machine_code(); }

}  // namespace jetcuda
