#include "probes/elf/elf_file.hpp"

#include <algorithm>

namespace jetcuda {
namespace {

constexpr std::uint64_t header_size = 64;
constexpr std::uint64_t segment_entry_size = 56;
constexpr std::uint64_t section_entry_size = 64;
constexpr std::uint64_t dynamic_entry_size = 16;
constexpr std::uint64_t symbol_entry_size = 24;

constexpr std::uint32_t segment_load = 1;
constexpr std::uint32_t segment_dynamic = 2;
constexpr std::uint32_t segment_interpreter = 3;
constexpr std::uint32_t segment_note = 4;
constexpr std::uint32_t section_program_bits = 1;
constexpr std::uint32_t section_note = 7;
constexpr std::uint32_t section_no_bits = 8;
constexpr std::uint64_t section_flag_loaded = 2;
constexpr std::uint64_t section_flag_executable = 4;

constexpr std::uint64_t tag_null = 0;
constexpr std::uint64_t tag_needed = 1;
constexpr std::uint64_t tag_hash = 4;
constexpr std::uint64_t tag_strings = 5;
constexpr std::uint64_t tag_symbols = 6;
constexpr std::uint64_t tag_soname = 14;
constexpr std::uint64_t tag_rpath = 15;
constexpr std::uint64_t tag_runpath = 29;
constexpr std::uint64_t tag_flags_1 = 0x6ffffffb;
constexpr std::uint64_t flag_no_default_folders = 0x800;
constexpr std::uint64_t tag_gnu_hash = 0x6ffffef5;

// A hash chain of a real library has a handful of links; a hostile one must not keep us busy.
constexpr std::uint64_t longest_chain = 4096;
// Real files need a few dozen libraries at most; the texts of a hostile one must not fill the memory.
constexpr std::size_t most_needed = 4096;
constexpr std::size_t most_text = std::size_t{1} << 20;

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;  // of sums of 32-bit numbers: cannot overflow
}

std::uint32_t gnu_hash(std::string_view name) {
    std::uint32_t hash = 5381;
    for (const char c : name) hash = hash * 33 + static_cast<unsigned char>(c);
    return hash;
}

std::uint32_t sysv_hash(std::string_view name) {
    std::uint32_t hash = 0;
    for (const char c : name) {
        hash = (hash << 4U) + static_cast<unsigned char>(c);
        const std::uint32_t top = hash & 0xf0000000U;
        hash = (hash ^ (top >> 24U)) & ~top;
    }
    return hash;
}

ElfSection described(ByteView entry) {
    ElfSection section;
    const std::uint64_t flags = entry.u64(8);
    section.type = entry.u32(4);
    section.offset = {entry.u64(24)};
    section.size = entry.u64(32);
    section.alignment = entry.u64(48);
    section.loaded = (flags & section_flag_loaded) != 0;
    section.executable = (flags & section_flag_executable) != 0;
    return section;
}

}  // namespace

ElfFile::ElfFile(const ByteSource& source) : source_(source) {
    if (source.size() == 0) throw Malformed("empty");
    const std::string start = source.read({0}, std::min<std::uint64_t>(source.size(), header_size), "the ELF header");
    const bool magic = start.compare(0, 4, "\177ELF", 4) == 0;
    if (start.size() < header_size) throw Malformed(magic || start.size() < 4 ? "file too short" : "not an ELF file");
    if (!magic) throw Malformed("not an ELF file");
    const ByteView header{start};
    if (header.u8(4) != 2) throw Malformed(header.u8(4) == 1 ? "32-bit ELF file" : "ELF file of no known class");
    if (header.u8(5) != 1) throw Malformed("big-endian ELF file");
    type_ = header.u16(16);
    machine_ = header.u16(18);
    section_table_ = {header.u64(40)};
    section_count_ = header.u16(60);
    section_names_ = header.u16(62);
    if (section_count_ != 0 && header.u16(58) != section_entry_size) {
        throw Malformed("section headers of " + std::to_string(header.u16(58)) + " bytes, where 64 is the rule");
    }

    const std::uint16_t count = header.u16(56);
    if (count == 0) return;
    if (header.u16(54) != segment_entry_size) {
        throw Malformed("program headers of " + std::to_string(header.u16(54)) + " bytes, where 56 is the rule");
    }
    const std::string table =
        source.read({header.u64(32)}, table_size(count, segment_entry_size), "the program header table");
    segments_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        const ByteView entry = ByteView{table}.part(i * segment_entry_size, segment_entry_size);
        segments_.push_back({entry.u32(0), {entry.u64(8)}, {entry.u64(16)}, entry.u64(32), entry.u64(48)});
    }
}

std::uint64_t ElfFile::loaded_end() const {
    std::uint64_t end = 0;
    for (const Segment& segment : segments_) {
        if (segment.type == segment_load) end = std::max(end, segment.offset.plus(segment.file_size).value);
    }
    return end;
}

std::vector<ElfFile::Range> ElfFile::loaded_ranges() const {
    std::vector<Range> result;
    for (const Segment& segment : segments_) {
        if (segment.type == segment_load) result.push_back({segment.offset, segment.file_size});
    }
    return result;
}

std::string ElfFile::interpreter() const {
    for (const Segment& segment : segments_) {
        if (segment.type == segment_interpreter) return source_.read_text(segment.offset, "the interpreter's name");
    }
    return {};
}

std::vector<ElfSection> ElfFile::sections() const {
    std::vector<ElfSection> result;
    // A count of 0 with a table means "more than 65279": no kernel module or driver library has that many.
    if (section_count_ == 0) return result;
    const std::string table =
        source_.read(section_table_, table_size(section_count_, section_entry_size), "the section header table");
    if (section_names_ >= section_count_) throw Malformed("the section of section names does not exist");
    const auto entry_at = [&](std::uint64_t i) {
        return ByteView{table}.part(i * section_entry_size, section_entry_size);
    };
    const ByteView names_entry = entry_at(section_names_);
    const std::string names = source_.read({names_entry.u64(24)}, names_entry.u64(32), "the table of section names");
    std::size_t text = 0;
    for (std::uint64_t i = 0; i < section_count_; ++i) {
        const ByteView entry = entry_at(i);
        const std::string_view name = ByteView{names}.text(entry.u32(0));
        text += name.size();
        if (text > most_text) throw Malformed("the section names are longer than such names can be");
        result.push_back(described(entry));
        result.back().name = name;
    }
    return result;
}

void ElfFile::visit_sections(const std::function<bool(ByteView entry, FileOffset names)>& take) const {
    constexpr std::uint64_t at_once = 1024;
    if (!has_section_table()) return;
    std::uint64_t count = section_count_;
    std::uint64_t names = section_names_;
    // More sections than a 16-bit number can count stand in the first one, which is none.
    const std::string first = source_.read(section_table_, section_entry_size, "the section header table");
    if (count == 0) count = ByteView{first}.u64(32);
    if (names == 0xffff) names = ByteView{first}.u32(40);
    if (names >= count) throw Malformed("the section of section names does not exist");
    const std::string names_entry = source_.read(section_table_.plus(table_size(names, section_entry_size)),
                                                 section_entry_size, "the section header table");
    std::string table;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i % at_once == 0) {
            source_.read_over(table, section_table_.plus(table_size(i, section_entry_size)),
                              std::min(at_once, count - i) * section_entry_size, "the section header table");
        }
        const ByteView entry = ByteView{table}.part(i % at_once * section_entry_size, section_entry_size);
        if (!take(entry, {ByteView{names_entry}.u64(24)})) return;
    }
}

std::vector<ElfSection> ElfFile::data_sections() const {
    constexpr std::uint64_t longest_name = 64;
    constexpr std::size_t most = std::size_t{1} << 16U;
    std::vector<ElfSection> result;
    visit_sections([&](ByteView entry, FileOffset names) {
        ElfSection section = described(entry);
        if (section.type != section_program_bits || !section.loaded || section.executable || section.size == 0)
            return true;
        if (result.size() >= most) throw Malformed("more sections of data than a file can have");
        const FileOffset text = names.plus(entry.u32(0));
        if (text.value >= source_.size()) throw Malformed("the name of a section leaves the file");
        section.name = source_.read(text, std::min(longest_name, source_.size() - text.value), "the name of a section");
        section.name.resize(std::min(section.name.find('\0'), section.name.size()));
        section.name.shrink_to_fit();
        result.push_back(std::move(section));
        return true;
    });
    return result;
}

bool ElfFile::has_machine_code() const {
    bool found = false;
    visit_sections([&](ByteView entry, FileOffset) {
        const ElfSection section = described(entry);
        found = section.type == section_program_bits && section.executable && section.size != 0;
        return !found;
    });
    return found;
}

std::optional<ElfSection> ElfFile::section(std::string_view name) const {
    for (ElfSection& found : sections()) {
        if (found.name == name) return std::move(found);
    }
    return std::nullopt;
}

std::string ElfFile::content(const ElfSection& section) const {
    if (section.type == section_no_bits) return {};
    return source_.read(section.offset, section.size, "section " + section.name);
}

std::vector<ElfFile::DynamicEntry> ElfFile::dynamic_entries() const {
    std::vector<DynamicEntry> result;
    for (const Segment& segment : segments_) {
        if (segment.type != segment_dynamic) continue;
        const std::string table = source_.read(segment.offset, segment.file_size, "the dynamic section");
        for (std::uint64_t at = 0; at + dynamic_entry_size <= table.size(); at += dynamic_entry_size) {
            const DynamicEntry entry{ByteView{table}.u64(at), ByteView{table}.u64(at + 8)};
            if (entry.tag == tag_null) break;
            result.push_back(entry);
        }
        break;
    }
    return result;
}

FileOffset ElfFile::offset_of(VirtualAddress address) const {
    for (const Segment& segment : segments_) {
        if (segment.type != segment_load || address.value < segment.address.value) continue;
        const std::uint64_t inside = address.value - segment.address.value;
        if (inside < segment.file_size) return segment.offset.plus(inside);
    }
    throw Malformed("address " + std::to_string(address.value) + " lies in no loaded segment");
}

ElfDynamic ElfFile::dynamic() const {
    const std::vector<DynamicEntry> entries = dynamic_entries();
    ElfDynamic result;
    const auto strings = std::find_if(entries.begin(), entries.end(), [](auto& e) { return e.tag == tag_strings; });
    std::size_t text = 0;
    const auto string_of = [&](const DynamicEntry& entry, std::string_view what) {
        if (strings == entries.end()) throw Malformed("the dynamic section names no string table");
        std::string found = source_.read_text(offset_of({strings->value}).plus(entry.value), what);
        text += found.size();
        if (text > most_text) throw Malformed("the dynamic section's texts are longer than such texts can be");
        return found;
    };
    for (const DynamicEntry& entry : entries) {
        switch (entry.tag) {
            case tag_needed:
                if (result.needed.size() >= most_needed) throw Malformed("more NEEDED entries than a file can have");
                result.needed.push_back(string_of(entry, "a NEEDED entry"));
                break;
            case tag_soname: result.soname = string_of(entry, "the SONAME"); break;
            case tag_rpath: result.rpath = string_of(entry, "the RPATH"); break;
            case tag_runpath: result.runpath = string_of(entry, "the RUNPATH"); break;
            case tag_flags_1: result.no_default_folders = (entry.value & flag_no_default_folders) != 0; break;
            default: break;
        }
    }
    return result;
}

std::vector<ElfNote> ElfFile::notes() const {
    std::vector<ElfNote> result;
    const auto add = [&](FileOffset offset, std::uint64_t size, std::uint64_t alignment) {
        const std::string bytes = source_.read(offset, size, "a note section");
        for (ElfNote& note : read_notes(ByteView{bytes}, alignment)) result.push_back(std::move(note));
    };
    const bool have_segment = std::any_of(segments_.begin(), segments_.end(),
                                          [](const Segment& segment) { return segment.type == segment_note; });
    // A hostile file could list one large section thousands of times; nobody has more than a few notes.
    constexpr std::size_t most_notes = 1024;
    if (have_segment) {
        for (const Segment& segment : segments_) {
            if (segment.type != segment_note || result.size() >= most_notes) continue;
            add(segment.offset, segment.file_size, segment.alignment);
        }
        return result;
    }
    for (const ElfSection& section : sections()) {
        if (section.type != section_note || result.size() >= most_notes) continue;
        add(section.offset, section.size, section.alignment);
    }
    return result;
}

std::string ElfFile::build_id() const { return build_id_of(notes()); }

bool ElfFile::exports(std::string_view symbol) const {
    std::optional<std::uint64_t> strings, symbols, gnu, sysv;
    for (const DynamicEntry& entry : dynamic_entries()) {
        if (entry.tag == tag_strings) strings = entry.value;
        if (entry.tag == tag_symbols) symbols = entry.value;
        if (entry.tag == tag_gnu_hash) gnu = entry.value;
        if (entry.tag == tag_hash) sysv = entry.value;
    }
    if (!strings || !symbols) return false;
    const FileOffset string_table = offset_of({*strings});
    const FileOffset symbol_table = offset_of({*symbols});
    if (gnu) return gnu_table_has(offset_of({*gnu}), symbol_table, string_table, symbol);
    if (sysv) return sysv_table_has(offset_of({*sysv}), symbol_table, string_table, symbol);
    return false;
}

bool ElfFile::defines(FileOffset symbols, FileOffset strings, std::uint64_t index, std::string_view name) const {
    const FileOffset place = symbols.plus(table_size(index, symbol_entry_size));
    const std::string bytes = source_.read(place, symbol_entry_size, "a dynamic symbol");
    const ByteView symbol{bytes};
    if (symbol.u16(6) == 0) return false;  // SHN_UNDEF: asks for the name, does not define it
    const FileOffset text = strings.plus(symbol.u32(0));
    if (text.value >= source_.size() || source_.size() - text.value < name.size() + 1) return false;
    const std::string found = source_.read(text, name.size() + 1, "the name of a dynamic symbol");
    return found.back() == '\0' && std::string_view(found).substr(0, name.size()) == name;
}

bool ElfFile::gnu_table_has(FileOffset table, FileOffset symbols, FileOffset strings, std::string_view name) const {
    const std::string start = source_.read(table, 16, "the GNU hash table");
    const std::uint32_t buckets = ByteView{start}.u32(0);
    const std::uint32_t first = ByteView{start}.u32(4);
    const std::uint32_t bloom_words = ByteView{start}.u32(8);
    if (buckets == 0) return false;
    const FileOffset bucket_table = table.plus(16).plus(table_size(bloom_words, 8));
    const FileOffset chains = bucket_table.plus(table_size(buckets, 4));
    const std::uint32_t hash = gnu_hash(name);
    const auto word = [&](FileOffset base, std::uint64_t index) {
        return ByteView{source_.read(base.plus(table_size(index, 4)), 4, "the GNU hash table")}.u32(0);
    };
    std::uint64_t index = word(bucket_table, hash % buckets);
    if (index < first) return false;
    for (std::uint64_t steps = 0; steps < longest_chain; ++steps, ++index) {
        const std::uint32_t entry = word(chains, index - first);
        if ((entry | 1U) == (hash | 1U) && defines(symbols, strings, index, name)) return true;
        if ((entry & 1U) != 0) return false;
    }
    throw Malformed("a chain of the GNU hash table does not end");
}

bool ElfFile::sysv_table_has(FileOffset table, FileOffset symbols, FileOffset strings, std::string_view name) const {
    const std::string start = source_.read(table, 8, "the hash table");
    const std::uint32_t buckets = ByteView{start}.u32(0);
    if (buckets == 0) return false;
    const auto word = [&](std::uint64_t index) {
        return ByteView{source_.read(table.plus(table_size(index, 4)), 4, "the hash table")}.u32(0);
    };
    std::uint64_t index = word(std::uint64_t{2} + sysv_hash(name) % buckets);
    for (std::uint64_t steps = 0; steps < longest_chain; ++steps) {
        if (index == 0) return false;
        if (defines(symbols, strings, index, name)) return true;
        index = word(std::uint64_t{2} + buckets + index);
    }
    throw Malformed("a chain of the hash table does not end");
}

std::vector<ElfNote> read_notes(ByteView bytes, std::uint64_t alignment) {
    if (alignment != 8) alignment = 4;
    constexpr std::size_t most = 1024;
    std::vector<ElfNote> result;
    std::uint64_t at = 0;
    while (at + 12 <= bytes.size() && result.size() < most) {
        const std::uint32_t name_size = bytes.u32(at);
        const std::uint32_t payload_size = bytes.u32(at + 4);
        ElfNote note;
        note.type = bytes.u32(at + 8);
        at += 12;
        if (name_size > bytes.size() - at) break;
        note.owner = bytes.part(at, name_size).all();
        note.owner.erase(std::find(note.owner.begin(), note.owner.end(), '\0'), note.owner.end());

        at = rounded_up(at + name_size, alignment);
        const std::uint64_t left = at < bytes.size() ? bytes.size() - at : 0;
        note.cut = payload_size > left;
        if (left > 0) note.payload = bytes.part(at, std::min<std::uint64_t>(payload_size, left)).all();
        at = rounded_up(at + payload_size, alignment);
        result.push_back(std::move(note));
    }
    return result;
}

std::string build_id_of(const std::vector<ElfNote>& notes) {
    constexpr std::uint32_t gnu_build_id = 3;
    constexpr std::size_t longest = 64;
    for (const ElfNote& note : notes) {
        if (note.owner != "GNU" || note.type != gnu_build_id || note.cut || note.payload.empty()) continue;
        if (note.payload.size() > longest) continue;
        static constexpr std::string_view digits = "0123456789abcdef";
        std::string hex;
        for (const char c : note.payload) {
            const auto byte = static_cast<unsigned char>(c);
            hex += digits[byte >> 4U];
            hex += digits[byte & 15U];
        }
        return hex;
    }
    return {};
}

}  // namespace jetcuda
