// Files, archives and folders by the rules: what the worst part makes of the whole, and which exit status that is.

#include "daemon/inspect/judged_file.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

const InspectTarget orin{87, CudaVersion{12, 6}, {{12, 8}, {12, 9}}};

CodeRow row_of(CodeKind kind, std::uint32_t sm) {
    CodeRow row;
    row.kind = kind;
    row.sm = sm;
    row.count = 1;
    row.bytes = 100;
    if (kind == CodeKind::ptx) row.isa_major = 6;
    return row;
}

InspectedPart part_with(std::vector<CodeRow> rows, std::string member = "") {
    InspectedPart part;
    part.member = std::move(member);
    part.code.form = FileForm::elf;
    part.code.machine = "aarch64";
    part.code.bits = 64;
    part.code.rows = std::move(rows);
    return part;
}

Inspection file_with(std::vector<InspectedPart> parts, ProgramKind kind = ProgramKind::elf) {
    Inspection inspection;
    inspection.path = "/opt/file";
    inspection.kind = kind;
    inspection.parts = std::move(parts);
    return inspection;
}

const CodeRow native = row_of(CodeKind::sass, 87);
const CodeRow desktop = row_of(CodeKind::sass, 90);
const CodeRow old_ptx = row_of(CodeKind::ptx, 70);

JudgedPaths paths_of(std::vector<Inspection> inspections) {
    JudgedPaths paths;
    for (Inspection& inspection : inspections) paths.files.push_back(judge_inspection(std::move(inspection), orin));
    return paths;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a file is judged by its rules") {
    CHECK(judge_inspection(file_with({part_with({native})}), orin).whole.verdict == RunVerdict::native);
    CHECK(judge_inspection(file_with({part_with({desktop})}), orin).whole.verdict == RunVerdict::cannot_run);
    CHECK(judge_inspection(file_with({part_with({})}), orin).whole.verdict == RunVerdict::no_device_code);
}

TEST_CASE("a file for another processor does not run, whatever its GPU code is") {
    InspectedPart part = part_with({native});
    part.code.machine = "x86_64";
    const JudgedFile file = judge_inspection(file_with({part}), orin);
    CHECK(file.whole.verdict == RunVerdict::cannot_run);
    CHECK(file.whole.rule == "other-processor");
    CHECK(contains(file.whole.summary, "x86_64"));
    CHECK(contains(file.whole.summary, "sm_87"));

    InspectedPart plain = part_with({});
    plain.code.machine = "x86_64";
    CHECK(judge_inspection(file_with({plain}), orin).whole.verdict == RunVerdict::no_device_code);
    // Bare device code is for no host processor.
    InspectedPart bare = part_with({native});
    bare.code.machine.clear();
    CHECK(judge_inspection(file_with({bare}), orin).whole.verdict == RunVerdict::native);
}

TEST_CASE("an archive is as good as its worst member, which is named") {
    const JudgedFile file =
        judge_inspection(file_with({part_with({native}, "a.so"), part_with({desktop}, "lib/b.so"),
                                    part_with({desktop, old_ptx}, "c.so"), part_with({desktop}, "d.so")},
                                   ProgramKind::wheel),
                         orin);
    CHECK(file.whole.verdict == RunVerdict::cannot_run);
    CHECK(contains(file.whole.summary, "2 of its 4 parts with GPU code are so, the first lib/b.so: "));
    REQUIRE(file.parts.size() == 4);
    CHECK(file.parts[2].verdict == RunVerdict::jit);
    // Rows of all parts, added up.
    REQUIRE(file.rows.size() == 3);
    CHECK(file.rows[1].count == 3);
    CHECK(file.rows[1].bytes == 300);
}

TEST_CASE("a member without code makes no good archive bad, nor a bad one good") {
    CHECK(judge_inspection(file_with({part_with({}, "libcudart.so"), part_with({native}, "a.so")}, ProgramKind::wheel),
                           orin)
              .whole.verdict == RunVerdict::native);
    Inspection none = file_with({}, ProgramKind::archive);
    none.members = 7;
    const JudgedFile file = judge_inspection(none, orin);
    CHECK(file.whole.verdict == RunVerdict::no_device_code);
    CHECK(contains(file.whole.summary, "None of its 7 members"));
}

TEST_CASE("a damaged archive is unreadable, unless what was read cannot run") {
    Inspection damaged = file_with({part_with({native}, "a.so")}, ProgramKind::wheel);
    damaged.problems = {"The archive is damaged: truncated"};
    CHECK(judge_inspection(damaged, orin).whole.verdict == RunVerdict::unreadable);
    CHECK(judge_inspection(damaged, orin).whole.summary == damaged.problems.front());
    damaged.parts.push_back(part_with({desktop}, "b.so"));
    CHECK(judge_inspection(damaged, orin).whole.verdict == RunVerdict::cannot_run);
}

TEST_CASE("the parts of a library that mixes architectures are counted") {
    InspectedPart part = part_with({native, desktop, old_ptx});
    part.code.mixes = {{{0, 1}, 5}, {{1}, 3}, {{1, 2}, 2}};
    const JudgedFile file = judge_inspection(file_with({part}), orin);
    CHECK(file.coverage.native == 5);
    CHECK(file.coverage.jit == 2);
    CHECK(file.coverage.none == 3);
    CHECK(contains(file.whole.summary, "of its 10 containers 5 hold code for this GPU, 2 PTX for it, and 3 neither"));
}

TEST_CASE("exit statuses are those of the contract, and what cannot run goes before what cannot be read") {
    Inspection unread = file_with({});
    unread.problems = {"It cannot be opened: Permission denied"};
    InspectedPart hurt = part_with({native});
    hurt.code.problems = {"section .nv_fatbin leaves the file"};
    const Inspection good = file_with({part_with({native})}), jit = file_with({part_with({old_ptx})}),
                     bad = file_with({part_with({desktop})}), empty = file_with({part_with({})});
    CHECK(exit_status_of({}) == 0);
    CHECK(exit_status_of(paths_of({good, empty})) == 0);
    CHECK(exit_status_of(paths_of({good, jit})) == 1);
    CHECK(exit_status_of(paths_of({unread, jit})) == 3);
    CHECK(exit_status_of(paths_of({unread, bad, good})) == 2);
    // It runs as far as it was read; that something was not is not hidden.
    CHECK(paths_of({file_with({hurt})}).files.front().whole.verdict == RunVerdict::native);
    CHECK(exit_status_of(paths_of({file_with({hurt})})) == 3);
}

TEST_CASE("a folder is as bad as its worst file, and counts them") {
    const JudgedPaths inside = paths_of({file_with({part_with({native})}), file_with({part_with({desktop})})});
    const JudgedFolder folder = judge_folder("/opt", 9, {}, inside.files);
    CHECK(folder.whole.verdict == RunVerdict::cannot_run);
    CHECK(folder.whole.summary == "Of its 9 files: 1 native, 1 cannot-run");
    const JudgedFolder locked = judge_folder("/opt", 0, {"/opt cannot be read: Permission denied"}, {});
    CHECK(locked.whole.verdict == RunVerdict::unreadable);
    CHECK(exit_status_of({{locked}, {}}) == 3);
    CHECK(judge_folder("/opt", 3, {}, {}).whole.summary == "None of its 3 files holds GPU code");
}
