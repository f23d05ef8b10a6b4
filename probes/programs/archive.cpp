#include "probes/programs/archive.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/elf/bytes.hpp"
#include "probes/system/text.hpp"
#include "probes/system/write_all.hpp"

namespace jetcuda {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t block_size = std::size_t{256} << 10;

struct CloseArchive {
    void operator()(archive* opened) const { archive_read_free(opened); }
};
using OpenArchive = std::unique_ptr<archive, CloseArchive>;

std::string error_of(archive* opened) {
    const char* text = archive_error_string(opened);
    return text != nullptr ? text : "what follows cannot be read";
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

// Names in archives are UTF-8 or bytes, whatever the locale of whoever asks; libarchive would drop what that one lacks.
class Utf8Names {
public:
    Utf8Names()
        : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)),
          before_(utf8_ != nullptr ? ::uselocale(utf8_) : nullptr) {}
    Utf8Names(const Utf8Names&) = delete;
    Utf8Names& operator=(const Utf8Names&) = delete;
    ~Utf8Names() {
        if (utf8_ == nullptr) return;
        ::uselocale(before_);
        ::freelocale(utf8_);
    }

private:
    locale_t utf8_, before_;
};

bool is_compressed(std::string_view first_bytes) {
    constexpr std::array<std::string_view, 4> magics{"\x1F\x8B"sv,
                                                     "\xFD"
                                                     "7zXZ"sv,
                                                     "BZh"sv, "\x28\xB5\x2F\xFD"sv};
    return std::any_of(magics.begin(), magics.end(),
                       [&](std::string_view magic) { return first_bytes.substr(0, magic.size()) == magic; });
}

bool is_zip(std::string_view first_bytes) { return first_bytes.substr(0, 2) == "PK"sv; }
bool is_library(std::string_view first_bytes) { return first_bytes.substr(0, 8) == "!<arch>\n"sv; }

// Nothing is read but the forms that begins_archive() knows: a compressed static library, say, could make libarchive
// hold a table of names of 1 GB.
void support(archive* opened, std::string_view first_bytes) {
    if (is_zip(first_bytes)) {
        archive_read_support_format_zip(opened);
    } else if (is_library(first_bytes)) {
        archive_read_support_format_ar(opened);
    } else {
        archive_read_support_format_tar(opened);
        archive_read_support_format_gnutar(opened);
        if (!is_compressed(first_bytes)) return;
        archive_read_support_filter_gzip(opened);
        archive_read_support_filter_xz(opened);
        archive_read_support_filter_bzip2(opened);
        archive_read_support_filter_zstd(opened);
    }
}

std::uint64_t size_of(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::string bytes_of(int descriptor, off_t at, std::size_t size) {
    std::string bytes(size, '\0');
    ssize_t count = 0;
    do {
        count = ::pread(descriptor, bytes.data(), bytes.size(), at);
    } while (count < 0 && errno == EINTR);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

// What libarchive does not tell, or would suffer from.
struct ArchiveFlaws {
    bool cut = false;          // where libarchive takes that for the end
    bool huge_tables = false;  // lists of members, which libarchive holds in memory as large as the file says
};

// No archive of programs has 200000 members and such names that a list of them were near this.
constexpr std::uint64_t largest_table = std::uint64_t{64} << 20U;

// A zip file ends in its directory, and that in a record that tells where the directory begins; a record for large
// files may stand before it. (source: PKWARE, APPNOTE 4.3)
ArchiveFlaws flaws_of_zip(int descriptor, std::uint64_t file_size) {
    constexpr std::uint64_t end_size = 22, locator_size = 20, longest_comment = 65535;
    const std::uint64_t tail = std::min(file_size, end_size + longest_comment);
    const std::string bytes = bytes_of(descriptor, static_cast<off_t>(file_size - tail), tail);
    if (bytes.size() < end_size) return {true, false};
    const std::size_t at = bytes.rfind("PK\x05\x06"sv, bytes.size() - end_size);
    if (at == std::string::npos) return {true, false};
    const ByteView end{bytes};
    if (end.u32(at + 12) > largest_table) return {false, true};
    if (at < locator_size || bytes.compare(at - locator_size, 4, "PK\x06\x07"sv) != 0) return {};
    constexpr std::size_t large_end_size = 56;
    const auto place = std::min(end.u64(at - locator_size + 8), file_size);
    const std::string large_end = bytes_of(descriptor, static_cast<off_t>(place), large_end_size);
    if (large_end.size() < large_end_size) return {};
    const std::uint64_t directory = ByteView{large_end}.u64(48);
    return {false, directory < file_size && file_size - directory > largest_table};
}

// Behind "!<arch>\n" members of an even size, each with a header of 60 bytes; "//" is the table of their long names.
// (source: ar(5))
ArchiveFlaws flaws_of_library(int descriptor, std::uint64_t most_members) {
    constexpr std::size_t header_size = 60;
    ArchiveFlaws flaws;
    std::uint64_t at = 8;
    for (std::uint64_t members = 0; members <= most_members; ++members) {
        const std::string header = bytes_of(descriptor, static_cast<off_t>(at), header_size);
        flaws.cut = header.size() > 1 && header.size() < header_size;  // one byte may fill up the last member
        if (header.size() < header_size) return flaws;
        const std::string_view digits = std::string_view(header).substr(48, 10);
        const std::size_t first = std::min(digits.find_first_not_of(" \t"), digits.size());
        std::uint64_t size = 0;
        std::from_chars(digits.data() + first, digits.data() + digits.size(), size);
        flaws.huge_tables = header.compare(0, 2, "//") == 0 && size > largest_table;
        if (flaws.huge_tables) return flaws;
        at += header_size + size + size % 2;
    }
    return flaws;
}

// Nobody writes an archive that is nearly all holes, and libarchive would read TB of them. Even where a file system
// packs what it stores, it stores more than this of an archive.
bool is_hollow(int descriptor) {
    constexpr std::uint64_t large = std::uint64_t{1} << 30U, least_part = 64, block = 512;
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return false;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    return size > large && static_cast<std::uint64_t>(status.st_blocks) * block < size / least_part;
}

// One reading of one archive.
class Reading {
public:
    Reading(archive* opened, const ArchiveVisitor& visitor, ArchiveBudget& budget)
        : archive_(opened),
          visitor_(visitor),
          budget_(budget),
          filtered_(archive_filter_count(opened) > 1),
          block_(block_size, '\0') {}

    std::uint64_t all_members() {
        std::uint64_t members = 0;
        bool damage_told = false;
        while (true) {
            archive_entry* entry = nullptr;
            const int result = archive_read_next_header(archive_, &entry);
            if (result == ARCHIVE_EOF) return members;
            if (result == ARCHIVE_RETRY || result < ARCHIVE_WARN) {
                if (!damage_told) visitor_.complain("The archive is damaged: " + error_of(archive_));
                damage_told = true;
                if (result != ARCHIVE_RETRY) return members;
            }
            if (!count_stream()) return members;
            if (result == ARCHIVE_RETRY || !is_file(entry)) continue;
            if (budget_.members == budget_.most_members) {
                visitor_.complain(
                    fmt::format("There are more than {} files in it: the rest is not looked at", budget_.most_members));
                return members;
            }
            ++budget_.members;
            ++members;
            if (!take_member(name_of(entry)) || !pass_over(entry)) return members;
        }
    }

private:
    // `ar` writes no type where archives are to be the same each time; a hard link has none, either.
    bool is_file(archive_entry* entry) {
        const auto type = archive_entry_filetype(entry);
        if (type != AE_IFREG && (type != 0 || archive_entry_hardlink(entry) != nullptr)) return false;
        const std::string_view name = archive_entry_pathname(entry) != nullptr ? archive_entry_pathname(entry) : "";
        const bool is_table = name == "/" || name == "//" || name == "/SYM64/";  // of symbols, of names
        return !is_table || (archive_format(archive_) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_AR;
    }

    static std::string name_of(archive_entry* entry) {
        const char* name = archive_entry_pathname(entry);
        if (name == nullptr || *name == '\0') return "a member without a name";
        return std::string(name).substr(0, longest_member_name);
    }

    // False: nothing more can be read.
    bool take_member(const std::string& name) {
        if (!is_unpacked_here()) {
            visitor_.complain(fmt::format(
                "{} is not unpacked: of zip files only stored, deflated, bzip2 and zstd members are, and this "
                "one is {}",
                name, archive_format_name(archive_)));
            return true;
        }
        ssize_t count = next_block();
        if (count < 0) {
            cannot_unpack(name);
            return true;
        }
        if (!within_limits()) return false;
        if (!visitor_.wants({block_.data(), static_cast<std::size_t>(count)}, name)) return true;
        Descriptor file = unnamed_file();
        if (file.number() < 0) {
            visitor_.complain(
                "There is no room for what is unpacked: no file can be made in the folder for temporary files");
            return false;
        }
        for (; count > 0; count = next_block()) {
            if (!within_limits()) return false;
            if (write_all(file.number(), {block_.data(), static_cast<std::size_t>(count)}) != 0) {
                visitor_.complain("There is no room in the folder for temporary files to unpack " + name);
                return false;
            }
        }
        if (count < 0) cannot_unpack(name);
        visitor_.take(std::move(file), name);
        return true;
    }

    // The decoders of the other methods may take as much memory as the file says: a dictionary of 4 GB.
    bool is_unpacked_here() {
        if ((archive_format(archive_) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_ZIP) return true;
        const std::string_view form = archive_format_name(archive_);  // "ZIP 2.0 (deflation)"
        constexpr std::array<std::string_view, 4> known{"(uncompressed)", "(deflation)", "(bzip)", "(zstd)"};
        return std::any_of(known.begin(), known.end(), [&](std::string_view end) { return ends_with(form, end); });
    }

    // What libarchive must unpack to get past the member is counted, too. False: that is more than is allowed.
    bool pass_over(archive_entry* entry) {
        if (!is_unpacked_here() || (!filtered_ && archive_entry_size_is_set(entry) != 0)) return true;
        const void* bytes = nullptr;
        std::size_t count = 0;
        la_int64_t at = 0;
        while (archive_read_data_block(archive_, &bytes, &count, &at) == ARCHIVE_OK) {
            budget_.bytes += count;
            if (!within_limits()) return false;
        }
        return true;
    }

    // Of a compressed tarball, headers are unpacked as well.
    bool count_stream() {
        if (!filtered_) return true;
        const auto now = static_cast<std::uint64_t>(archive_filter_bytes(archive_, 0));
        budget_.bytes += now - stream_;
        stream_ = now;
        return within_limits();
    }

    bool within_limits() {
        if (budget_.bytes <= budget_.allowed_bytes) return true;
        visitor_.complain(
            fmt::format("It unpacks to more than {} MB, which no archive of programs does: the rest is not looked at",
                        budget_.allowed_bytes >> 20U));
        return false;
    }

    ssize_t next_block() {
        const ssize_t count = archive_read_data(archive_, block_.data(), block_.size());
        if (count > 0) budget_.bytes += static_cast<std::uint64_t>(count);
        return count;
    }

    void cannot_unpack(const std::string& name) {
        visitor_.complain(fmt::format("{} cannot be unpacked whole: {}", name, error_of(archive_)));
    }

    archive* archive_;
    const ArchiveVisitor& visitor_;
    ArchiveBudget& budget_;
    bool filtered_;
    std::uint64_t stream_ = 0;  // bytes of it that were unpacked
    std::string block_;
};

}  // namespace

bool begins_archive(std::string_view first_bytes, std::string_view name) {
    const auto begins = [&](std::string_view magic) { return first_bytes.substr(0, magic.size()) == magic; };
    if (begins("PK\x03\x04"sv) || begins("PK\x05\x06"sv) || begins("!<arch>\n"sv)) return true;
    if (first_bytes.size() > 262 && first_bytes.substr(257, 5) == "ustar"sv) return true;
    constexpr std::array<std::string_view, 9> tarballs{".tar",     ".tar.gz", ".tgz",     ".tar.xz", ".txz",
                                                       ".tar.bz2", ".tbz2",   ".tar.zst", ".tzst"};
    return is_compressed(first_bytes) &&
           std::any_of(tarballs.begin(), tarballs.end(), [&](std::string_view end) { return ends_with(name, end); });
}

ArchiveBudget::ArchiveBudget(int descriptor, const ArchiveLimits& limits)
    : most_members(limits.most_members), allowed_bytes(limits.allowed_bytes) {
    constexpr std::uint64_t largest = std::uint64_t{1} << 50U;  // of the size, so that nothing overflows
    allowed_bytes += std::min(size_of(descriptor), largest) * limits.allowed_ratio;
}

std::uint64_t visit_archive(int descriptor, const ArchiveVisitor& visitor, ArchiveBudget& budget) {
    const Utf8Names utf8;
    if (is_hollow(descriptor)) {
        visitor.complain("The archive is damaged: it is nearly all holes, which were never written");
        return 0;
    }
    const std::string first_bytes = bytes_of(descriptor, 0, 8);
    ArchiveFlaws flaws;
    if (is_library(first_bytes)) flaws = flaws_of_library(descriptor, budget.most_members);
    if (is_zip(first_bytes)) flaws = flaws_of_zip(descriptor, size_of(descriptor));
    if (flaws.huge_tables) {
        visitor.complain(
            "The list of its members takes more than that of any archive of programs: it is not looked into");
        return 0;
    }
    if (flaws.cut) visitor.complain("The archive is damaged: its end is missing");
    const OpenArchive opened{archive_read_new()};
    support(opened.get(), first_bytes);
    if (::lseek(descriptor, 0, SEEK_SET) != 0 ||
        archive_read_open_fd(opened.get(), descriptor, block_size) != ARCHIVE_OK) {
        visitor.complain("The archive cannot be read: " + error_of(opened.get()));
        return 0;
    }
    if (archive_filter_count(opened.get()) > 2) {
        visitor.complain("The archive is compressed more than once, as none of programs is: it is not looked into");
        return 0;
    }
    return Reading(opened.get(), visitor, budget).all_members();
}

std::uint64_t visit_archive(int descriptor, const ArchiveVisitor& visitor, const ArchiveLimits& limits) {
    ArchiveBudget budget(descriptor, limits);
    return visit_archive(descriptor, visitor, budget);
}

}  // namespace jetcuda
