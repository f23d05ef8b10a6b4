#include "probes/programs/device_code.hpp"

#include <algorithm>
#include <system_error>

#include "probes/elf/cubin.hpp"
#include "probes/elf/elf_file.hpp"
#include "probes/programs/code_gathering.hpp"
#include "probes/programs/code_search.hpp"
#include "probes/programs/ptx_text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view linked_section = ".nv_fatbin";
constexpr std::string_view relocatable_section = "__nv_relfatbin";

std::string at_offset(FileOffset at) { return " at offset " + std::to_string(at.value); }

std::string machine_name(std::uint16_t machine) {
    switch (machine) {
        case 3: return "i386";
        case 20: return "powerpc";
        case 21: return "powerpc64";
        case 40: return "arm";
        case ElfFile::machine_x86_64: return "x86_64";
        case ElfFile::machine_aarch64: return "aarch64";
        case 243: return "riscv";
        default: return "ELF machine " + std::to_string(machine);
    }
}

class Reading {
public:
    Reading(const ByteSource& source, const SearchEffort& effort)
        : source_(source), effort_(effort), gathering_(code_) {}

    DeviceCode run() {
        try {
            read();
        } catch (const Malformed& problem) {
            gathering_.tell(problem.what());
        } catch (const CodeGathering::GaveUp&) {  // finish() says so
        } catch (const std::system_error& failure) {
            gathering_.tell("cannot be read to its end: " + failure.code().message());
        }
        gathering_.finish();
        return std::move(code_);
    }

private:
    void read() {
        constexpr std::uint64_t text_start = std::uint64_t{16} << 10U;
        const std::string start = source_.read({0}, std::min(text_start, source_.size()), "the beginning");
        if (starts_with_fatbin_magic(ByteView{start})) {
            code_.form = FileForm::fatbin;
            std::vector<FatbinRange> whole{{{0}, {source_.size()}, true, "the fat binary"}};
            search_code(source_, whole, effort_, gathering_);
        } else if (start.compare(0, 4, "\177ELF") == 0) {
            read_elf(ByteView{start});
        } else if (const std::optional<PtxHeader> ptx = read_ptx_header(start)) {
            code_.form = FileForm::ptx;
            take_ptx(*ptx);
        }
    }

    void take_ptx(const PtxHeader& ptx) {
        if (ptx.sm == 0) {
            gathering_.problem("PTX that names no .target behind its .version");
            return;
        }
        CodeRow row;
        row.kind = CodeKind::ptx;
        row.kind_number = FatbinEntry::kind_ptx;
        row.sm = ptx.sm;
        row.suffix = ptx.suffix;
        row.isa_major = ptx.isa_major;
        row.isa_minor = ptx.isa_minor;
        row.count = 1;
        row.bytes = source_.size();
        gathering_.add(row);
    }

    void take_cubin(ByteView start) {
        const CubinHeader header = read_cubin_header(start);
        CodeRow row;
        row.kind = header.sm == 0 ? CodeKind::other : CodeKind::sass;
        row.kind_number = FatbinEntry::kind_cubin;
        row.sm = header.sm;
        row.suffix = header.suffix;
        row.abi = header.abi;
        row.bytes = source_.size();
        if (header.sm == 0) {
            gathering_.remark("a cubin of ABI " + std::to_string(header.abi) +
                              ", of which this program does not know where it names its GPU");
        }
        if (row.suffix == '\0') {
            try_to("the cubin's notes", false, [&] {
                row.suffix = cubin_suffix_of_note(source_);
                return true;
            });
        }
        // One whose sections cannot be read is told, and is no code: no driver takes it.
        try_to("the cubin's sections", false, [&] {
            const bool code = cubin_has_code(source_);
            (code ? row.count : row.stubs) = 1;
            if (code && header.relocatable) row.relocatable = 1;
            gathering_.add(row);
            return true;
        });
    }

    void read_elf(ByteView start) {
        code_.form = FileForm::elf;
        if (start.size() < 20) throw Malformed("file too short");
        code_.bits = start.u8(4) == 1 ? 32 : 64;
        const bool little = start.u8(5) == 1;
        const std::uint16_t machine =
            little ? start.u16(18) : static_cast<std::uint16_t>(start.u8(18) << 8U | start.u8(19));
        if (machine == cubin_machine) {
            code_.form = FileForm::cubin;
            take_cubin(start);
            return;
        }
        code_.machine = machine_name(machine);
        if (code_.bits != 64 || !little) {
            gathering_.remark(std::string("a ") + (code_.bits == 32 ? "32-bit" : "big-endian") +
                              " file, which no program for CUDA is: it was not searched");
            return;
        }
        std::vector<FatbinRange> ranges;
        const bool whole = try_to("", false, [&] {
            const ElfFile file(source_);
            read_facts(file);
            ranges = ranges_of(file);
            return true;
        });
        if (!whole) ranges = whole_file();
        search_code(source_, ranges, effort_, gathering_);
    }

    void read_facts(const ElfFile& file) {
        code_.object = file.type() == ElfFile::type_relocatable;
        code_.section_table = file.has_section_table();
        try_to("", false, [&] {
            code_.interpreter = file.interpreter();
            ElfDynamic dynamic = file.dynamic();
            code_.soname = std::move(dynamic.soname);
            code_.needed = std::move(dynamic.needed);
            code_.rpath = std::move(dynamic.rpath);
            code_.runpath = std::move(dynamic.runpath);
            code_.no_default_folders = dynamic.no_default_folders;
            return true;
        });
        code_.executable = file.type() == ElfFile::type_program || (!code_.interpreter.empty() && code_.soname.empty());
    }

    // The parts of the file that may hold data: of sections, or of loaded segments where there are no sections.
    std::vector<FatbinRange> ranges_of(const ElfFile& file) {
        std::vector<FatbinRange> ranges;
        const auto add = [&](FileOffset offset, std::uint64_t size, bool only_fatbins, std::string name) {
            const std::uint64_t begin = std::min(offset.value, source_.size());
            const std::uint64_t end = std::min(source_.size() - begin, size) + begin;
            if (end - begin < size) {
                gathering_.problem(name + " leaves the file: " + std::to_string(size) + " bytes" + at_offset(offset) +
                                   " of " + std::to_string(source_.size()));
            }
            if (begin < end) ranges.push_back({{begin}, {end}, only_fatbins, std::move(name)});
        };
        const bool sections = try_to("", false, [&] {
            for (const ElfSection& section : file.data_sections()) {
                const bool only_fatbins = section.name == linked_section || section.name == relocatable_section;
                // What describes the host's code is large, and is no data of the program's author.
                if (section.name.compare(0, 9, ".eh_frame") == 0 || section.name == ".gcc_except_table") continue;
                add(section.offset, section.size, only_fatbins, "section " + section.name);
            }
            return true;
        });
        if (sections && code_.section_table) return ranges;
        ranges.clear();
        for (const ElfFile::Range& range : file.loaded_ranges()) add(range.offset, range.size, false, "a segment");
        // Where neither sections nor segments say where the data is, it may be anywhere.
        return ranges.empty() ? whole_file() : ranges;
    }

    [[nodiscard]] std::vector<FatbinRange> whole_file() const { return {{{0}, {source_.size()}, false, "the file"}}; }

    // One damaged part must not hide the others.
    template <typename Question>
    bool try_to(const std::string& what, bool otherwise, Question question) {
        try {
            return question();
        } catch (const Malformed& problem) {
            gathering_.problem((what.empty() ? "" : what + ": ") + problem.what());
            return otherwise;
        }
    }

    const ByteSource& source_;
    const SearchEffort& effort_;
    DeviceCode code_;
    CodeGathering gathering_;
};

}  // namespace

std::string_view name_of(CodeKind kind) {
    switch (kind) {
        case CodeKind::sass: return "sass";
        case CodeKind::ptx: return "ptx";
        case CodeKind::lto: return "lto";
        case CodeKind::other: break;
    }
    return "other";
}

std::string_view name_of(CodeCompression compression) {
    switch (compression) {
        case CodeCompression::lz4: return "lz4";
        case CodeCompression::zstd: return "zstd";
        case CodeCompression::none: break;
    }
    return "none";
}

std::string_view name_of(FileForm form) {
    switch (form) {
        case FileForm::elf: return "elf";
        case FileForm::fatbin: return "fatbin";
        case FileForm::cubin: return "cubin";
        case FileForm::ptx: return "ptx";
        case FileForm::other: break;
    }
    return "other";
}

std::string CodeRow::arch() const {
    std::string text = "sm_";
    if (kind == CodeKind::ptx) text = "compute_";
    if (kind == CodeKind::lto) text = "lto_";
    text += std::to_string(sm);
    if (suffix != '\0') text += suffix;
    return text;
}

std::string CodeRow::isa() const {
    if (isa_major == 0 && isa_minor == 0) return {};
    return std::to_string(isa_major) + "." + std::to_string(isa_minor);
}

DeviceCode find_device_code(const ByteSource& source, const SearchEffort& effort) {
    return Reading(source, effort).run();
}

}  // namespace jetcuda
