// Small structures that lie spread over a large file, read through one piece of memory. A library has thousands of
// headers with payloads between them that nobody wants to see: each view is one small read, or none where it lies in
// what the read before brought along.
//
// Where the headers lie close together, thousands of small reads cost a cold medium more than one read straight
// through (542 MB of libcublasLt: 449 ms against 186 ms). So the source is told to fetch everything ahead as long as
// the steps are short on average; pages that are in memory already are skipped at once, and no payload is copied.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

class Window {
public:
    explicit Window(const ByteSource& source) : source_(source) {}

    // `length` bytes at `at`; the view holds until the next one is asked for. `wish` is how many bytes to read at once
    // where reading is needed and the source has them: what follows is probably asked for next. Throws as
    // ByteSource::read does.
    ByteView view(FileOffset at, std::uint64_t length, std::uint64_t wish, std::string_view what);

    // How many bytes from `at` on can be viewed without reading.
    [[nodiscard]] std::uint64_t held(FileOffset at) const;

    [[nodiscard]] const ByteSource& source() const { return source_; }

private:
    void advise(FileOffset at);

    const ByteSource& source_;
    FileOffset begin_;
    std::string bytes_;
    std::uint64_t last_ = 0;           // where the last read began
    std::uint64_t average_step_ = 0;   // of late, in bytes
    std::uint64_t advised_until_ = 0;  // what lies before was announced to the source
};

}  // namespace jetcuda
