// Kernel modules may be stored compressed (NixOS: .ko.xz, Ubuntu 24.04: .ko.zst). What they say of themselves stands
// at the end of the unpacked file, so all of it has to be unpacked, with a limit: a few bytes can stand for terabytes.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jetcuda {

// By the first bytes of the content; a file's name proves nothing.
enum class Packing { none, gzip, xz, zstd };
Packing packing_of(std::string_view start);

// Throws Malformed (probes/elf/bytes.hpp) where the data are damaged, end early, or unpack to more than `limit`.
std::string unpack(std::string_view packed, Packing packing, std::size_t limit);

}  // namespace jetcuda
