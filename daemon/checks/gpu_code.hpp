// What this board makes of the GPU code in a file: the rules of the inspector, with the driver that programs get here.
// A file is as good as its worst part; of several files the checks say which one counts.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "daemon/checks/check.hpp"
#include "daemon/checks/rungs.hpp"
#include "daemon/inspect/rules.hpp"
#include "daemon/inspect/target.hpp"

namespace jetcuda {

// From nothing to say to what is to be said first.
enum class CodeState {
    none,             // no GPU code, and nothing that stops it
    native,           // code for exactly this GPU
    jit,              // PTX that the driver compiles
    not_looked_into,  // no time was left for it, or it cannot be read
    damaged,          // what could be read does not decide
    undecided,        // it depends on the driver's version, which is not known
    compat_for_some,  // runs with a cuda_compat that only some programs get
    needs_compat,     // runs with a cuda_compat that this board takes and nobody gets
    cannot_run
};

constexpr bool is_failure(CodeState state) { return state >= CodeState::needs_compat; }
constexpr bool is_open(CodeState state) {
    return state >= CodeState::not_looked_into && state <= CodeState::compat_for_some;
}
constexpr bool is_covered(CodeState state) { return state == CodeState::native || state == CodeState::jit; }

// Each check on GPU code declares all of these codes.
constexpr std::string_view code_for(CodeState state) {
    switch (state) {
        case CodeState::none: return "no-device-code";
        case CodeState::native: return "ok";
        case CodeState::jit: return "compiled-at-start";
        case CodeState::not_looked_into: return "not-looked-into";
        case CodeState::damaged: return "damaged";
        case CodeState::undecided: return "driver-not-known";
        case CodeState::compat_for_some: return "compat-for-some";
        case CodeState::needs_compat: return "needs-compat";
        case CodeState::cannot_run: return "no-code-for-this-gpu";
    }
    return "not-looked-into";
}

struct JudgedCode {
    const InspectedFile* file = nullptr;
    CodeState state = CodeState::none;
    std::string why;     // a sentence without full stop; of `compat_for_some` who gets it
    std::string advice;  // empty: nothing is to be done
    Coverage coverage;
};

// A sentence of the rules, to stand behind a colon.
inline std::string as_clause(std::string sentence) {
    if (sentence.rfind("It ", 0) == 0 || sentence.rfind("No ", 0) == 0) {
        sentence.front() = sentence.front() == 'I' ? 'i' : 'n';
    }
    return sentence;
}

// "code for this GPU, in 12 of 40 containers": what a reader is shown of a file.
inline std::string words_of(const JudgedCode& judged) {
    const Coverage& coverage = judged.coverage;
    const std::string containers =
        coverage.none == 0
            ? ""
            : fmt::format(", in {} of {} containers", coverage.containers() - coverage.none, coverage.containers());
    switch (judged.state) {
        case CodeState::none: return "no GPU code";
        case CodeState::native: return "code for this GPU" + containers;
        case CodeState::jit: return "PTX for this GPU" + containers;
        case CodeState::compat_for_some: return "needs the cuda_compat that only " + judged.why + " gets";
        case CodeState::not_looked_into:
        case CodeState::damaged:
        case CodeState::undecided:
        case CodeState::needs_compat:
        case CodeState::cannot_run: break;
    }
    return judged.why;
}

inline Evidence evidence_of(const JudgedCode& judged) {
    const InspectedFile& file = *judged.file;
    // How far a run comes depends on how fast the medium is.
    return {file.path, words_of(judged), file.real_path.empty() ? file.path : file.real_path,
            judged.state == CodeState::not_looked_into};
}

class CodeJudge {
public:
    // The board's SoC must be known. `libcuda`: real path of the one that the program in question gets, where that is
    // known.
    explicit CodeJudge(const Facts& facts, std::string_view libcuda = {})
        : facts_(facts), target_(target_of(facts).target) {
        if (!facts.compat) return;
        for (const CompatFolder& folder : facts.compat->folders) {
            if (!folder.cuda || !is_for_this_board(folder, facts)) continue;
            const bool for_all =
                std::any_of(folder.enabled_by.begin(), folder.enabled_by.end(),
                            [](const CompatEnabling& how) { return how.every_program || how.by_nixpkgs; });
            const bool of_program = !libcuda.empty() && folder.library.real_path == libcuda;
            const bool newer = !target_.driver_cuda || *target_.driver_cuda < *folder.cuda;
            if ((for_all || of_program) && newer) target_.driver_cuda = folder.cuda;
        }
    }

    [[nodiscard]] int sm() const { return target_.sm; }

    [[nodiscard]] JudgedCode judge(const InspectedFile& file) const {
        JudgedCode worst;
        worst.file = &file;
        if (!file.content) {
            worst.state = CodeState::not_looked_into;
            worst.why = file.content.missing().why;
            return worst;
        }
        for (const InspectedPart& part : file.content->parts) {
            JudgedCode judged = judge_part(part);
            worst.coverage += coverage_of(to_judge(part), target_);
            if (judged.state <= worst.state) continue;
            worst.state = judged.state;
            worst.why = part.member.empty() ? judged.why : part.member + ": " + judged.why;
            worst.advice = std::move(judged.advice);
        }
        if (!file.content->problems.empty() && worst.state < CodeState::damaged) {
            worst.state = CodeState::damaged;
            worst.why = as_clause(file.content->problems.front());
        }
        return worst;
    }

private:
    static bool runs(const RunJudgement& judgement) {
        return judgement.verdict == RunVerdict::native || judgement.verdict == RunVerdict::jit;
    }

    // What the oldest driver that this line can have runs every other of it runs.
    [[nodiscard]] bool rests_on_driver(const CodeToJudge& code) const {
        if (target_.driver_cuda) return false;
        CudaVersion oldest{1, 0};
        if (facts_.line && facts_.line->least_driver_cuda) oldest = *facts_.line->least_driver_cuda;
        return !runs(judge_code(code, {target_.sm, oldest, {}}));
    }

    // Who gets a cuda_compat with which it runs; empty: nobody.
    [[nodiscard]] std::string who_runs(const CodeToJudge& code) const {
        if (!facts_.compat) return {};
        for (const CompatFolder& folder : facts_.compat->folders) {
            if (folder.enabled_by.empty() || !folder.cuda || !is_for_this_board(folder, facts_)) continue;
            if (runs(judge_code(code, {target_.sm, folder.cuda, {}}))) return folder.enabled_by.front().who;
        }
        return {};
    }

    [[nodiscard]] JudgedCode judge_part(const InspectedPart& part) const {
        const CodeToJudge code = to_judge(part);
        const RunJudgement judgement = judge_code(code, target_);
        JudgedCode judged;
        judged.why = as_clause(judgement.summary);
        judged.advice = judgement.remedy;
        switch (judgement.verdict) {
            case RunVerdict::native: judged.state = CodeState::native; break;
            case RunVerdict::jit: judged.state = CodeState::jit; break;
            case RunVerdict::compat: judged.state = CodeState::needs_compat; break;
            case RunVerdict::cannot_run: judged.state = CodeState::cannot_run; break;
            case RunVerdict::no_device_code: judged.state = CodeState::none; break;
            case RunVerdict::unreadable:
                judged.state = CodeState::damaged;
                if (!part.code.problems.empty()) judged.why = as_clause(part.code.problems.front());
                break;
        }
        if (is_covered(judged.state) && rests_on_driver(code)) {
            judged.state = CodeState::undecided;
            judged.why = "whether it runs depends on the driver's CUDA version, which is not known";
        }
        if (is_failure(judged.state)) {
            if (std::string who = who_runs(code); !who.empty()) {
                judged.state = CodeState::compat_for_some;
                judged.why = std::move(who);
            }
        }
        return judged;
    }

    const Facts& facts_;
    InspectTarget target_;
};

// The one of which most is to be said; null: there are none.
inline const JudgedCode* worst_of(const std::vector<JudgedCode>& all) {
    const auto worst = std::max_element(all.begin(), all.end(), [](const JudgedCode& left, const JudgedCode& right) {
        return left.state < right.state;
    });
    return worst == all.end() ? nullptr : &*worst;
}

}  // namespace jetcuda
