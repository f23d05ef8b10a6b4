// The version numbers of the trade, each a type of its own: an L4T release cannot be compared with a CUDA
// version by mistake. All are plain values, ordered as NVIDIA orders them.

#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace jetcuda {

// clang-tidy 14 takes the 0 in a defaulted <=> for a null pointer.
// NOLINTBEGIN(modernize-use-nullptr)

// An L4T release: "R36 (release), REVISION: 5.0" is 36.5.0. Its line (R36) is the first number.
struct L4tRelease {
    int line = 0;
    int minor = 0;
    int patch = 0;

    auto operator<=>(const L4tRelease&) const = default;
    [[nodiscard]] std::string text() const;  // "36.5.0"
};

// "R36"
std::string line_text(int line);

// A CUDA version as people write it (12.6) and as the driver API encodes it (12060 = 1000 * major + 10 * minor).
struct CudaVersion {
    int major = 0;
    int minor = 0;

    auto operator<=>(const CudaVersion&) const = default;
    [[nodiscard]] std::string text() const;  // "12.6"
    static CudaVersion from_api(int encoded);
    [[nodiscard]] int api() const { return major * 1000 + minor * 10; }
};

// A GPU's compute capability: 8.7 is sm_87, 11.0 is sm_110.
struct Capability {
    int major = 0;
    int minor = 0;

    auto operator<=>(const Capability&) const = default;
    [[nodiscard]] int sm() const { return major * 10 + minor; }
    [[nodiscard]] std::string text() const;  // "8.7"
    static Capability from_sm(int sm);
};

// NOLINTEND(modernize-use-nullptr)

// Each takes the whole text and nothing else; numbers of more than six digits are refused, not wrapped.
std::optional<L4tRelease> parse_l4t_release(std::string_view text);    // "36.5.0", "36.5" (= 36.5.0)
std::optional<CudaVersion> parse_cuda_version(std::string_view text);  // "12.6", "12.6.68" (patch dropped)

}  // namespace jetcuda
