// Small structures that lie spread over a large file, read through one piece of memory. A library has thousands of
// headers with payloads between them that nobody wants to see: each view is one small read, or none where it lies in
// what the read before brought along.
//
// How far apart the structures lie decides how to read. Steps of a few KB: straight through, in large reads (libcufft
// has 24,000 containers in 273 MB). Steps of some ten KB: only what is asked for, while the source is told to fetch
// everything ahead, since a cold medium gives 100 KB in the time that it takes to find one place. Longer steps: only
// what is asked for. So a library of half a GB takes no longer than reading it would, and less where it is in memory
// already.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

class Window {
public:
    explicit Window(const ByteSource& source);

    // `length` bytes at `at`; the view holds until the next one is asked for. `wish` is how many bytes to read at least
    // where reading is needed and the source has them: what follows is probably asked for next. Throws as
    // ByteSource::read does.
    ByteView view(FileOffset at, std::uint64_t length, std::uint64_t wish, std::string_view what);

    // How many bytes from `at` on can be viewed without reading.
    [[nodiscard]] std::uint64_t held(FileOffset at) const;

    [[nodiscard]] const ByteSource& source() const { return source_; }

private:
    void measure_step(FileOffset at);
    void announce(FileOffset at);

    const ByteSource& source_;
    FileOffset begin_;
    std::string bytes_;
    std::uint64_t last_ = 0;             // where the last view began
    std::uint64_t average_step_;         // of late, in bytes
    std::uint64_t announced_until_ = 0;  // to the source
};

}  // namespace jetcuda
