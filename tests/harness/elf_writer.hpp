// Makes small ELF files for tests: shared objects as the loader sees them, and kernel modules. Every part can be
// left out, and what a test wants to spoil is found by the places in `WrittenElf`.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jetcuda::testing {

enum class HashTable { gnu, sysv, none };

struct ElfRecipe {
    std::uint16_t machine = 183;  // aarch64
    std::string soname = {};
    std::vector<std::string> needed = {};
    std::string rpath = {};
    std::string runpath = {};
    std::string build_id = {};                                       // raw bytes
    std::vector<std::string> exports = {};                           // symbols it defines
    std::vector<std::string> imports = {};                           // symbols it wants
    std::vector<std::pair<std::string, std::string>> modinfo = {};   // key, value: a kernel module's
    std::vector<std::pair<std::string, std::string>> sections = {};  // name, content: any others
    HashTable hash = HashTable::gnu;
    bool section_table = true;
    std::size_t padding = 0;  // bytes after everything else, for files whose size matters
};

struct WrittenElf {
    std::string bytes;
    std::map<std::string, std::size_t> places;  // section name, or "section headers", "program headers" -> offset
};

namespace detail {

inline void put(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

inline void align(std::string& out, std::size_t to) { out.resize((out.size() + to - 1) / to * to); }

inline std::string note(std::string_view owner, std::uint32_t type, std::string_view payload) {
    std::string out;
    put(out, owner.size() + 1, 4);
    put(out, payload.size(), 4);
    put(out, type, 4);
    out += owner;
    out += '\0';
    align(out, 4);
    out += payload;
    align(out, 4);
    return out;
}

inline std::uint32_t gnu_hash(std::string_view name) {
    std::uint32_t hash = 5381;
    for (const char c : name) hash = hash * 33 + static_cast<unsigned char>(c);
    return hash;
}

class StringTable {
public:
    std::uint64_t add(std::string_view text) {
        const std::size_t at = bytes_.size();
        bytes_ += text;
        bytes_ += '\0';
        return at;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_ = std::string(1, '\0');
};

struct Section {
    std::string name;
    std::uint32_t type;
    std::uint64_t address;
    std::size_t offset;
    std::size_t size;
    std::uint32_t link;
    std::uint64_t entry;
};

// The ELF header, with the places of the tables left 0 until they are known.
inline std::string header(std::uint16_t type, std::uint16_t machine) {
    std::string out("\177ELF\2\1\1", 7);
    out.resize(16);
    put(out, type, 2);
    put(out, machine, 2);
    put(out, 1, 4);
    out.resize(52);
    put(out, 64, 2);
    put(out, 56, 2);
    out.resize(58);
    put(out, 64, 2);
    out.resize(64);
    return out;
}

inline void set(std::string& out, std::size_t at, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out[at + i] = static_cast<char>(value >> (8 * i));
}

inline void add_section_table(WrittenElf& file, std::vector<Section>& sections) {
    StringTable names;
    std::vector<std::uint64_t> name_places;
    name_places.reserve(sections.size() + 1);
    for (const Section& section : sections) name_places.push_back(names.add(section.name));
    name_places.push_back(names.add(".shstrtab"));
    sections.push_back({".shstrtab", 3, 0, file.bytes.size(), names.bytes().size(), 0, 0});
    file.places[".shstrtab"] = file.bytes.size();
    file.bytes += names.bytes();
    align(file.bytes, 8);
    const std::size_t table = file.bytes.size();
    file.places["section headers"] = table;
    file.bytes.resize(table + 64);
    for (std::size_t i = 0; i < sections.size(); ++i) {
        const Section& section = sections[i];
        put(file.bytes, name_places[i], 4);
        put(file.bytes, section.type, 4);
        const bool loaded = section.address != 0 || section.type == 1;
        put(file.bytes, section.name.compare(0, 5, ".text") == 0 ? 6 : loaded ? 2 : 0, 8);
        put(file.bytes, section.address, 8);
        put(file.bytes, section.offset, 8);
        put(file.bytes, section.size, 8);
        put(file.bytes, section.link, 4);
        put(file.bytes, 0, 4);
        put(file.bytes, section.type == 7 ? 4 : 1, 8);
        put(file.bytes, section.entry, 8);
    }
    set(file.bytes, 40, table, 8);
    set(file.bytes, 60, sections.size() + 1, 2);
    set(file.bytes, 62, sections.size(), 2);
}

inline std::string modinfo_of(const ElfRecipe& recipe) {
    std::string out;
    for (const auto& [key, value] : recipe.modinfo) {
        out += key;
        out += '=';
        out += value;
        out += '\0';
    }
    return out;
}

}  // namespace detail

// A shared object, as a linker would make it: one loaded segment whose addresses differ from its offsets.
inline WrittenElf write_shared_object(const ElfRecipe& recipe) {
    using namespace detail;
    constexpr std::uint64_t base = 0x200000;
    WrittenElf file;
    file.bytes = header(3, recipe.machine);
    const unsigned segments = recipe.build_id.empty() ? 2 : 3;
    const std::size_t segment_table = file.bytes.size();
    file.places["program headers"] = segment_table;
    file.bytes.resize(segment_table + std::size_t{56} * segments);
    std::vector<Section> sections;
    const auto add = [&](std::string name, std::uint32_t type, std::string_view content, std::uint32_t link = 0,
                         std::uint64_t entry = 0) {
        align(file.bytes, 8);
        const std::size_t at = file.bytes.size();
        file.bytes += content;
        file.places[name] = at;
        sections.push_back({std::move(name), type, base + at, at, content.size(), link, entry});
        return at;
    };

    std::size_t note_place = 0, note_size = 0;
    if (!recipe.build_id.empty()) {
        const std::string bytes = note("GNU", 3, recipe.build_id);
        note_place = add(".note.gnu.build-id", 7, bytes);
        note_size = bytes.size();
    }

    StringTable strings;
    std::string symbols(24, '\0');
    for (const std::string& name : recipe.imports) {
        put(symbols, strings.add(name), 4);
        put(symbols, 0x12, 2);
        put(symbols, 0, 2);
        put(symbols, 0, 8);
        put(symbols, 0, 8);
    }
    for (const std::string& name : recipe.exports) {
        put(symbols, strings.add(name), 4);
        put(symbols, 0x12, 2);
        put(symbols, 1, 2);
        put(symbols, base, 8);
        put(symbols, 4, 8);
    }
    const std::size_t first_export = 1 + recipe.imports.size();
    std::string table;
    if (recipe.hash == HashTable::gnu) {
        put(table, 1, 4);
        put(table, first_export, 4);
        put(table, 1, 4);
        put(table, 6, 4);
        put(table, ~std::uint64_t{0}, 8);
        put(table, recipe.exports.empty() ? 0 : first_export, 4);
        for (std::size_t i = 0; i < recipe.exports.size(); ++i) {
            const std::uint32_t hash = gnu_hash(recipe.exports[i]);
            put(table, i + 1 == recipe.exports.size() ? hash | 1U : hash & ~1U, 4);
        }
    } else if (recipe.hash == HashTable::sysv) {
        const std::size_t count = symbols.size() / 24;
        put(table, 1, 4);
        put(table, count, 4);
        put(table, count > 1 ? 1 : 0, 4);
        put(table, 0, 4);
        for (std::size_t i = 1; i < count; ++i) put(table, i + 1 < count ? i + 1 : 0, 4);
    }

    std::vector<std::pair<std::uint64_t, std::uint64_t>> dynamic;
    for (const std::string& name : recipe.needed) dynamic.emplace_back(1, strings.add(name));
    if (!recipe.soname.empty()) dynamic.emplace_back(14, strings.add(recipe.soname));
    if (!recipe.rpath.empty()) dynamic.emplace_back(15, strings.add(recipe.rpath));
    if (!recipe.runpath.empty()) dynamic.emplace_back(29, strings.add(recipe.runpath));
    if (!table.empty()) {
        const bool gnu = recipe.hash == HashTable::gnu;
        const std::size_t at = add(gnu ? ".gnu.hash" : ".hash", gnu ? 0x6ffffff6 : 5, table);
        dynamic.emplace_back(gnu ? 0x6ffffef5 : 4, base + at);
    }
    dynamic.emplace_back(6, base + add(".dynsym", 11, symbols, 0, 24));
    dynamic.emplace_back(5, base + add(".dynstr", 3, strings.bytes()));
    dynamic.emplace_back(10, strings.bytes().size());
    dynamic.emplace_back(0, 0);
    std::string dynamic_bytes;
    for (const auto& [tag, value] : dynamic) {
        put(dynamic_bytes, tag, 8);
        put(dynamic_bytes, value, 8);
    }
    const std::size_t dynamic_place = add(".dynamic", 6, dynamic_bytes, 0, 16);
    for (const auto& [name, content] : recipe.sections) add(name, 1, content);
    const std::size_t loaded = file.bytes.size();

    std::string headers;
    const auto segment = [&](std::uint32_t type, std::size_t at, std::size_t size, std::uint64_t alignment) {
        put(headers, type, 4);
        put(headers, 4, 4);
        put(headers, at, 8);
        put(headers, base + at, 8);
        put(headers, base + at, 8);
        put(headers, size, 8);
        put(headers, size, 8);
        put(headers, alignment, 8);
    };
    segment(1, 0, loaded, 0x1000);
    segment(2, dynamic_place, dynamic_bytes.size(), 8);
    if (segments == 3) segment(4, note_place, note_size, 4);
    file.bytes.replace(segment_table, headers.size(), headers);
    set(file.bytes, 32, segment_table, 8);
    set(file.bytes, 56, segments, 2);
    if (recipe.section_table) add_section_table(file, sections);
    file.bytes.resize(file.bytes.size() + recipe.padding);
    return file;
}

// A kernel module: a relocatable file with .modinfo and, where the recipe has a build id, its note.
inline WrittenElf write_kernel_module(const ElfRecipe& recipe) {
    using namespace detail;
    WrittenElf file;
    file.bytes = header(1, recipe.machine);
    std::vector<Section> sections;
    const auto add = [&](const std::string& name, std::uint32_t type, std::string_view content) {
        align(file.bytes, 8);
        file.places[name] = file.bytes.size();
        sections.push_back({name, type, 0, file.bytes.size(), content.size(), 0, 0});
        file.bytes += content;
    };
    if (!recipe.build_id.empty()) add(".note.gnu.build-id", 7, note("GNU", 3, recipe.build_id));
    if (!recipe.modinfo.empty()) add(".modinfo", 1, modinfo_of(recipe));
    for (const auto& [name, content] : recipe.sections) add(name, 1, content);
    if (recipe.section_table) add_section_table(file, sections);
    file.bytes.resize(file.bytes.size() + recipe.padding);
    return file;
}

}  // namespace jetcuda::testing
