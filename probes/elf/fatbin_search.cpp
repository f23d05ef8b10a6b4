#include "probes/elf/fatbin_search.hpp"

#include <algorithm>
#include <cstring>

namespace jetcuda {
namespace {

constexpr std::string_view magic_bytes("\x50\xED\x55\xBA", 4);

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

}  // namespace

void FatbinSearch::run(Window& window, FileOffset until) {
    while (true) {
        if (!found_) {
            // Where only containers belong, the next one is near. In data there may be none, and a guess finds none in
            // the payload of a large one: those end here, behind what a magic across this place needs.
            const bool to_the_end = range_.only_fatbins && !guessing();
            const FileOffset stop = to_the_end ? range_.end : until;
            found_ = next_magic(window, {std::min(stop.value + 3, range_.end.value)});
            if (!found_) {
                at_.value = std::max(at_.value, std::min(stop.value, range_.end.value));
                return;
            }
        }
        if (found_->value >= until.value) return;
        at_ = take_container(window, *found_);
        found_.reset();
    }
}

bool FatbinSearch::leads_to(const FatbinSearch& next) const {
    // Between containers nothing may be passed over untold, so that both must have met the same one.
    if (range_.only_fatbins) return found_ && next.first_ && found_->value == next.first_->value;
    return at_.value <= next.first_.value_or(next.at_).value;
}

// The next magic before `limit`. What is passed over is checked where it should be zeros.
std::optional<FileOffset> FatbinSearch::next_magic(Window& window, FileOffset limit) {
    FileOffset at = at_;
    const bool checked = range_.only_fatbins && !guessing();
    std::optional<FileOffset> foreign;
    // What the read before brought along comes first: a file of nothing but tiny containers is read once.
    const std::uint64_t held = std::min(window.held(at), small_read);
    std::uint64_t step = held >= fatbin_header_size + fatbin_entry_size ? held : small_read;
    std::optional<FileOffset> found;
    while (at.value < limit.value) {
        // Asking where the data begins costs a system call, and most containers follow at once.
        if (step > small_read) at.value = std::min(window.source().data_from(at).value, limit.value);
        const std::uint64_t size = std::min(step, limit.value - at.value);
        const std::string_view bytes = window.view(at, size, size, range_.name).all();
        const std::size_t place = find_magic(bytes);
        const std::string_view passed = bytes.substr(0, place);
        if (checked && !foreign) {
            const std::size_t odd = passed.find_first_not_of('\0');
            if (odd != std::string_view::npos) foreign = at.plus(odd);
        }
        if (place != std::string_view::npos) {
            found = at.plus(place);
            break;
        }
        // The magic may lie across the end of this piece.
        if (size == limit.value - at.value) break;
        at = at.plus(size - 3);
        step = std::min(std::max(step, small_read) * 4, large_read);
    }
    if (checked) tell_gap(at_, foreign, found.value_or(limit));
    return found;
}

void FatbinSearch::tell_gap(FileOffset from, std::optional<FileOffset> foreign, FileOffset to) {
    if (foreign) {
        visitor_.problem(range_.name + " holds something else than device code" + at_offset(*foreign));
    } else if (to.value - from.value > longest_padding) {
        visitor_.problem(range_.name + " holds " + std::to_string(to.value - from.value) +
                         " bytes of zeros in place of device code" + at_offset(from));
    }
}

// Returns where to go on looking.
FileOffset FatbinSearch::take_container(Window& window, FileOffset at) {
    const std::uint64_t room = range_.end.value - at.value;
    std::uint64_t size = 0;
    try {
        const ByteView start =
            window.view(at, std::min(fatbin_header_size + fatbin_entry_size, room), small_read, range_.name);
        const bool in_doubt = !range_.only_fatbins || guessing();
        if (in_doubt && !looks_like_container(start)) return at.plus(4);
        size = read_fatbin_header(start);
    } catch (const Malformed& problem) {
        visitor_.problem("the container" + at_offset(at) + ": " + problem.what());
        return at.plus(4);
    }
    if (!first_) first_ = at;
    visitor_.container(at, size);
    FileOffset next = at.plus(fatbin_header_size);
    const std::uint64_t there = std::min(size, room - fatbin_header_size);
    const FileOffset end = next.plus(there);
    while (next.value < end.value) {
        const std::optional<FileOffset> behind = take_entry(window, next, end);
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
std::optional<FileOffset> FatbinSearch::take_entry(Window& window, FileOffset at, FileOffset end) {
    std::optional<FatbinEntry> entry;
    try {
        const std::uint64_t room = end.value - at.value;
        entry =
            read_fatbin_entry(at, window.view(at, std::min(fatbin_entry_size, room), small_read, range_.name), room);
        visitor_.entry(*entry, window);
    } catch (const Malformed& problem) {
        visitor_.problem("the image" + at_offset(at) + ": " + problem.what());
        if (!entry) return std::nullopt;
    }
    return entry->end();
}

void search_fatbins(Window& window, const FatbinRange& range, FatbinVisitor& visitor) {
    FatbinSearch(range, range.begin, visitor).run(window, range.end);
}

}  // namespace jetcuda
