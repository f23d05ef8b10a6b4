// What the fuzz targets share: the bytes as our readers take them, and how a target says that something is wrong.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// What libFuzzer calls, and replay.cpp.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace jetcuda::testing {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    // The one cast that a C interface asks for.
    return {static_cast<const char*>(static_cast<const void*>(data)), size};
}

// A promise of a header that must hold for any bytes.
inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

}  // namespace jetcuda::testing
