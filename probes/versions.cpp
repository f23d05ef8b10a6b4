#include "probes/versions.hpp"

#include <array>
#include <charconv>

namespace jetcuda {
namespace {

// Reads dot-separated numbers that fill the whole text; answers how many there were, 0 for anything else.
std::size_t read_numbers(std::string_view text, std::array<int, 4>& numbers) {
    std::size_t count = 0;
    const char* next = text.data();
    const char* const end = next + text.size();
    while (count < numbers.size()) {
        if (next == end || *next < '0' || *next > '9') return 0;
        const auto [after, error] = std::from_chars(next, end, numbers[count]);
        if (error != std::errc{} || after - next > 6) return 0;
        ++count;
        if (after == end) return count;
        if (*after != '.') return 0;
        next = after + 1;
    }
    return 0;
}

}  // namespace

std::string L4tRelease::text() const {
    return std::to_string(line) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

std::string line_text(int line) { return 'R' + std::to_string(line); }

std::string CudaVersion::text() const { return std::to_string(major) + '.' + std::to_string(minor); }

CudaVersion CudaVersion::from_api(int encoded) { return {encoded / 1000, encoded % 1000 / 10}; }

std::string Capability::text() const { return std::to_string(major) + '.' + std::to_string(minor); }

Capability Capability::from_sm(int sm) { return {sm / 10, sm % 10}; }

std::optional<L4tRelease> parse_l4t_release(std::string_view text) {
    std::array<int, 4> numbers{};
    const std::size_t count = read_numbers(text, numbers);
    if (count != 2 && count != 3) return std::nullopt;
    return L4tRelease{numbers[0], numbers[1], numbers[2]};
}

std::optional<CudaVersion> parse_cuda_version(std::string_view text) {
    std::array<int, 4> numbers{};
    if (read_numbers(text, numbers) < 2) return std::nullopt;
    return CudaVersion{numbers[0], numbers[1]};
}

}  // namespace jetcuda
