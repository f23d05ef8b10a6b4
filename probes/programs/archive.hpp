// The members of an archive: zip files (wheels among them), tarballs, and static libraries (ar), by libarchive. A
// member is unpacked only where its first bytes say that it may hold device code, and never more of it than an honest
// archive would hold.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "probes/system/descriptor.hpp"

namespace jetcuda {

// Do these first bytes begin an archive that is read here? `name` decides for compressed tarballs, which begin like any
// compressed file.
bool begins_archive(std::string_view first_bytes, std::string_view name);

struct ArchiveVisitor {
    // Whether a member is to be unpacked, by its first bytes.
    std::function<bool(std::string_view first_bytes, const std::string& name)> wants;
    // An unpacked member, in an unnamed file.
    std::function<void(Descriptor content, const std::string& name)> take;
    // A sentence about what is wrong; reading goes on where it can.
    std::function<void(const std::string& sentence)> complain;
};

struct ArchiveLimits {
    std::uint64_t most_members = 200'000;
    // An honest archive of programs unpacks to some ten times its size. A bomb is told by both numbers.
    std::uint64_t allowed_bytes = std::uint64_t{256} << 20;
    std::uint64_t allowed_ratio = 100;
};

// The limits of one file, and what was used of them: archives within it draw on the same.
struct ArchiveBudget {
    ArchiveBudget(int descriptor, const ArchiveLimits& limits);

    std::uint64_t most_members, allowed_bytes;
    std::uint64_t members = 0, bytes = 0;
};

// Reads the archive behind the descriptor, which stays open. Answers how many members that are files it has.
std::uint64_t visit_archive(int descriptor, const ArchiveVisitor& visitor, ArchiveBudget& budget);
std::uint64_t visit_archive(int descriptor, const ArchiveVisitor& visitor, const ArchiveLimits& limits = {});

// A name that is longer is cut: no system makes such a file.
inline constexpr std::size_t longest_member_name = 4096;

}  // namespace jetcuda
