#include "probes/programs/device_code.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <tuple>

#include "probes/elf/cubin.hpp"
#include "probes/elf/elf_file.hpp"
#include "probes/elf/fatbin.hpp"
#include "probes/elf/window.hpp"
#include "probes/programs/ptx_text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view linked_section = ".nv_fatbin";
constexpr std::string_view relocatable_section = "__nv_relfatbin";
constexpr std::string_view relocatable_range = "section __nv_relfatbin";

// A cubin without code has a few names and notes. Above this size nobody looks whether there is a .text in it: the
// largest that a constant memory bank explains.
constexpr std::uint64_t largest_stub = std::uint64_t{72} << 10U;

// A compressed cubin is not unpacked to see whether it holds code; its size tells. Stubs of nvcc 11.8 have up to 1,072
// bytes and those of 13.0 up to 1,680; the smallest cubin with code, an empty kernel, has 1,864 and 2,560.
std::uint64_t largest_packed_stub(std::uint32_t abi) { return abi >= 8 ? 2048 : 1400; }

constexpr std::uint64_t small_read = 4096;

// An honest container has an image or two for each GPU.
constexpr std::size_t most_images_of_container = 4096;

// Damage everywhere is no damage: it is a file made to keep its reader busy.
constexpr std::uint64_t most_damage = 4096;
struct GaveUp {};

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

// Makes rows of what the search meets.
class Gathering final : public FatbinVisitor {
public:
    explicit Gathering(DeviceCode& code) : code_(code) {}

    // In which part of the file the search is now.
    void enter(bool relocatable_part) { relocatable_part_ = relocatable_part; }

    void container(FileOffset, std::uint64_t size) override {
        end_container();
        ++code_.containers;
        if (size == 0) ++code_.empty_containers;
        if (size == 0 && !relocatable_part_) empty_to_run_ = true;
    }

    void entry(const FatbinEntry& entry, Window& window) override {
        CodeRow row;
        row.kind_number = entry.kind;
        row.sm = entry.sm;
        row.suffix = entry.suffix();
        row.compression = entry.zstd()  ? CodeCompression::zstd
                          : entry.lz4() ? CodeCompression::lz4
                                        : CodeCompression::none;
        row.bytes = entry.header_size + entry.stored_size;
        row.count = 1;
        row.relocatable = relocatable_part_ ? 1 : 0;
        switch (entry.kind) {
            case FatbinEntry::kind_ptx:
                row.kind = CodeKind::ptx;
                row.isa_major = entry.major;
                row.isa_minor = entry.minor;
                break;
            case FatbinEntry::kind_cubin:
                row.kind = CodeKind::sass;
                row.abi = entry.minor;
                break;
            case FatbinEntry::kind_lto: row.kind = CodeKind::lto; break;
            default: remark_on_kind(entry.kind); break;
        }
        // How link-time code is packed is not known: its flags say zstd and its bytes are no frame.
        if (row.kind == CodeKind::ptx || row.kind == CodeKind::sass) check_payload(entry, window, row);
        add(row);
    }

    void problem(std::string text) override {
        tell(std::move(text));
        if (untold_ >= most_damage) throw GaveUp{};
    }

    void tell(std::string text) {
        if (code_.problems.size() < DeviceCode::most_problems) {
            code_.problems.push_back(std::move(text));
        } else {
            ++untold_;
        }
    }

    void remark(std::string text) { code_.remarks.push_back(std::move(text)); }

    void add(const CodeRow& row) {
        if (row.stubs == 0) (relocatable_part_ ? code_to_link_ : code_to_run_) = true;
        const Key key{row.kind, row.kind_number, row.sm,        row.suffix,
                      row.abi,  row.isa_major,   row.isa_minor, row.compression};
        auto found = rows_.find(key);
        if (found == rows_.end() && rows_.size() >= DeviceCode::most_rows) {
            ++rowless_;
            mixes_known_ = false;
            return;
        }
        // What a device link has left behind runs nothing, and neither does what is still to be linked.
        const bool runs_something = row.count > row.relocatable;
        if (found == rows_.end()) {
            const auto place = static_cast<std::uint16_t>(rows_.size());
            found = rows_.emplace(key, Gathered{row, place}).first;
        } else {
            CodeRow& sum = found->second.row;
            sum.count += row.count;
            sum.relocatable += row.relocatable;
            sum.stubs += row.stubs;
            sum.bytes += row.bytes;
        }
        if (runs_something && in_container_.size() < most_images_of_container) {
            in_container_.push_back(found->second.place);
        }
    }

    // Once everything was met.
    void finish() {
        end_container();
        for (const auto& [key, gathered] : rows_) code_.rows.push_back(gathered.row);
        tell_mixes();
        code_.linked_at_load = code_to_link_ && !code_to_run_ && empty_to_run_ && !code_.object;
        if (rowless_ > 0) {
            untold_ = 0;
            code_.problems.resize(std::min(code_.problems.size(), DeviceCode::most_problems - 1));
            code_.problems.push_back("more kinds of images than a file can have: " + std::to_string(rowless_) +
                                     " images are in none of the " + std::to_string(DeviceCode::most_rows) + " rows");
        }
        if (untold_ >= most_damage) {
            code_.problems.back() = "more damage than is worth reading: what lies behind was not searched";
        } else if (untold_ > 0) {
            code_.problems.back() = "and " + std::to_string(untold_ + 1) + " more problems";
        }
    }

private:
    using Key = std::tuple<CodeKind, std::uint32_t, std::uint32_t, char, std::uint32_t, std::uint32_t, std::uint32_t,
                           CodeCompression>;
    struct Gathered {
        CodeRow row;
        std::uint16_t place = 0;  // in the order in which they were met
    };

    // What was met since the container before is of one container.
    void end_container() {
        if (in_container_.empty()) return;
        if (in_container_.size() >= most_images_of_container) mixes_known_ = false;
        std::sort(in_container_.begin(), in_container_.end());
        in_container_.erase(std::unique(in_container_.begin(), in_container_.end()), in_container_.end());
        // One container is mostly like the one before it.
        if (last_mix_ == mixes_.end() || last_mix_->first != in_container_) {
            if (mixes_.size() >= DeviceCode::most_mixes) mixes_known_ = false;
            if (mixes_known_) last_mix_ = mixes_.emplace(in_container_, 0).first;
        }
        if (mixes_known_) ++last_mix_->second;
        in_container_.clear();
    }

    // In the order of the rows, which are sorted by now; they were numbered in the order in which they were met.
    void tell_mixes() {
        if (code_.containers == 0 || !mixes_known_) return;
        std::vector<std::uint16_t> place_of(rows_.size());
        std::uint16_t sorted = 0;
        for (const auto& [key, gathered] : rows_) place_of.at(gathered.place) = sorted++;
        for (const auto& [places, containers] : mixes_) {
            CodeMix mix;
            mix.containers = containers;
            for (const std::uint16_t place : places) mix.rows.push_back(place_of.at(place));
            std::sort(mix.rows.begin(), mix.rows.end());
            code_.mixes.push_back(std::move(mix));
        }
        std::sort(code_.mixes.begin(), code_.mixes.end(),
                  [](const CodeMix& left, const CodeMix& right) { return left.rows < right.rows; });
    }

    // The first bytes of a payload show whether it is what its entry says: a copy with a hole has zeros there. A stub
    // becomes one here.
    void check_payload(const FatbinEntry& entry, Window& window, CodeRow& row) {
        if (entry.stored_size == 0) throw Malformed("has no content");
        const bool packed = row.compression != CodeCompression::none;
        const bool sass = row.kind == CodeKind::sass;
        std::uint64_t wanted = std::min<std::uint64_t>(entry.stored_size, cubin_header_size);
        if (sass && !packed && entry.stored_size <= largest_stub) wanted = entry.stored_size;
        const ByteView payload = window.view(entry.payload(), wanted, small_read, "an image");
        if (payload.u8(0) == 0) throw Malformed("has zeros in place of its content");
        if (row.compression == CodeCompression::zstd && payload.all().substr(0, 4) != "\x28\xb5\x2f\xfd") {
            throw Malformed("is no zstd frame, as its entry says it is");
        }
        if (!sass) return;
        bool stub = packed && entry.unpacked_size <= largest_packed_stub(row.abi);
        if (!packed) {
            const CubinHeader header = read_cubin_header(payload);
            if (header.relocatable) row.relocatable = 1;
            stub = wanted == entry.stored_size && !cubin_has_code(MemorySource(payload.all()));
        }
        if (!stub) return;
        row.stubs = 1;
        row.count = row.relocatable = 0;
    }

    void remark_on_kind(std::uint16_t kind) {
        constexpr std::size_t most = 16;  // of the 65,536 that a hostile file could name
        if (kinds_.size() < most && kinds_.insert(kind).second) {
            remark("holds images of kind " + std::to_string(kind) + ", which this program does not know");
        }
    }

    DeviceCode& code_;
    bool relocatable_part_ = false;
    bool code_to_run_ = false, code_to_link_ = false, empty_to_run_ = false;
    std::map<Key, Gathered> rows_;
    std::vector<std::uint16_t> in_container_;  // the rows of the container that is being stepped through
    std::map<std::vector<std::uint16_t>, std::uint64_t> mixes_;
    std::map<std::vector<std::uint16_t>, std::uint64_t>::iterator last_mix_ = mixes_.end();
    bool mixes_known_ = true;
    std::set<std::uint16_t> kinds_;
    std::uint64_t untold_ = 0;
    std::uint64_t rowless_ = 0;
};

class Reading {
public:
    explicit Reading(const ByteSource& source) : source_(source), window_(source), gathering_(code_) {}

    DeviceCode run() {
        try {
            read();
        } catch (const Malformed& problem) {
            gathering_.tell(problem.what());
        } catch (const GaveUp&) {  // finish() says so
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
            search_fatbins(window_, {{0}, {source_.size()}, true, "the fat binary"}, gathering_);
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
        const bool code = try_to("the cubin's sections", true, [&] { return cubin_has_code(source_); });
        (code ? row.count : row.stubs) = 1;
        if (code && header.relocatable) row.relocatable = 1;
        gathering_.add(row);
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
        search(ranges);
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

    void search(std::vector<FatbinRange>& ranges) {
        std::sort(ranges.begin(), ranges.end(),
                  [](const FatbinRange& a, const FatbinRange& b) { return a.begin.value < b.begin.value; });
        std::uint64_t done = 0;  // a hostile table may name the same GB a thousand times
        for (FatbinRange& range : ranges) {
            gathering_.enter(range.name == relocatable_range);
            range.begin.value = std::max(range.begin.value, done);
            if (range.begin.value >= range.end.value) continue;
            search_fatbins(window_, range, gathering_);
            done = range.end.value;
        }
    }

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
    Window window_;
    DeviceCode code_;
    Gathering gathering_;
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

DeviceCode find_device_code(const ByteSource& source) { return Reading(source).run(); }

}  // namespace jetcuda
