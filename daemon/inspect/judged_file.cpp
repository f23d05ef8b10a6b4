#include "daemon/inspect/judged_file.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace jetcuda {
namespace {

// From bad to good. What cannot run goes before what cannot be read (contract, section 2).
constexpr std::array<RunVerdict, 6> worst_first{RunVerdict::cannot_run, RunVerdict::unreadable,
                                                RunVerdict::compat,     RunVerdict::jit,
                                                RunVerdict::native,     RunVerdict::no_device_code};

std::size_t rank_of(RunVerdict verdict) {
    return static_cast<std::size_t>(
        std::distance(worst_first.begin(), std::find(worst_first.begin(), worst_first.end(), verdict)));
}

bool same_row(const CodeRow& left, const CodeRow& right) {
    const auto key = [](const CodeRow& row) {
        return std::tie(row.kind, row.kind_number, row.sm, row.suffix, row.abi, row.isa_major, row.isa_minor,
                        row.compression);
    };
    return key(left) == key(right);
}

void add_rows(std::vector<CodeRow>& sum, const std::vector<CodeRow>& rows) {
    for (const CodeRow& row : rows) {
        const auto found =
            std::find_if(sum.begin(), sum.end(), [&](const CodeRow& other) { return same_row(row, other); });
        if (found == sum.end()) {
            if (sum.size() < DeviceCode::most_rows) sum.push_back(row);
            continue;
        }
        found->count += row.count;
        found->relocatable += row.relocatable;
        found->stubs += row.stubs;
        found->bytes += row.bytes;
    }
}

RunJudgement unreadable(const std::string& why) {
    return {RunVerdict::unreadable, Certainty::promised, "damaged", why,
            "See that this is its name, make it readable for whoever asks, or get it again from its source"};
}

// "lib/a.so: …": whose judgement it is, where a file has several parts.
RunJudgement named(const InspectedPart& part, RunJudgement judgement, std::size_t alike, std::size_t parts) {
    if (part.member.empty()) return judgement;
    std::string first =
        parts > 1 ? fmt::format("{} of its {} parts with GPU code are so, the first ", alike, parts) : "";
    judgement.summary = first + part.member + ": " + judgement.summary;
    return judgement;
}

bool is_worse(const RunJudgement& left, const RunJudgement& right) {
    return rank_of(left.verdict) < rank_of(right.verdict);
}

RunJudgement judge_whole(const JudgedFile& file) {
    const Inspection& inspection = file.inspection;
    const auto worst = std::min_element(file.parts.begin(), file.parts.end(), is_worse);
    const bool cannot_run = worst != file.parts.end() && worst->verdict == RunVerdict::cannot_run;
    if (!inspection.problems.empty() && !cannot_run) return unreadable(inspection.problems.front());
    if (worst != file.parts.end()) {
        const auto alike = std::count_if(file.parts.begin(), file.parts.end(),
                                         [&](const RunJudgement& part) { return part.verdict == worst->verdict; });
        const auto place = static_cast<std::size_t>(worst - file.parts.begin());
        return named(inspection.parts[place], *worst, static_cast<std::size_t>(alike), file.parts.size());
    }
    const std::string in_it =
        inspection.kind == ProgramKind::other ? "It" : fmt::format("None of its {} members", inspection.members);
    return {RunVerdict::no_device_code, Certainty::promised, "no-device-code", in_it + " holds GPU code", ""};
}

}  // namespace

JudgedFile judge_inspection(Inspection inspection, const InspectTarget& target) {
    JudgedFile file;
    file.inspection = std::move(inspection);
    for (const InspectedPart& part : file.inspection.parts) {
        const CodeToJudge code = to_judge(part);
        file.parts.push_back(judge_code(code, target));
        file.coverage += coverage_of(code, target);
        add_rows(file.rows, part.code.rows);
    }
    file.whole = judge_whole(file);
    return file;
}

JudgedFolder judge_folder(std::string path, std::uint64_t files, std::vector<std::string> problems,
                          const std::vector<JudgedFile>& inside) {
    JudgedFolder folder;
    folder.path = std::move(path);
    folder.files = files;
    folder.problems = std::move(problems);
    const auto worst = std::min_element(
        inside.begin(), inside.end(),
        [](const JudgedFile& left, const JudgedFile& right) { return is_worse(left.whole, right.whole); });
    folder.whole.rule = "no-device-code";
    if (worst != inside.end()) folder.whole = worst->whole;
    if (!folder.problems.empty() && folder.whole.verdict != RunVerdict::cannot_run) {
        folder.whole = unreadable(folder.problems.front());
        return folder;
    }
    const std::string sum = sum_of(inside);
    folder.whole.summary = sum.empty() ? fmt::format("None of its {} files holds GPU code", files)
                                       : fmt::format("Of its {} files: {}", files, sum);
    return folder;
}

RunVerdict worst_of(const JudgedPaths& paths) {
    RunVerdict worst = RunVerdict::no_device_code;
    const auto take = [&worst](RunVerdict verdict) {
        if (rank_of(verdict) < rank_of(worst)) worst = verdict;
    };
    for (const JudgedFile& file : paths.files) take(file.whole.verdict);
    for (const JudgedFolder& folder : paths.folders) take(folder.whole.verdict);
    return worst;
}

std::string sum_of(const std::vector<JudgedFile>& files) {
    std::string text;
    // What is well first: a reader looks at the end of the line for what is not.
    for (auto verdict = worst_first.rbegin(); verdict != worst_first.rend(); ++verdict) {
        const auto count = std::count_if(files.begin(), files.end(),
                                         [&](const JudgedFile& file) { return file.whole.verdict == *verdict; });
        if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name_of(*verdict));
    }
    return text;
}

int exit_status_of(const JudgedPaths& paths) {
    constexpr int all_run = 0, some_need_help = 1, some_cannot = 2, something_unread = 3;
    const RunVerdict worst = worst_of(paths);
    if (worst == RunVerdict::cannot_run) return some_cannot;
    const bool unread = std::any_of(paths.files.begin(), paths.files.end(),
                                    [](const JudgedFile& file) { return is_damaged(file.inspection); });
    if (unread || worst == RunVerdict::unreadable) return something_unread;
    return worst == RunVerdict::compat || worst == RunVerdict::jit ? some_need_help : all_run;
}

}  // namespace jetcuda
