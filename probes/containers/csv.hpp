// The lists in /etc/nvidia-container-runtime/host-files-for-container.d, by which NVIDIA's container runtime gives
// containers the driver of a Jetson: one file of the host a line, "lib, /usr/lib/…/libcuda.so.1.1". The first word is
// dev, dir, lib or sym; a device may have wildcards. (source: NVIDIA container toolkit,
// internal/platform-support/tegra/csv: it passes over every line that it does not understand, and so do we, but tell)

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"

namespace jetcuda {

// What a list says, before anybody looked whether the host has it.
struct MountEntry {
    MountList list = MountList::csv;
    MountKind kind = MountKind::other;
    std::string path;  // absolute, each '/' once
    std::string source;
};

struct CsvList {
    std::vector<MountEntry> entries;
    std::vector<std::string> skipped;  // "…/drivers.csv, line 7: …"; the first few, and how many more there are
};

// No list of NVIDIA's has a tenth of this.
inline constexpr std::size_t entries_of_one_list = 5000;

// `file` is the list's name for sources.
CsvList parse_csv(std::string_view text, const std::string& file);

// "//lib/firmware" → "/lib/firmware"; empty where the path is not absolute, has a ".." or is longer than any path.
std::string clean_path(std::string_view path);

}  // namespace jetcuda
