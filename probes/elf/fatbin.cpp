#include "probes/elf/fatbin.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace jetcuda {
namespace {

constexpr std::uint32_t magic = 0xBA55ED50U;
constexpr std::string_view magic_bytes("\x50\xED\x55\xBA", 4);
constexpr std::uint16_t entry_version = 0x0101;

constexpr std::uint64_t flag_this_architecture = 0x100000;
constexpr std::uint64_t flag_this_family = 0x200000;

// One read brings a container's header, an entry's and the start of its payload, or the padding and what follows it.
constexpr std::uint64_t small_read = 4096;
constexpr std::uint64_t large_read = std::uint64_t{1} << 18U;

// Alignment explains some hundred bytes of zeros between containers. A run of this length is a hole where a copy
// failed.
constexpr std::uint64_t longest_padding = std::uint64_t{64} << 10U;

std::string at_offset(FileOffset at) { return " at offset " + std::to_string(at.value); }

std::size_t find_magic(std::string_view bytes) {
    // By its second byte, which is rare in texts and code.
    std::size_t from = 1;
    while (from + 2 < bytes.size()) {
        const void* found = std::memchr(bytes.data() + from, '\xED', bytes.size() - from - 2);
        if (found == nullptr) break;
        const auto place = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        if (bytes.substr(place - 1, 4) == magic_bytes) return place - 1;
        from = place + 1;
    }
    return std::string_view::npos;
}

// In ordinary data the magic alone proves nothing; with a header of the right form, and an entry's behind it, it is
// enough. A file may be full of magics: no exception for each.
bool looks_like_container(ByteView start) {
    if (start.size() < fatbin_header_size || start.u16(4) != 1 || start.u16(6) != fatbin_header_size) return false;
    if (start.u64(8) == 0) return true;
    return start.size() >= fatbin_header_size + 4 && start.u16(fatbin_header_size + 2) == entry_version;
}

class Search {
public:
    Search(Window& window, const FatbinRange& range, FatbinVisitor& visitor)
        : window_(window), range_(range), visitor_(visitor) {}

    void run() {
        FileOffset at = range_.begin;
        while (const std::optional<FileOffset> found = next_magic(at)) at = take_container(*found);
    }

private:
    // The next magic from `at` on. What is passed over is checked where it should be zeros.
    std::optional<FileOffset> next_magic(FileOffset at) {
        const FileOffset from = at;
        std::optional<FileOffset> foreign;
        // What the read before brought along comes first: a file of nothing but tiny containers is read once.
        const std::uint64_t held = std::min(window_.held(at), small_read);
        std::uint64_t step = held >= fatbin_header_size + fatbin_entry_size ? held : small_read;
        std::optional<FileOffset> found;
        while (at.value < range_.end.value) {
            // Asking where the data begins costs a system call, and most containers follow at once.
            if (step > small_read) at.value = std::min(window_.source().data_from(at).value, range_.end.value);
            const std::uint64_t size = std::min(step, range_.end.value - at.value);
            const std::string_view bytes = window_.view(at, size, size, range_.name).all();
            const std::size_t place = find_magic(bytes);
            const std::string_view passed = bytes.substr(0, place);
            if (range_.only_fatbins && !foreign) {
                const std::size_t odd = passed.find_first_not_of('\0');
                if (odd != std::string_view::npos) foreign = at.plus(odd);
            }
            if (place != std::string_view::npos) {
                found = at.plus(place);
                break;
            }
            // The magic may lie across the end of this piece.
            if (size == range_.end.value - at.value) break;
            at = at.plus(size - 3);
            step = std::min(std::max(step, small_read) * 4, large_read);
        }
        if (range_.only_fatbins) tell_gap(from, foreign, found.value_or(range_.end));
        return found;
    }

    void tell_gap(FileOffset from, std::optional<FileOffset> foreign, FileOffset to) {
        if (foreign) {
            visitor_.problem(range_.name + " holds something else than device code" + at_offset(*foreign));
        } else if (to.value - from.value > longest_padding) {
            visitor_.problem(range_.name + " holds " + std::to_string(to.value - from.value) +
                             " bytes of zeros in place of device code" + at_offset(from));
        }
    }

    // Returns where to go on looking.
    FileOffset take_container(FileOffset at) {
        const std::uint64_t room = range_.end.value - at.value;
        std::uint64_t size = 0;
        try {
            const ByteView start =
                window_.view(at, std::min(fatbin_header_size + fatbin_entry_size, room), small_read, range_.name);
            if (!range_.only_fatbins && !looks_like_container(start)) return at.plus(4);
            size = read_fatbin_header(start);
        } catch (const Malformed& problem) {
            visitor_.problem("the container" + at_offset(at) + ": " + problem.what());
            return at.plus(4);
        }
        visitor_.container(at, size);
        FileOffset next = at.plus(fatbin_header_size);
        const std::uint64_t there = std::min(size, room - fatbin_header_size);
        const FileOffset end = next.plus(there);
        while (next.value < end.value) {
            const std::optional<FileOffset> behind = take_entry(next, end);
            if (!behind) return next;
            next = *behind;
        }
        if (there < size) {
            visitor_.problem("the container" + at_offset(at) + " is cut off: it has " + std::to_string(size) +
                             " bytes, and " + range_.name + " ends behind " + std::to_string(there));
        }
        return end;
    }

    // Returns where the next one begins; nothing where that cannot be known.
    std::optional<FileOffset> take_entry(FileOffset at, FileOffset end) {
        std::optional<FatbinEntry> entry;
        try {
            const std::uint64_t room = end.value - at.value;
            entry = read_fatbin_entry(at, window_.view(at, std::min(fatbin_entry_size, room), small_read, range_.name),
                                      room);
            visitor_.entry(*entry, window_);
        } catch (const Malformed& problem) {
            visitor_.problem("the image" + at_offset(at) + ": " + problem.what());
            if (!entry) return std::nullopt;
        }
        return entry->end();
    }

    Window& window_;
    const FatbinRange& range_;
    FatbinVisitor& visitor_;
};

}  // namespace

char FatbinEntry::suffix() const {
    return (flags & flag_this_architecture) != 0 ? 'a' : (flags & flag_this_family) != 0 ? 'f' : '\0';
}

bool starts_with_fatbin_magic(ByteView start) { return start.size() >= 4 && start.u32(0) == magic; }

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

void search_fatbins(Window& window, const FatbinRange& range, FatbinVisitor& visitor) {
    Search(window, range, visitor).run();
}

}  // namespace jetcuda
