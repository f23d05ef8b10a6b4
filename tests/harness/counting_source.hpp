// A file in memory that counts what is read of it.

#pragma once

#include <string>
#include <string_view>

#include "probes/elf/bytes.hpp"

namespace jetcuda::testing {

class CountingSource final : public ByteSource {
public:
    explicit CountingSource(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }

    mutable std::size_t fetched = 0;  // bytes

private:
    void fill(FileOffset at, std::string& bytes, std::string_view) const override {
        fetched += bytes.size();
        bytes.assign(bytes_.substr(static_cast<std::size_t>(at.value), bytes.size()));
    }

    std::string_view bytes_;
};

}  // namespace jetcuda::testing
