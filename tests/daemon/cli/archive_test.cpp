#include "daemon/cli/archive.hpp"

#include <map>

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

struct Unpacked {
    std::map<std::string, std::string> content;
    bool private_files = true;
    std::time_t time = 0;
};

Unpacked unpack(const std::string& bytes) {
    Unpacked result;
    archive* reader = archive_read_new();
    archive_read_support_filter_all(reader);
    archive_read_support_format_tar(reader);
    REQUIRE(archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK);
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
        std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
        CHECK(archive_read_data(reader, content.data(), content.size()) == static_cast<la_ssize_t>(content.size()));
        result.content[archive_entry_pathname(entry)] = content;
        result.private_files = result.private_files && archive_entry_perm(entry) == 0600;
        result.time = archive_entry_mtime(entry);
    }
    archive_read_free(reader);
    return result;
}

}  // namespace

TEST_CASE("what goes in comes out, in both compressions") {
    const std::string large(3'000'000, 'x');
    for (const Compression compression : {Compression::gzip, Compression::zstd}) {
        const std::string bytes = make_archive("bundle", {{"a.txt", "one\n"}, {"empty.txt", ""}, {"large.txt", large}},
                                               1'700'000'000, compression);
        CHECK(bytes.substr(0, 2) == (compression == Compression::gzip ? "\x1f\x8b" : "\x28\xb5"));
        CHECK(bytes.size() < 100'000);
        const Unpacked unpacked = unpack(bytes);
        CHECK(unpacked.content.size() == 3);
        CHECK(unpacked.content.at("bundle/a.txt") == "one\n");
        CHECK(unpacked.content.at("bundle/empty.txt").empty());
        CHECK(unpacked.content.at("bundle/large.txt") == large);
        CHECK(unpacked.private_files);
        CHECK(unpacked.time == 1'700'000'000);
    }
}

TEST_CASE("the same content makes the same archive") {
    CHECK(make_archive("b", {{"a", "x"}}, 5, Compression::gzip) ==
          make_archive("b", {{"a", "x"}}, 5, Compression::gzip));
}
