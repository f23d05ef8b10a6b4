#include "probes/programs/archive.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jetcuda {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t block_size = std::size_t{256} << 10;

struct CloseArchive {
    void operator()(archive* opened) const { archive_read_free(opened); }
};
using OpenArchive = std::unique_ptr<archive, CloseArchive>;

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string error_of(archive* opened) {
    const char* text = archive_error_string(opened);
    return text != nullptr ? text : "libarchive gives no reason";
}

Descriptor unnamed_file() {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    const std::string place = error ? "/tmp" : folder.string();
    int file = ::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) {
        std::string name = place + "/jetcuda-inspect-XXXXXX";
        file = ::mkostemp(name.data(), O_CLOEXEC);
        if (file >= 0) ::unlink(name.c_str());
    }
    return Descriptor{file};
}

bool write_all(int file, const char* bytes, std::size_t count) {
    while (count > 0) {
        const ssize_t written = ::write(file, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
    return true;
}

// One reading of one archive.
class Reading {
public:
    Reading(archive* opened, const ArchiveVisitor& visitor, std::uint64_t allowed)
        : archive_(opened), visitor_(visitor), allowed_(allowed), block_(block_size, '\0') {}

    // False: nothing more can be read.
    bool take_member(const std::string& name) {
        const ssize_t first = archive_read_data(archive_, block_.data(), block_.size());
        if (first < 0) return cannot_unpack(name);
        unpacked_ += static_cast<std::uint64_t>(first);
        if (!visitor_.wants({block_.data(), static_cast<std::size_t>(first)}, name)) return true;
        Descriptor file = unnamed_file();
        if (file.number() < 0) {
            visitor_.complain(
                "There is no room for what is unpacked: no file can be made in the folder for temporary files");
            return false;
        }
        for (ssize_t count = first; count > 0; count = next_block()) {
            if (unpacked_ > allowed_) {
                visitor_.complain(
                    fmt::format("{} unpacks to more than {} MB, which no archive of programs does: the rest is not "
                                "looked at",
                                name, allowed_ >> 20U));
                return false;
            }
            if (!write_all(file.number(), block_.data(), static_cast<std::size_t>(count))) {
                visitor_.complain("There is no room in the folder for temporary files to unpack " + name);
                return false;
            }
        }
        if (archive_errno(archive_) != 0 && !cannot_unpack(name)) return false;
        visitor_.take(std::move(file), name);
        return true;
    }

private:
    ssize_t next_block() {
        const ssize_t count = archive_read_data(archive_, block_.data(), block_.size());
        if (count > 0) unpacked_ += static_cast<std::uint64_t>(count);
        return count;
    }

    bool cannot_unpack(const std::string& name) {
        visitor_.complain(fmt::format("{} cannot be unpacked whole: {}", name, error_of(archive_)));
        archive_clear_error(archive_);
        return true;
    }

    archive* archive_;
    const ArchiveVisitor& visitor_;
    std::uint64_t allowed_;
    std::uint64_t unpacked_ = 0;
    std::string block_;
};

}  // namespace

bool begins_archive(std::string_view first_bytes, std::string_view name) {
    const auto begins = [&](std::string_view magic) { return first_bytes.substr(0, magic.size()) == magic; };
    if (begins("PK\x03\x04"sv) || begins("PK\x05\x06"sv) || begins("!<arch>\n"sv)) return true;
    if (first_bytes.size() > 262 && first_bytes.substr(257, 5) == "ustar"sv) return true;
    constexpr std::array<std::string_view, 9> tarballs{".tar",     ".tar.gz", ".tgz",     ".tar.xz", ".txz",
                                                       ".tar.bz2", ".tbz2",   ".tar.zst", ".tzst"};
    const bool compressed = begins("\x1F\x8B"sv) ||
                            begins(
                                "\xFD"
                                "7zXZ"sv) ||
                            begins("BZh"sv) || begins("\x28\xB5\x2F\xFD"sv);
    return compressed &&
           std::any_of(tarballs.begin(), tarballs.end(), [&](std::string_view end) { return ends_with(name, end); });
}

std::uint64_t visit_archive(int descriptor, const ArchiveVisitor& visitor, const ArchiveLimits& limits) {
    struct stat status {};
    const std::uint64_t size = ::fstat(descriptor, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    const OpenArchive opened{archive_read_new()};
    archive_read_support_format_zip(opened.get());
    archive_read_support_format_tar(opened.get());
    archive_read_support_format_gnutar(opened.get());
    archive_read_support_format_ar(opened.get());
    archive_read_support_filter_gzip(opened.get());
    archive_read_support_filter_xz(opened.get());
    archive_read_support_filter_bzip2(opened.get());
    archive_read_support_filter_zstd(opened.get());
    if (::lseek(descriptor, 0, SEEK_SET) != 0 ||
        archive_read_open_fd(opened.get(), descriptor, block_size) != ARCHIVE_OK) {
        visitor.complain("The archive cannot be read: " + error_of(opened.get()));
        return 0;
    }
    Reading reading(opened.get(), visitor, limits.allowed_bytes + size * limits.allowed_ratio);
    std::uint64_t members = 0;
    archive_entry* entry = nullptr;
    for (int result = archive_read_next_header(opened.get(), &entry); result != ARCHIVE_EOF;
         result = archive_read_next_header(opened.get(), &entry)) {
        if (result < ARCHIVE_WARN) {
            visitor.complain("The archive is damaged: " + error_of(opened.get()));
            return members;
        }
        if (archive_entry_filetype(entry) != AE_IFREG) continue;
        if (++members > limits.most_members) {
            visitor.complain(
                fmt::format("There are more than {} files in it: the rest is not looked at", limits.most_members));
            return members - 1;
        }
        const char* name = archive_entry_pathname(entry);
        if (!reading.take_member(name != nullptr ? name : "a member without a name")) return members;
    }
    return members;
}

}  // namespace jetcuda
