#include "probes/loader/ld_so_cache.hpp"

#include <algorithm>
#include <limits>

#include "probes/elf/bytes.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view old_magic = "ld.so-1.7.0";
constexpr std::string_view new_magic = "glibc-ld.so.cache1.1";
constexpr std::uint64_t old_header = 16;  // magic, a byte of padding, a count
constexpr std::uint64_t old_entry = 12;
constexpr std::uint64_t new_header = 48;
constexpr std::uint64_t new_entry = 24;
constexpr std::uint32_t extension_magic = 0xeaa42174;
constexpr std::uint32_t tag_named_hwcaps = 1;
constexpr std::uint64_t named_hwcaps_bit = std::uint64_t{1} << 62;
constexpr unsigned isa_level_place = 32;  // of the ten bits that say which CPU the library itself was marked for
constexpr std::uint64_t isa_level_mask = 0x3ff;

constexpr std::uint32_t id_aarch64 = 0x0a03;
constexpr std::uint32_t id_x86_64 = 0x0303;

// A system has some thousands of libraries, and a hostile cache must not fill the memory with one text said again.
constexpr std::size_t most_entries = std::size_t{1} << 17;
constexpr std::size_t most_text = std::size_t{64} << 20;
constexpr std::size_t largest_cache = std::size_t{32} << 20;

// The loader maps the file, and finds zeros between its end and that of the last page. Behind that it would be killed.
constexpr std::size_t page = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t take_number(std::string_view text, std::size_t& at) {
    std::size_t value = 0;
    while (at < text.size() && is_digit(text[at])) {
        value = value * 10 + static_cast<std::size_t>(text[at] - '0');
        ++at;
    }
    return value;
}

// The names of the subfolders of glibc-hwcaps that entries refer to by number.
std::vector<std::string> subfolders_of(ByteView cache) {
    std::vector<std::string> result;
    const std::uint32_t at = cache.u32(32);
    if (at == 0) return result;
    try {
        if (cache.u32(at) != extension_magic) return result;
        const std::uint32_t count = cache.u32(std::uint64_t{at} + 4);
        for (std::uint64_t i = 0; i < count; ++i) {
            const ByteView section = cache.part(std::uint64_t{at} + 8 + i * 16, 16);
            // Of any kind: a loader that finds one beyond the file's end does without them all.
            const ByteView names = cache.part(section.u32(8), section.u32(12));
            if (section.u32(0) != tag_named_hwcaps || names.size() % 4 != 0) continue;
            for (std::uint64_t k = 0; k + 4 <= names.size() && result.size() < most_entries; k += 4) {
                result.emplace_back(cache.text(names.u32(k)));
            }
        }
    } catch (const Malformed&) {
        result.clear();  // entries of such folders are passed over then
    }
    return result;
}

class Reader {
public:
    explicit Reader(ByteView texts) : texts_(texts) {}

    LdSoCacheEntry entry(ByteView raw) {
        LdSoCacheEntry entry;
        entry.flags = raw.u32(0);
        entry.has_name = take_text(raw.u32(4), entry.name);
        entry.has_path = take_text(raw.u32(8), entry.path);
        return entry;
    }

private:
    bool take_text(std::uint32_t at, std::string& into) {
        if (at >= texts_.size()) return false;
        // The loader maps the file, so the last text of one that was cut ends with the file.
        const std::string_view rest = texts_.all().substr(at);
        const std::string_view text = rest.substr(0, rest.find('\0'));
        text_ += text.size();
        if (text_ > most_text) return false;
        into = text;
        return true;
    }

    ByteView texts_;
    std::size_t text_ = 0;
};

std::uint64_t checked_count(std::uint64_t count, std::uint64_t room, std::uint64_t size) {
    if (count > room / size) throw Malformed("its entries leave the file");
    if (count > most_entries) throw Malformed("it has more entries than a system has libraries");
    return count;
}

// Up to glibc 2.31 no loader compared the count of the new form with the length of the file, and no later one does
// where the old form stands before it (elf/dl-cache.c, _dl_load_cache_lookup).
bool loader_counts(bool behind_old_form, int glibc_minor) {
    return !behind_old_form && (glibc_minor == 0 || glibc_minor >= 32);
}

}  // namespace

int compare_library_names(std::string_view left, std::string_view right) {
    std::size_t i = 0;
    std::size_t k = 0;
    while (i < left.size()) {
        const char other = k < right.size() ? right[k] : '\0';
        if (is_digit(left[i])) {
            if (!is_digit(other)) return 1;
            const std::size_t mine = take_number(left, i);
            const std::size_t theirs = take_number(right, k);
            if (mine != theirs) return mine < theirs ? -1 : 1;
        } else if (is_digit(other)) {
            return -1;
        } else if (left[i] != other) {
            return static_cast<signed char>(left[i]) < static_cast<signed char>(other) ? -1 : 1;
        } else {
            ++i;
            ++k;
        }
    }
    return k < right.size() ? -1 : 0;
}

LdSoCache::LdSoCache(std::string_view bytes, int glibc_minor) {
    ByteView cache{bytes};
    const bool old_form = starts_with(bytes, old_magic);
    if (old_form) {
        const std::uint64_t count =
            checked_count(cache.u32(12), cache.size() < old_header ? 0 : cache.size() - old_header, old_entry);
        const std::uint64_t texts = old_header + count * old_entry;
        const std::uint64_t next = (texts + 7) / 8 * 8;
        if (next + new_header > bytes.size() || !starts_with(bytes.substr(next), new_magic)) {
            new_form_ = false;
            Reader reader{cache.part(texts, cache.size() - texts)};
            for (std::uint64_t i = 0; i < count; ++i) {
                entries_.push_back(reader.entry(cache.part(old_header + i * old_entry, old_entry)));
            }
            counted_ = entries_.size();
            return;
        }
        cache = cache.part(next, cache.size() - next);
    } else if (!starts_with(bytes, new_magic)) {
        throw Malformed("it does not begin as a cache of the loader does");
    }
    const unsigned order = cache.u8(28) & 3U;
    if (order != 0 && order != 2) throw Malformed("it was written for big-endian machines, or marked as no good");
    if (cache.size() < new_header) throw Malformed("it ends within its header");
    const std::uint64_t room = cache.size() - new_header;
    const std::uint64_t claimed = cache.u32(20);
    std::string mapped;
    ByteView table = cache;
    if (loader_counts(old_form, glibc_minor)) {
        checked_count(claimed, room, new_entry);
    } else if (claimed > room / new_entry) {
        mapped = bytes.substr(bytes.size() - cache.size());
        mapped.resize(mapped.size() + (page - bytes.size() % page) % page);
        table = ByteView(mapped);
    }
    // The loader's search has numbers with a sign.
    counted_ = claimed > std::numeric_limits<std::int32_t>::max() ? 0 : static_cast<std::size_t>(claimed);
    const std::size_t present = std::min({counted_, (table.size() - new_header) / new_entry, most_entries});
    const std::vector<std::string> subfolders = subfolders_of(cache);
    Reader reader{cache};
    for (std::uint64_t i = 0; i < present; ++i) {
        const ByteView raw = table.part(new_header + i * new_entry, new_entry);
        LdSoCacheEntry entry = reader.entry(raw);
        entry.os_version = raw.u32(12);
        entry.hwcaps = raw.u64(16);
        entry.named_hwcaps = (entry.hwcaps & named_hwcaps_bit) != 0;
        const auto number = static_cast<std::uint32_t>(entry.hwcaps);
        if (entry.named_hwcaps && number < subfolders.size()) entry.subfolder = subfolders[number];
        entries_.push_back(std::move(entry));
    }
}

std::string LdSoCache::find(std::string_view name, const LoaderTraits& traits) const {
    const std::uint32_t id = traits.machine == ElfMachine::x86_64 ? id_x86_64 : id_aarch64;
    // Where the name stands: by halves, since the entries fall.
    std::size_t left = 0;
    std::size_t right = counted_;
    std::size_t first = 0;
    bool met = false;
    while (left < right && !met) {
        const std::size_t middle = (left + right - 1) / 2;
        if (middle >= entries_.size() || !entries_[middle].has_name) return {};
        const int order = compare_library_names(name, entries_[middle].name);
        if (order == 0) {
            first = middle;
            met = true;
        } else if (order < 0) {
            left = middle + 1;
        } else {
            right = middle;
        }
    }
    if (!met) return {};
    const auto is_named = [&](const LdSoCacheEntry& entry) {
        return entry.has_name && compare_library_names(name, entry.name) == 0;
    };
    while (first > 0 && is_named(entries_[first - 1])) --first;

    const LdSoCacheEntry* best = nullptr;
    std::size_t best_rank = 0;
    for (std::size_t i = first; i < std::min(right, entries_.size()) && is_named(entries_[i]); ++i) {
        const LdSoCacheEntry& entry = entries_[i];
        if (entry.flags != id || !entry.has_path) continue;
        if (!new_form_) return entry.path;
        // A loader from before glibc-hwcaps sees in them a bit that no CPU has.
        if (entry.named_hwcaps) {
            const auto& known = traits.named_hwcaps;
            const auto rank = std::find(known.begin(), known.end(), entry.subfolder);
            const std::uint64_t level = entry.hwcaps >> isa_level_place & isa_level_mask;
            if (rank == known.end() || level > known.size() + 1) continue;
            const auto number = static_cast<std::size_t>(rank - known.begin());
            if (best == nullptr || number < best_rank) {
                best = &entry;
                best_rank = number;
            }
            continue;
        }
        if (best != nullptr) break;
        constexpr std::uint64_t platform_bits = std::uint64_t{0xf} << 48U;
        constexpr std::uint64_t tls_bit = std::uint64_t{1} << 63U;
        const bool legacy = traits.glibc_minor != 0 && traits.glibc_minor < 37;
        const std::uint64_t allowed = legacy ? traits.hwcap_bits | platform_bits | tls_bit : 0;
        if ((entry.hwcaps & ~allowed) != 0) continue;
        const std::uint64_t platform = entry.hwcaps & platform_bits;
        const bool has_platforms = traits.machine == ElfMachine::x86_64;
        if (has_platforms && platform != 0 && platform != traits.platform_bit) continue;
        return entry.path;
    }
    return best != nullptr ? best->path : std::string();
}

Fact<LdSoCache> read_ld_so_cache(const SystemRoot& root, int glibc_minor) {
    const std::string path(ld_so_cache_path);
    const Fact<std::string> bytes = root.read(path, largest_cache);
    if (!bytes) return bytes.missing();
    try {
        return {LdSoCache(*bytes, glibc_minor), path};
    } catch (const Malformed& problem) {
        return Missing{Lack::not_understood, path + " is no cache of the loader: " + problem.what(), path};
    }
}

}  // namespace jetcuda
