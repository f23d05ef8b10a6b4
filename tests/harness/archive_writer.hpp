// Makes archives for tests, in memory: zip files, tarballs and static libraries, by libarchive.

#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

namespace jetcuda::testing {

enum class ArchiveForm { zip, tar, tar_gz, ar };

inline std::string write_archive(ArchiveForm form, const std::vector<std::pair<std::string, std::string>>& members) {
    archive* made = archive_write_new();
    switch (form) {
        case ArchiveForm::zip: archive_write_set_format_zip(made); break;
        case ArchiveForm::tar:
        case ArchiveForm::tar_gz: archive_write_set_format_ustar(made); break;
        case ArchiveForm::ar: archive_write_set_format_ar_svr4(made); break;
    }
    if (form == ArchiveForm::tar_gz) archive_write_add_filter_gzip(made);
    std::size_t room = 1 << 20;
    for (const auto& member : members) room += member.second.size() + 4096;
    std::string bytes(room, '\0');
    std::size_t used = 0;
    if (archive_write_open_memory(made, bytes.data(), bytes.size(), &used) != ARCHIVE_OK) {
        throw std::runtime_error("no archive can be written");
    }
    archive_entry* entry = archive_entry_new();
    for (const auto& [name, content] : members) {
        archive_entry_clear(entry);
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        if (archive_write_header(made, entry) != ARCHIVE_OK) throw std::runtime_error(archive_error_string(made));
        archive_write_data(made, content.data(), content.size());
    }
    archive_entry_free(entry);
    archive_write_close(made);
    archive_write_free(made);
    bytes.resize(used);
    return bytes;
}

}  // namespace jetcuda::testing
