// SHA-256 by libmd, a few kilobytes that every distribution has; a whole crypto library would be the largest thing
// in the idle daemon's memory.

#include "daemon/report/sha256.hpp"

#include <array>
#include <cstdint>

#include <sha2.h>

namespace jetcuda {

std::string sha256_hex(std::string_view bytes) {
    std::array<char, SHA256_DIGEST_STRING_LENGTH> hex{};
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    SHA256End(&context, hex.data());
    return std::string(hex.data());
}

}  // namespace jetcuda
