// The administrator's own programs, named by the setting `programs`: what they and the libraries that they load carry
// for this GPU. All of it has to run here, since nobody but the program knows which part of it will be asked for. The
// installed CUDA libraries, which most of them load, have a check of their own.

#include <set>

#include "daemon/checks/check.hpp"
#include "daemon/checks/gpu_code.hpp"

namespace jetcuda {
namespace {

// The libcuda that it gets, where all that is started of it gets the same.
std::string libcuda_of(const NamedProgram& program) {
    std::set<std::string> all;
    for (const LoadedProgram& load : program.loads) {
        if (load.requests.empty()) continue;
        const LibcudaRequest& first = load.requests.front();
        all.insert(first.file ? first.file->real_path : std::string());
    }
    return all.size() == 1 ? *all.begin() : std::string();
}

Finding finding_of(std::string_view code, const NamedProgram& program, std::string why) {
    return {.code = code,
            .values = {{"program", program.path}, {"why", as_clause(std::move(why))}},
            .evidence = {{program.path, program.missing ? program.missing->why : "named", "setting \"programs\""}}};
}

}  // namespace

extern const Check programs_cover_this_gpu{
    .id = "programs-cover-this-gpu",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "the programs that the settings name carry code for this GPU",
    .why =
        "A program that was built for other GPUs starts, and fails with the first kernel that it launches; one that "
        "needs a newer driver says \"CUDA driver version is insufficient\", or computes on the CPU without a word.",
    .reads = {"setting \"programs\"", "those programs, the files in those folders, and the libraries that they load",
              "board", "cuda_compat folders"},
    .needs = {"soc-is-supported"},
    .codes =
        {
            {"ok", Status::pass,
             "What the settings name under \"programs\" carries code for this GPU, sm_{sm} ({count} files with GPU "
             "code)"},
            {"compiled-at-start", Status::pass,
             "{file} carries no code for this GPU, sm_{sm}, but PTX, which the driver compiles at the first start"},
            {"no-programs-named", Status::not_applicable, "The settings name no programs"},
            {"no-device-code", Status::not_applicable,
             "No GPU code was found in what the settings name under \"programs\" ({count} files)"},
            {"program-gone",
             Status::fail,
             "{program}, which the settings name under \"programs\", is not there",
             {.other = "Install it, or take it out of the setting: grep -rn programs /etc/jetcuda-check"}},
            {"no-code-for-this-gpu",
             Status::fail,
             "{file} does not run on this board: {why}",
             {.other = "For {file}: {advice}"}},
            {"needs-compat",
             Status::fail,
             "{file} does not run with this board's driver: {why}",
             {.other = "For {file}: {advice}"}},
            {"compat-for-some",
             Status::unknown,
             "Not judged, because {file} needs a cuda_compat that only {who} gets",
             {.other = "Where something else starts it, let that have the cuda_compat, too: "
                       "jetcuda-check which-libcuda --for {file}"}},
            {"driver-not-known",
             Status::unknown,
             "Not judged, because {file} needs some driver, and the CUDA version of this board's is not known",
             {.other = "Let the driver be asked: sudo jetcuda-check run"}},
            {"damaged",
             Status::unknown,
             "Not judged, because {file} is damaged: {why}",
             {.other = "Get it again from where it came from, and look at it: jetcuda-check inspect {file}"}},
            {"not-looked-into",
             Status::unknown,
             "Not judged, because {why}",
             {.other = "Judge again as a user who may read it: sudo jetcuda-check run"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.programs) return because_missing(facts.programs.missing());
        if (facts.programs->empty()) return Finding{.code = "no-programs-named"};
        if (!facts.board) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_understood, "the SoC is not known", facts.board.source()});
        }
        std::vector<JudgedCode> all;
        const NamedProgram* gone = nullptr;
        std::optional<Finding> unread;
        std::uint64_t looked_at = 0;
        for (const NamedProgram& program : *facts.programs) {
            looked_at += program.looked_at;
            if (program.missing && program.missing->lack == Lack::not_there) {
                if (gone == nullptr) gone = &program;
            } else if (program.missing && !unread) {
                unread = finding_of("not-looked-into", program, program.missing->why);
            } else if (!program.problems.empty() && !unread) {
                unread = finding_of("not-looked-into", program, program.problems.front());
            }
            const CodeJudge judge(facts, libcuda_of(program));
            for (const InspectedFile& file : program.files) all.push_back(judge.judge(file));
        }
        const JudgedCode* worst = worst_of(all);
        const CodeState state = worst == nullptr ? CodeState::none : worst->state;
        if (gone != nullptr && !is_failure(state)) return finding_of("program-gone", *gone, "");
        if (unread && !is_failure(state) && !is_open(state)) return *unread;
        Finding finding{.code = code_for(state)};
        std::size_t with_code = 0;
        for (const JudgedCode& file : all) {
            if (file.state == CodeState::none) continue;
            ++with_code;
            finding.evidence.push_back(evidence_of(file));
        }
        finding.values = {{"sm", std::to_string(facts.board->soc->capability.sm())},
                          {"count", std::to_string(state == CodeState::none ? looked_at : with_code)}};
        if (worst != nullptr) {
            finding.values.insert(
                {{"file", worst->file->path}, {"why", worst->why}, {"who", worst->why}, {"advice", worst->advice}});
        }
        return finding;
    },
};

}  // namespace jetcuda
