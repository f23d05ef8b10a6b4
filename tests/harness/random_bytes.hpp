// Hostile input, the same in every run: random bytes, and good input with damage. A parser of outside text has to
// live through a few thousand of each.

#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace jetcuda::testing {

inline std::string random_bytes(unsigned seed, std::size_t max) {
    std::mt19937 random(seed);
    std::string bytes(random() % (max + 1), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

// `text` with one to eight damages: bytes changed, set to extremes, removed, repeated, or the end cut off.
inline std::string mutated(std::string_view text, unsigned seed) {
    std::mt19937 random(seed);
    std::string result(text);
    const auto damages = 1 + random() % 8;
    for (std::size_t i = 0; i < damages && !result.empty(); ++i) {
        const std::size_t at = random() % result.size();
        const std::size_t length = 1 + random() % 8;
        switch (random() % 6) {
            case 0: result[at] = static_cast<char>(random()); break;
            case 1:
                for (std::size_t k = at; k < result.size() && k < at + length; ++k) result[k] = '\xff';
                break;
            case 2:
                for (std::size_t k = at; k < result.size() && k < at + length; ++k) result[k] = '\0';
                break;
            case 3: result.erase(at, length); break;
            case 4: result.insert(at, result.substr(at, length)); break;
            default:
                if (random() % 4 == 0) result.resize(at);
                break;
        }
    }
    return result;
}

}  // namespace jetcuda::testing
