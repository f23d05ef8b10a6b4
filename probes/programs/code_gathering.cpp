#include "probes/programs/code_gathering.hpp"

#include <algorithm>
#include <utility>

#include "probes/elf/cubin.hpp"

namespace jetcuda {
namespace {

// A cubin without code has a few names and notes. Above this size nobody looks whether there is a .text in it: the
// largest that a constant memory bank explains.
constexpr std::uint64_t largest_stub = std::uint64_t{72} << 10U;

// A compressed cubin is not unpacked to see whether it holds code; its size tells. Stubs of nvcc 11.8 have up to 1,072
// bytes and those of 13.0 up to 1,680; the smallest cubin with code, an empty kernel, has 1,864 and 2,560.
std::uint64_t largest_packed_stub(std::uint32_t abi) { return abi >= 8 ? 2048 : 1400; }

constexpr std::uint64_t small_read = 4096;

// An honest container has an image or two for each GPU.
constexpr std::size_t most_images_of_container = 4096;

constexpr std::uint64_t most_damage = 4096;

}  // namespace

void CodeGathering::container(FileOffset, std::uint64_t size) {
    end_container();
    ++code_.containers;
    if (size == 0) ++code_.empty_containers;
    if (size == 0 && !relocatable_part_) empty_to_run_ = true;
}

void CodeGathering::entry(const FatbinEntry& entry, Window& window) {
    CodeRow row;
    row.kind_number = entry.kind;
    row.sm = entry.sm;
    row.suffix = entry.suffix();
    row.compression = entry.zstd() ? CodeCompression::zstd : entry.lz4() ? CodeCompression::lz4 : CodeCompression::none;
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

void CodeGathering::problem(std::string text) {
    tell(std::move(text));
    if (untold_ >= most_damage) throw GaveUp{};
}

void CodeGathering::tell(std::string text) {
    if (code_.problems.size() < DeviceCode::most_problems) {
        code_.problems.push_back(std::move(text));
    } else {
        ++untold_;
    }
}

void CodeGathering::add(const CodeRow& row) {
    if (row.stubs == 0) (relocatable_part_ ? code_to_link_ : code_to_run_) = true;
    const Key key{row.kind, row.kind_number, row.sm,        row.suffix,
                  row.abi,  row.isa_major,   row.isa_minor, row.compression};
    const Gathered* gathered = add_to_row(key, row);
    // What a device link has left behind runs nothing, and neither does what is still to be linked.
    const bool runs_something = row.count > row.relocatable;
    if (gathered != nullptr && runs_something && in_container_.size() < most_images_of_container) {
        in_container_.push_back(gathered->place);
    }
}

// What another one has met, in a later part of the same file.
void CodeGathering::take(CodeGathering& other) {
    other.end_container();
    end_container();
    code_.containers += other.code_.containers;
    code_.empty_containers += other.code_.empty_containers;
    code_to_run_ = code_to_run_ || other.code_to_run_;
    code_to_link_ = code_to_link_ || other.code_to_link_;
    empty_to_run_ = empty_to_run_ || other.empty_to_run_;
    for (std::string& problem : other.code_.problems) tell(std::move(problem));
    untold_ += other.untold_;
    for (const std::uint16_t kind : other.kinds_) remark_on_kind(kind);
    mixes_known_ = mixes_known_ && other.mixes_known_;
    rowless_ += other.rowless_;
    Places place_of(other.rows_.size());
    for (const auto& [key, gathered] : other.rows_) {
        const Gathered* mine = add_to_row(key, gathered.row);
        if (mine != nullptr) place_of.at(gathered.place) = mine->place;
    }
    for (const auto& [places, containers] : other.mixes_) {
        Places mine;
        for (const std::uint16_t place : places) mine.push_back(place_of.at(place));
        std::sort(mine.begin(), mine.end());
        count_mix(mine, containers);
    }
}

// Once everything was met.
void CodeGathering::finish() {
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

// Null: there are more rows than are told.
const CodeGathering::Gathered* CodeGathering::add_to_row(const Key& key, const CodeRow& row) {
    auto found = rows_.find(key);
    if (found != rows_.end()) {
        CodeRow& sum = found->second.row;
        sum.count += row.count;
        sum.relocatable += row.relocatable;
        sum.stubs += row.stubs;
        sum.bytes += row.bytes;
        return &found->second;
    }
    if (rows_.size() >= DeviceCode::most_rows) {
        ++rowless_;
        mixes_known_ = false;
        return nullptr;
    }
    const auto place = static_cast<std::uint16_t>(rows_.size());
    return &rows_.emplace(key, Gathered{row, place}).first->second;
}

// What was met since the container before is of one container.
void CodeGathering::end_container() {
    if (in_container_.empty()) return;
    if (in_container_.size() >= most_images_of_container) mixes_known_ = false;
    std::sort(in_container_.begin(), in_container_.end());
    in_container_.erase(std::unique(in_container_.begin(), in_container_.end()), in_container_.end());
    count_mix(in_container_, 1);
    in_container_.clear();
}

void CodeGathering::count_mix(const Places& places, std::uint64_t containers) {
    // One container is mostly like the one before it.
    if (last_mix_ == mixes_.end() || last_mix_->first != places) {
        last_mix_ = mixes_.find(places);
        if (last_mix_ == mixes_.end() && mixes_.size() >= DeviceCode::most_mixes) mixes_known_ = false;
        if (!mixes_known_) return;
        if (last_mix_ == mixes_.end()) last_mix_ = mixes_.emplace(places, 0).first;
    }
    last_mix_->second += containers;
}

// In the order of the rows, which are sorted by now; they were numbered in the order in which they were met.
void CodeGathering::tell_mixes() {
    if (code_.containers == 0 || !mixes_known_) return;
    Places place_of(rows_.size());
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
void CodeGathering::check_payload(const FatbinEntry& entry, Window& window, CodeRow& row) {
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

void CodeGathering::remark_on_kind(std::uint16_t kind) {
    constexpr std::size_t most = 16;  // of the 65,536 that a hostile file could name
    if (kinds_.size() < most && kinds_.insert(kind).second) {
        remark("holds images of kind " + std::to_string(kind) + ", which this program does not know");
    }
}

}  // namespace jetcuda
