#include "probes/elf/fatbin.hpp"

#include <string>

namespace jetcuda {
namespace {

constexpr std::uint32_t magic = 0xBA55ED50U;
constexpr std::uint16_t entry_version = 0x0101;

constexpr std::uint64_t flag_this_architecture = 0x100000;
constexpr std::uint64_t flag_this_family = 0x200000;

}  // namespace

char FatbinEntry::suffix() const {
    return (flags & flag_this_architecture) != 0 ? 'a' : (flags & flag_this_family) != 0 ? 'f' : '\0';
}

bool starts_with_fatbin_magic(ByteView start) { return start.size() >= 4 && start.u32(0) == magic; }

bool looks_like_container(ByteView start) {
    if (start.size() < fatbin_header_size || start.u16(4) != 1 || start.u16(6) != fatbin_header_size) return false;
    if (start.u64(8) == 0) return true;
    return start.size() >= fatbin_header_size + 4 && start.u16(fatbin_header_size + 2) == entry_version;
}

std::uint64_t read_fatbin_header(ByteView start) {
    if (!starts_with_fatbin_magic(start)) throw Malformed("does not begin as a fat binary does");
    if (start.size() < fatbin_header_size) throw Malformed("is cut off in its header");
    if (start.u16(4) != 1) throw Malformed("is of version " + std::to_string(start.u16(4)) + ", where 1 is known");
    if (start.u16(6) != fatbin_header_size) {
        throw Malformed("has a header of " + std::to_string(start.u16(6)) + " bytes, where 16 is the rule");
    }
    return start.u64(8);
}

FatbinEntry read_fatbin_entry(FileOffset at, ByteView start, std::uint64_t room) {
    if (start.size() < fatbin_entry_size || room < fatbin_entry_size) {
        throw Malformed("is cut off in its header, " + std::to_string(room) + " bytes before the container's end");
    }
    if (start.u16(2) != entry_version) {
        throw Malformed("is of version " + std::to_string(start.u16(2)) + ", where 257 is known");
    }
    FatbinEntry entry;
    entry.at = at;
    entry.kind = start.u16(0);
    entry.header_size = start.u32(4);
    entry.stored_size = start.u64(8);
    entry.minor = start.u16(0x18);
    entry.major = start.u16(0x1a);
    entry.sm = start.u32(0x1c);
    entry.flags = start.u64(0x28);
    entry.unpacked_size = start.u64(0x38);
    if (entry.header_size < fatbin_entry_size || entry.header_size > room) {
        throw Malformed("has a header of " + std::to_string(entry.header_size) +
                        " bytes, and its container ends behind " + std::to_string(room));
    }
    if (entry.stored_size > room - entry.header_size) {
        throw Malformed("has " + std::to_string(entry.stored_size) + " bytes, and its container ends behind " +
                        std::to_string(room - entry.header_size));
    }
    if (start.u32(0x10) > entry.stored_size) {
        throw Malformed("has " + std::to_string(start.u32(0x10)) + " compressed bytes, and stores " +
                        std::to_string(entry.stored_size));
    }
    return entry;
}

}  // namespace jetcuda
