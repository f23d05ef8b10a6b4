// What the loader and the kernel read of an ELF file, read without loading it: for which machine it is, what it
// is called and what it needs, its sections, its notes, and whether it exports a name. 64-bit little-endian
// files only, which is all that a Jetson (and a desktop that stands in for one) runs.
//
// Like the loader, a shared object's dynamic section is found through the program headers, so a file whose
// section table is damaged or was stripped still answers; sections serve kernel modules, which have nothing else.
// The ELF specification is "System V Application Binary Interface", chapters 4 and 5; the GNU hash table is
// described only in binutils (bfd/elflink.c) and glibc (elf/dl-lookup.c).

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

struct ElfSection {
    std::string name;
    std::uint32_t type = 0;
    FileOffset offset;
    std::uint64_t size = 0;
    std::uint64_t alignment = 0;
    bool loaded = false;      // part of the program's memory
    bool executable = false;  // machine code of the host
};

struct ElfNote {
    std::string owner;  // "GNU"
    std::uint32_t type = 0;
    std::string payload;
    bool cut = false;  // claims more bytes than its section holds; `payload` is what there is
};

struct ElfDynamic {
    std::string soname;  // empty where the file has none
    std::vector<std::string> needed;
    std::optional<std::string> rpath;
    std::optional<std::string> runpath;
    bool no_default_folders = false;  // DF_1_NODEFLIB
};

class ElfFile {
public:
    static constexpr std::uint16_t type_relocatable = 1;  // a kernel module, an object file
    static constexpr std::uint16_t type_program = 2;      // at a fixed address; most programs are of type_shared
    static constexpr std::uint16_t type_shared = 3;
    static constexpr std::uint16_t machine_x86_64 = 62;
    static constexpr std::uint16_t machine_aarch64 = 183;

    // Reads the header and the program headers. `source` must outlive this. Every function throws Malformed for
    // what it reads itself, and nothing is read before it is asked for.
    explicit ElfFile(const ByteSource& source);

    [[nodiscard]] std::uint16_t type() const { return type_; }
    [[nodiscard]] std::uint16_t machine() const { return machine_; }

    // Where the last loaded segment ends in the file. A copy that was cut short ends before.
    [[nodiscard]] std::uint64_t loaded_end() const;
    // The loaded segments as they lie in the file, in the order of their table: what there is to search in a file
    // without sections.
    struct Range {
        FileOffset offset;
        std::uint64_t size = 0;
    };
    [[nodiscard]] std::vector<Range> loaded_ranges() const;

    // The loader that this program asks for; empty where it asks for none.
    [[nodiscard]] std::string interpreter() const;

    [[nodiscard]] bool has_section_table() const { return section_table_.value != 0; }
    [[nodiscard]] std::vector<ElfSection> sections() const;
    // Those that hold data of the program in the file: no code, no tables of the linker. An object file may have a
    // hundred thousand sections with MB of names: each name is cut to what tells sections apart.
    [[nodiscard]] std::vector<ElfSection> data_sections() const;
    [[nodiscard]] bool has_machine_code() const;  // in a section: of object files and of device code
    [[nodiscard]] std::optional<ElfSection> section(std::string_view name) const;
    [[nodiscard]] std::string content(const ElfSection& section) const;

    [[nodiscard]] ElfDynamic dynamic() const;  // all empty where the file has no dynamic section

    // From the note segments, or from the note sections where there is no such segment (kernel modules).
    [[nodiscard]] std::vector<ElfNote> notes() const;
    [[nodiscard]] std::string build_id() const;  // hex, or empty

    // Does the dynamic symbol table define this name for others?
    [[nodiscard]] bool exports(std::string_view symbol) const;

private:
    struct Segment {
        std::uint32_t type = 0;
        FileOffset offset;
        VirtualAddress address;
        std::uint64_t file_size = 0;
        std::uint64_t alignment = 0;
    };
    struct DynamicEntry {
        std::uint64_t tag = 0;
        std::uint64_t value = 0;
    };

    // Gives each entry of the section table to `take`, until that returns false. `names` is where their names are.
    void visit_sections(const std::function<bool(ByteView entry, FileOffset names)>& take) const;
    [[nodiscard]] std::vector<DynamicEntry> dynamic_entries() const;
    [[nodiscard]] FileOffset offset_of(VirtualAddress address) const;
    [[nodiscard]] bool defines(FileOffset symbols, FileOffset strings, std::uint64_t index,
                               std::string_view name) const;
    [[nodiscard]] bool gnu_table_has(FileOffset table, FileOffset symbols, FileOffset strings,
                                     std::string_view name) const;
    [[nodiscard]] bool sysv_table_has(FileOffset table, FileOffset symbols, FileOffset strings,
                                      std::string_view name) const;

    const ByteSource& source_;
    std::uint16_t type_ = 0;
    std::uint16_t machine_ = 0;
    FileOffset section_table_;
    std::uint16_t section_count_ = 0;
    std::uint16_t section_names_ = 0;
    std::vector<Segment> segments_;
};

// The notes in one section's bytes, also as the kernel shows them in /sys/module/NAME/notes. Lengths are believed
// only within the section: a published libcuda claims 41 bytes of payload and has 39.
std::vector<ElfNote> read_notes(ByteView bytes, std::uint64_t alignment = 4);

// The GNU build id among notes, in hex; empty where there is none, or only a damaged one.
std::string build_id_of(const std::vector<ElfNote>& notes);

}  // namespace jetcuda
