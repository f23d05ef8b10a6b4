// Members of archives: those that are wanted are unpacked whole, and an archive that is damaged, endless or made to
// fill a disk ends in a sentence.

#include "probes/programs/archive.hpp"

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

TEST_CASE("what is no archive is told") {
    CHECK_FALSE(visit("this is no archive at all").complaints.empty());
    CHECK_FALSE(visit("").complaints.empty());
}
