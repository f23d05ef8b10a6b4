// SHA-256, for the digest of a report.

#pragma once

#include <string>
#include <string_view>

namespace jetcuda {

std::string sha256_hex(std::string_view bytes);  // 64 digits, lower case

}  // namespace jetcuda
