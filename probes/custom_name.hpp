// The names of the administrator's own checks. The folder of programs, the settings, the checks and the daemon must
// mean the same by one, so its form is said here, once.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace jetcuda {

inline constexpr std::string_view custom_prefix = "custom/";        // the program disk-is-ours is custom/disk-is-ours
inline constexpr std::size_t custom_name_limit = 64;                // bytes
inline constexpr std::size_t custom_program_limit = 100;            // of one machine
inline constexpr std::string_view custom_folder_name = "checks.d";  // beside config.json

// Lower-case letters, digits and '-', the first no '-'. What editors and package managers leave behind
// (NAME~, NAME.dpkg-old, NAME.rpmsave) is no such name, and no program is run by accident.
constexpr bool is_custom_name(std::string_view name) {
    if (name.empty() || name.size() > custom_name_limit || name.front() == '-') return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

constexpr bool is_custom_id(std::string_view id) {
    return id.substr(0, custom_prefix.size()) == custom_prefix && is_custom_name(id.substr(custom_prefix.size()));
}

}  // namespace jetcuda
