// A tar archive, made in memory by libarchive: a bundle is small, and what is whole in memory can be written whole.

#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace jetcuda {

struct ArchiveEntry {
    std::string name;  // "report.json"
    std::string content;
};

enum class Compression { gzip, zstd };

// All entries in one folder, of no owner, readable by the owner only. Throws std::runtime_error where libarchive
// was built without that compression or memory is short.
std::string make_archive(const std::string& folder, const std::vector<ArchiveEntry>& entries, std::time_t time,
                         Compression compression);

}  // namespace jetcuda
