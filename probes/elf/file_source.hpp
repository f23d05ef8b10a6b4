// A file whose bytes are fetched as they are asked for: a driver library has tens of MB, and what we want to
// know of it stands in a few KB.

#pragma once

#include <filesystem>
#include <string>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

class FileSource final : public ByteSource {
public:
    // Opens a regular file for reading, without waiting on anything. Throws std::system_error when that fails
    // (its code says whether the file was absent or forbidden).
    explicit FileSource(const std::filesystem::path& path);
    // Takes over a descriptor that is open for reading, whoever opened it: one that came over the bus, an unnamed file
    // into which a member of an archive was unpacked. It is closed also when this throws.
    explicit FileSource(int descriptor);
    ~FileSource() override;

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] FileOffset data_from(FileOffset at) const override;
    void will_need(FileOffset at, std::uint64_t length) const override;

private:
    void fill(FileOffset at, std::string& bytes, std::string_view what) const override;

    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace jetcuda
