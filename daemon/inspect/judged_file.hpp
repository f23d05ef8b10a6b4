// What an inspection comes to: for each file the judgement of the rules, and for all of them one exit status. An
// archive is as good as the worst of its members, since nobody knows which of them a program will ask for.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/inspect/rules.hpp"
#include "probes/programs/inspection.hpp"

namespace jetcuda {

struct JudgedFile {
    Inspection inspection;
    std::vector<RunJudgement> parts;  // of each of inspection.parts
    std::vector<CodeRow> rows;        // of all parts together, equal ones added up
    Coverage coverage;                // of all parts together
    RunJudgement whole;
    // Of a program of the judged system: the libcuda that the loader would take for it. Absent: not asked.
    std::optional<std::string> libcuda;
    std::vector<std::string> loader_problems;  // of the libraries it needs, in sentences
};

JudgedFile judge_inspection(Inspection inspection, const InspectTarget& target);

// A folder that was named: its files stand beside it, one by one.
struct JudgedFolder {
    std::string path;
    std::uint64_t files = 0;            // that were looked into
    std::vector<std::string> problems;  // folders that could not be read
    RunJudgement whole;                 // as its worst file
};

// `inside`: those of its files that there is something to say of.
JudgedFolder judge_folder(std::string path, std::uint64_t files, std::vector<std::string> problems,
                          const std::vector<JudgedFile>& inside);

struct JudgedPaths {
    std::vector<JudgedFolder> folders;
    std::vector<JudgedFile> files;
};

// Of all together: no file that cannot run hides behind one that cannot be read.
RunVerdict worst_of(const JudgedPaths& paths);

// "10 native, 2 cannot-run": how many files have which verdict. Empty: no files.
std::string sum_of(const std::vector<JudgedFile>& files);

// The exit status that the contract gives to it: 0 all run, 1 some need JIT or a compat, 2 some cannot run, 3 something
// could not be read.
int exit_status_of(const JudgedPaths& paths);

}  // namespace jetcuda
