#include "daemon/cli/archive.hpp"

#include <memory>
#include <stdexcept>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using Writer = std::unique_ptr<archive, int (*)(archive*)>;
using Entry = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

void check(int result, archive* writer) {
    if (result >= ARCHIVE_WARN) return;
    const char* const why = archive_error_string(writer);
    throw std::runtime_error(
        fmt::format("the archive could not be made: {}", why == nullptr ? "no reason given" : why));
}

la_ssize_t append(archive* /*writer*/, void* bytes, const void* block, std::size_t size) {
    static_cast<std::string*>(bytes)->append(static_cast<const char*>(block), size);
    return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string make_archive(const std::string& folder, const std::vector<ArchiveEntry>& entries, std::time_t time,
                         Compression compression) {
    std::string bytes;
    const Writer writer{archive_write_new(), &archive_write_free};
    if (!writer) throw std::bad_alloc();
    check(archive_write_set_format_pax_restricted(writer.get()), writer.get());
    check(compression == Compression::zstd ? archive_write_add_filter_zstd(writer.get())
                                           : archive_write_add_filter_gzip(writer.get()),
          writer.get());
    // The time of making stands in each entry; gzip would put it into its own head, too.
    if (compression == Compression::gzip) {
        check(archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr), writer.get());
    }
    check(archive_write_set_bytes_in_last_block(writer.get(), 1), writer.get());  // no padding: this is no tape
    check(archive_write_open(writer.get(), &bytes, nullptr, &append, nullptr), writer.get());
    const Entry entry{archive_entry_new(), &archive_entry_free};
    if (!entry) throw std::bad_alloc();
    for (const ArchiveEntry& each : entries) {
        archive_entry_clear(entry.get());
        archive_entry_set_pathname(entry.get(), path_below(folder, each.name).c_str());
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0600);
        archive_entry_set_mtime(entry.get(), time, 0);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(each.content.size()));
        check(archive_write_header(writer.get(), entry.get()), writer.get());
        if (archive_write_data(writer.get(), each.content.data(), each.content.size()) !=
            static_cast<la_ssize_t>(each.content.size())) {
            check(ARCHIVE_FATAL, writer.get());
        }
    }
    check(archive_write_close(writer.get()), writer.get());
    return bytes;
}

}  // namespace jetcuda
