// Finds the containers of a file (probes/elf/fatbin.hpp). They lie in `.nv_fatbin` and `__nv_relfatbin`, and just as
// well in ordinary data: NVIDIA's own libcufft keeps 23,983 of 23,984 in `.ldata`. So all data is searched for the
// magic, and what looks like a container is held to its structure.
//
// A long range can be searched from several places at once. Only the search that began at its beginning knows what is a
// container and what is the payload of one; it decides whether another one, begun further on, guessed right.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "probes/elf/fatbin.hpp"
#include "probes/elf/window.hpp"

namespace jetcuda {

// What a search meets, in the order of the file.
class FatbinVisitor {
public:
    FatbinVisitor() = default;
    virtual ~FatbinVisitor() = default;
    FatbinVisitor(const FatbinVisitor&) = delete;
    FatbinVisitor& operator=(const FatbinVisitor&) = delete;

    virtual void container(FileOffset at, std::uint64_t size) = 0;
    // `window` gives the payload. May throw Malformed: then the entry is damaged, and the next one is taken.
    virtual void entry(const FatbinEntry& entry, Window& window) = 0;
    virtual void problem(std::string text) = 0;
};

struct FatbinRange {
    FileOffset begin, end;  // inside the file
    // Nothing else than containers and zeros belongs here, so that anything else is damage. In ordinary data it is
    // data.
    bool only_fatbins = false;
    std::string name;  // for problems: "section .nv_fatbin"
};

class FatbinSearch {
public:
    // `range` and `visitor` must outlive it. Where `begin` is not the range's, it is a guess until it is led to.
    FatbinSearch(const FatbinRange& range, FileOffset begin, FatbinVisitor& visitor)
        : range_(range), visitor_(visitor), begin_(begin), at_(begin) {}

    // Takes the containers that begin before `until`, and steps through their entries. Behind damage, the next
    // container is looked for. May be called again, with a later one. Throws only where the source cannot be read, and
    // what the visitor throws.
    void run(Window& window, FileOffset until);

    // This one was run until `next`'s beginning: would it go on to find what `next` found? If not, nothing that `next`
    // told its visitor counts, and this one has to be run on.
    [[nodiscard]] bool leads_to(const FatbinSearch& next) const;

private:
    [[nodiscard]] bool guessing() const { return !first_ && begin_.value != range_.begin.value; }
    std::optional<FileOffset> next_magic(Window& window, FileOffset limit);
    void tell_gap(FileOffset from, std::optional<FileOffset> foreign, FileOffset to);
    FileOffset take_container(Window& window, FileOffset at);
    std::optional<FileOffset> take_entry(Window& window, FileOffset at, FileOffset end);

    const FatbinRange& range_;
    FatbinVisitor& visitor_;
    FileOffset begin_;
    FileOffset at_;                    // where to go on looking
    std::optional<FileOffset> found_;  // the next magic, where it lies behind what was to be searched
    std::optional<FileOffset> first_;  // the container that was taken first
};

// The whole range, from one end to the other.
void search_fatbins(Window& window, const FatbinRange& range, FatbinVisitor& visitor);

}  // namespace jetcuda
