// Members of archives: those that are wanted are unpacked whole, and an archive that is damaged, endless or made to
// fill a disk ends in a sentence.

#include "probes/programs/archive.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/archive_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using namespace std::string_literals;

namespace {

struct Visited {
    std::uint64_t members = 0;
    std::vector<std::pair<std::string, std::string>> taken;  // name, content
    std::string complaints;
};

std::string content_of(int file) {
    std::string content;
    char bytes[4096];
    REQUIRE(::lseek(file, 0, SEEK_SET) == 0);
    for (ssize_t count = 0; (count = ::read(file, bytes, sizeof bytes)) > 0;) {
        content.append(bytes, static_cast<std::size_t>(count));
    }
    return content;
}

Visited visit(const std::string& archive, const ArchiveLimits& limits = {}) {
    const TempRoot folder;
    folder.write("archive", archive);
    const Descriptor file{::open(folder.on_host("archive").c_str(), O_RDONLY | O_CLOEXEC)};
    Visited visited;
    ArchiveVisitor visitor;
    visitor.wants = [](std::string_view first, const std::string&) { return first.substr(0, 4) == "want"; };
    visitor.take = [&](Descriptor content, const std::string& name) {
        visited.taken.emplace_back(name, content_of(content.number()));
    };
    visitor.complain = [&](const std::string& sentence) { visited.complaints += sentence + '\n'; };
    visited.members = visit_archive(file.number(), visitor, limits);
    return visited;
}

std::string compressed(const std::string& bytes) {
    std::string out(bytes.size() + 65536, '\0');
    std::size_t used = 0;
    archive* made = archive_write_new();
    archive_entry* entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_set_format_raw(made);
    archive_write_add_filter_gzip(made);
    archive_write_open_memory(made, out.data(), out.size(), &used);
    archive_write_header(made, entry);
    archive_write_data(made, bytes.data(), bytes.size());
    archive_write_close(made);
    archive_entry_free(entry);
    archive_write_free(made);
    out.resize(used);
    return out;
}

// A file of the fuzzers' corpus, without its first byte.
std::string read_corpus(const std::string& name) {
    std::ifstream stream(JETCUDA_SOURCE_DIR "/tests/fuzz/corpus/archive/" + name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    REQUIRE_FALSE(bytes.empty());
    return bytes.substr(1);
}

// Of all members that are files, wanted or not.
std::vector<std::string> names(const std::string& archive) {
    const TempRoot folder;
    folder.write("archive", archive);
    const Descriptor file{::open(folder.on_host("archive").c_str(), O_RDONLY | O_CLOEXEC)};
    std::vector<std::string> found;
    ArchiveVisitor visitor;
    visitor.wants = [&](std::string_view, const std::string& name) {
        found.push_back(name);
        return false;
    };
    visitor.complain = [](const std::string& sentence) { FAIL(sentence); };
    visit_archive(file.number(), visitor);
    return found;
}

const std::string large = "want" + std::string(700'000, 'x') + "end";

}  // namespace

TEST_CASE("members that are wanted are unpacked whole, from every form") {
    for (const ArchiveForm form : {ArchiveForm::zip, ArchiveForm::tar, ArchiveForm::tar_gz, ArchiveForm::ar}) {
        const Visited visited = visit(write_archive(form, {{"a.txt", "not this one"}, {"b.so", large}, {"c", "want"}}));
        CHECK(visited.members == 3);
        CHECK(visited.complaints.empty());
        REQUIRE(visited.taken.size() == 2);
        CHECK(visited.taken[0].first == "b.so");
        CHECK((visited.taken[0].second == large));
        CHECK(visited.taken[1].second == "want");
    }
}

TEST_CASE("an archive is known by its first bytes, and a compressed tarball by its name, too") {
    CHECK(begins_archive(write_archive(ArchiveForm::zip, {{"a", "b"}}), "x.whl"));
    CHECK(begins_archive(write_archive(ArchiveForm::ar, {{"a", "b"}}), "libx.a"));
    CHECK(begins_archive(write_archive(ArchiveForm::tar, {{"a", "b"}}), "anything"));
    const std::string gz = write_archive(ArchiveForm::tar_gz, {{"a", "b"}});
    CHECK(begins_archive(gz, "x.tar.gz"));
    CHECK_FALSE(begins_archive(gz, "log.gz"));
    CHECK_FALSE(
        begins_archive("\x7F"
                       "ELF",
                       "x.zip"));
    CHECK_FALSE(begins_archive("", "x.zip"));
}

TEST_CASE("one that was cut is told, and what lies before the cut is taken") {
    std::string zip = write_archive(ArchiveForm::zip, {{"b", "want this"}, {"c", large}});
    zip.resize(zip.size() / 2);
    CHECK_FALSE(visit(zip).complaints.empty());
    std::string tar = write_archive(ArchiveForm::tar, {{"b", "want this"}, {"c", large}});
    tar.resize(100'000);
    const Visited visited = visit(tar);
    CHECK_FALSE(visited.complaints.empty());
    REQUIRE_FALSE(visited.taken.empty());
    CHECK(visited.taken[0].second == "want this");
}

TEST_CASE("what unpacks to more than an honest archive is not unpacked") {
    const std::string bomb = write_archive(ArchiveForm::zip, {{"a", large}, {"b", large}, {"c", large}});
    const Visited visited = visit(bomb, {100, 1'000'000, 0});
    CHECK(visited.taken.size() == 1);
    CHECK(visited.complaints.find("unpacks to more than") != std::string::npos);
    CHECK(visit(bomb).taken.size() == 3);
}

TEST_CASE("there are only so many members") {
    std::vector<std::pair<std::string, std::string>> members;
    for (int i = 0; i < 20; ++i) members.emplace_back("m" + std::to_string(i), "want");
    const Visited visited = visit(write_archive(ArchiveForm::tar, members), {10, 1 << 20, 100});
    CHECK(visited.members == 10);
    CHECK(visited.taken.size() == 10);
    CHECK(visited.complaints.find("more than 10 files") != std::string::npos);
}

TEST_CASE("archives within an archive draw on its limits") {
    const TempRoot folder;
    folder.write("archive", write_archive(ArchiveForm::tar, {{"a", "want"}, {"b", "want"}}));
    const Descriptor file{::open(folder.on_host("archive").c_str(), O_RDONLY | O_CLOEXEC)};
    ArchiveVisitor visitor;
    std::string complaints;
    visitor.wants = [](std::string_view, const std::string&) { return false; };
    visitor.complain = [&](const std::string& sentence) { complaints += sentence + '\n'; };
    ArchiveBudget budget(file.number(), {3, 1 << 20, 100});
    CHECK(visit_archive(file.number(), visitor, budget) == 2);
    CHECK(complaints.empty());
    CHECK(visit_archive(file.number(), visitor, budget) == 1);
    CHECK(complaints.find("more than 3 files") != std::string::npos);
}

TEST_CASE("what must be unpacked to get past a member counts, too") {
    const std::string zeros(3'000'000, '\0');
    const std::string packed = write_archive(ArchiveForm::tar_gz, {{"a", zeros}, {"b", "want"}});
    const Visited visited = visit(packed, {100, 1'000'000, 0});
    CHECK(visited.taken.empty());
    CHECK(visited.complaints.find("unpacks to more than") != std::string::npos);
    CHECK(visit(packed).taken.size() == 1);
}

TEST_CASE("a static library whose members have no type, as ar writes them today") {
    const auto header = [](const std::string& name, std::size_t size) {
        std::string text = name + std::string(16 - name.size(), ' ') + "0           0     0     644     ";
        text += std::to_string(size);
        text.resize(58, ' ');
        return text + "`\n";
    };
    const std::string library =
        "!<arch>\n" + header("/", 4) + "\0\0\0\0"s + header("a.o/", 6) + "want a" + header("b.o/", 6) + "want b";
    const Visited visited = visit(library);
    CHECK(visited.members == 2);
    REQUIRE(visited.taken.size() == 2);
    CHECK(visited.taken[1].first == "b.o");
    CHECK(visited.complaints.empty());
    CHECK(visit(library.substr(0, 150)).complaints == "The archive is damaged: its end is missing\n");
    const Visited huge = visit("!<arch>\n" + header("//", 999'999'999) + "b.o/\n");
    CHECK(huge.complaints.find("list of its members") != std::string::npos);
}

TEST_CASE("a damaged header of a tarball is told, and what lies behind it taken") {
    std::string tar = write_archive(ArchiveForm::tar, {{"a", "want"}, {"b", "want"}, {"c", "want"}});
    tar[1024] = '!';
    const Visited visited = visit(tar);
    CHECK(visited.taken.size() == 2);
    CHECK(visited.complaints == "The archive is damaged: Damaged tar archive\n");
}

TEST_CASE("a zip file without its end is told, also where all members are there") {
    std::string zip = write_archive(ArchiveForm::zip, {{"b", "want this"}});
    zip.resize(zip.size() - 40);
    const Visited visited = visit(zip);
    CHECK(visited.taken.size() == 1);
    CHECK(visited.complaints == "The archive is damaged: its end is missing\n");
}

TEST_CASE("lists of members that would fill the memory are not read") {
    const auto number = [](std::uint64_t value, unsigned bytes) {
        std::string text;
        for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
        return text;
    };
    const std::string directory(70'000'000, '\0');
    const auto end = [&](std::uint64_t size) {
        return "PK\5\6" + number(0, 8) + number(size, 4) + number(4, 4) + number(0, 2);
    };
    CHECK(visit("PK\3\4" + directory + end(directory.size())).complaints.find("list of its members") !=
          std::string::npos);
    const std::string large = "PK\6\6" + number(44, 8) + number(0, 36) + number(4, 8);
    const std::string locator = "PK\6\7" + number(0, 4) + number(4 + directory.size(), 8) + number(1, 4);
    CHECK(visit("PK\3\4" + directory + large + locator + end(0)).complaints.find("list of its members") !=
          std::string::npos);
    CHECK(visit("PK\3\4" + directory + end(0)).complaints.find("list of its members") == std::string::npos);
}

TEST_CASE("a compressed tarball is compressed once, and is a tarball") {
    const std::string library = write_archive(ArchiveForm::ar, {{"a.o", "want"}});
    CHECK(visit(library).taken.size() == 1);
    CHECK(visit(compressed(compressed(library))).taken.empty());
    const Visited once = visit(compressed(library));
    CHECK(once.taken.empty());
    CHECK(once.complaints.find("Unrecognized archive format") != std::string::npos);
    const std::string tar = write_archive(ArchiveForm::tar, {{"a", "want"}});
    CHECK(visit(compressed(tar)).taken.size() == 1);
    CHECK(visit(compressed(compressed(tar))).complaints.find("more than once") != std::string::npos);
}

TEST_CASE("names are kept whatever the locale, and cut where no system has such") {
    const std::string zip = read_corpus("sound-wheel-with-a-name-in-utf-8");
    CHECK(names(zip) == std::vector<std::string>{"k\u00e4se.so"});
    CHECK(names(read_corpus("zip-with-a-name-of-5000-bytes")).at(0).size() == longest_member_name);
    CHECK(names(read_corpus("tar-with-an-empty-name")) == std::vector<std::string>{"a member without a name"});
}

TEST_CASE("of zip files nothing is unpacked with a dictionary as large as they like") {
    CHECK(visit(read_corpus("zip-of-lzma-with-a-dictionary-of-4-gb")).complaints.find("(lzma)") != std::string::npos);
}

TEST_CASE("what is no archive is told") {
    CHECK_FALSE(visit("this is no archive at all").complaints.empty());
    CHECK_FALSE(visit("").complaints.empty());
}
