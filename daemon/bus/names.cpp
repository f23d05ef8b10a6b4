#include "daemon/bus/names.hpp"

namespace jetcuda::bus {

std::string check_path(std::string_view id) {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::string path = std::string(manager_path) + "/check/";
    for (const char letter : id) {
        const bool plain =
            (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
        if (plain) {
            path += letter;
        } else if (letter == '-') {
            path += '_';
        } else {
            const auto byte = static_cast<unsigned char>(letter);
            path += '_';
            path += hex[byte >> 4U];
            path += hex[byte & 15U];
        }
    }
    return path;
}

std::string run_path(std::uint64_t number) { return std::string(manager_path) + "/run/" + std::to_string(number); }

}  // namespace jetcuda::bus
