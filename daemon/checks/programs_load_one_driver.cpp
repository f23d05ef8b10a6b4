// In one process the first libcuda.so.1 that is loaded serves everybody who asks by that name. Each object has a search
// of its own, though: a program's RUNPATH, a library's, the loader's cache. Where these lead to different files, the
// driver of a program depends on which of its libraries asks first, and changes with the next release of any of them.
//
// LD_LIBRARY_PATH of units is the concern of libcuda-is-unambiguous. A program is seen here as a shell starts it.

#include <set>

#include "daemon/checks/check.hpp"
#include "daemon/checks/libcuda_kinds.hpp"

namespace jetcuda {
namespace {

constexpr Remedy straighten_search{
    .other = "See who leads where, and take the second out of that search: jetcuda-check which-libcuda --for {program}",
};

// Ordered from what is told first.
enum class Outcome { stub, other_driver, several, not_found, gaps, decided_at_start, one, none };

struct Judged {
    Outcome outcome = Outcome::none;
    const LibcudaRequest* first = nullptr;   // that decides
    const LibcudaRequest* second = nullptr;  // that would have it otherwise
};

Judged judge_load(const LoadedProgram& load, const Facts& facts) {
    Judged judged;
    if (load.requests.empty()) {
        judged.outcome = load.gaps.empty() ? Outcome::none : Outcome::gaps;
        return judged;
    }
    judged.first = &load.requests.front();
    for (const LibcudaRequest& request : load.requests) {
        if (judged.second == nullptr && !is_same_answer(*judged.first, request)) judged.second = &request;
    }
    const LibcudaRequest& first = *judged.first;
    // Without what an object needs nothing is started; what it opens while it runs, another may have loaded by then.
    const bool finds_none = first.path.empty() && (first.needs || judged.second == nullptr);
    if (first.file && first.file->stub) {
        judged.outcome = Outcome::stub;
    } else if (finds_none) {
        // What an image links at its start is not there yet.
        judged.outcome = facts.scope.at_rest && first.error.empty() ? Outcome::decided_at_start : Outcome::not_found;
    } else if (judged.second != nullptr) {
        judged.outcome = Outcome::several;
    } else if (first.file && facts.libcuda) {
        const LibcudaKind kind = LibcudaSorting(facts).kind_of(*first.file);
        const bool foreign =
            kind == LibcudaKind::other_driver || kind == LibcudaKind::other_gpu || kind == LibcudaKind::discrete;
        judged.outcome = foreign ? Outcome::other_driver : Outcome::one;
    } else {
        judged.outcome = Outcome::one;
    }
    // What is not found may ask for libcuda, too.
    if (judged.outcome > Outcome::gaps && !load.gaps.empty()) judged.outcome = Outcome::gaps;
    return judged;
}

std::string found_by(const LibcudaRequest& request) {
    return request.path.empty() ? (request.error.empty() ? "none" : "none (" + request.error + ")") : request.path;
}

std::string_view code_for(Outcome outcome) {
    switch (outcome) {
        case Outcome::stub: return "stub-wins";
        case Outcome::other_driver: return "other-driver-wins";
        case Outcome::several: return "several-drivers";
        case Outcome::not_found: return "libcuda-not-found";
        case Outcome::gaps: return "libraries-missing";
        case Outcome::decided_at_start: return "decided-at-start";
        case Outcome::one: return "ok";
        case Outcome::none: return "no-driver-asked-for";
    }
    return "no-driver-asked-for";
}

Finding finding_of(const LoadedProgram& load, const Judged& judged) {
    Finding finding{.code = code_for(judged.outcome), .values = {{"program", load.path}}};
    if (judged.first != nullptr) {
        finding.values.insert({{"object", judged.first->object},
                               {"path", found_by(*judged.first)},
                               {"named_by", judged.first->named_by}});
    }
    if (judged.second != nullptr) {
        finding.values.insert({{"other", judged.second->object}, {"other_path", found_by(*judged.second)}});
    }
    if (!load.gaps.empty()) finding.values["why"] = load.gaps.front();
    for (const LibcudaRequest& request : load.requests) {
        finding.evidence.push_back({request.object + (request.needs ? " needs" : " opens"), found_by(request),
                                    request.named_by.empty() ? load.path : request.named_by});
    }
    for (const std::string& gap : load.gaps) finding.evidence.push_back({load.path, gap, load.path});
    return finding;
}

}  // namespace

extern const Check programs_load_one_driver{
    .id = "programs-load-one-driver",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "whatever asks for libcuda in one of the programs that the settings name finds the same one",
    .why =
        "The first libcuda that a process loads serves all of it. Where its libraries would find different ones, the "
        "driver that it gets depends on which of them asks first, and an update of any of them changes it.",
    .reads = {"setting \"programs\"", "those programs and the libraries that they load", "/etc/ld.so.cache"},
    .needs = {"libcuda-is-found", "libcuda-is-genuine"},
    .codes =
        {
            {"ok", Status::pass,
             "Whatever asks for libcuda in the programs that the settings name finds the same one ({count} programs "
             "and libraries ask)"},
            {"no-programs-named", Status::not_applicable, "The settings name no programs"},
            {"no-driver-asked-for", Status::not_applicable,
             "Nothing that the settings name under \"programs\" asks for libcuda when it is loaded"},
            {"stub-wins", Status::fail,
             "{program} gets {path}, the toolkit's stub, by {named_by}; it answers every call with error 34",
             straighten_search},
            {"other-driver-wins", Status::fail,
             "{program} gets {path}, by {named_by}, which is not this board's driver", straighten_search},
            {"several-drivers", Status::fail,
             "In {program} the first to ask decides: {object} finds {path}, and {other} finds {other_path}",
             straighten_search},
            {"libcuda-not-found", Status::fail,
             "{program} finds no libcuda, although the board has one: the search of {object} leads to {path}",
             straighten_search},
            {"libraries-missing",
             Status::unknown,
             "Not judged, because not all is known that {program} loads: {why}",
             {.other = "Where a unit or a script gives it LD_LIBRARY_PATH, name the library that uses the GPU instead; "
                       "what it loads: jetcuda-check which-libcuda --for {program}"}},
            {"decided-at-start", Status::unknown,
             "Not judged, because what {program} finds is linked when this system starts"},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.programs) return because_missing(facts.programs.missing());
        if (facts.programs->empty()) return Finding{.code = "no-programs-named"};
        std::optional<Missing> unread;
        std::optional<Finding> worst;
        Outcome outcome = Outcome::none;
        std::size_t askers = 0;
        std::vector<Evidence> found;
        for (const NamedProgram& program : *facts.programs) {
            if (program.missing && !unread) unread = program.missing;
            if (!program.problems.empty() && !unread) {
                unread = Missing{Lack::not_asked, program.problems.front(), program.path};
            }
            for (const LoadedProgram& load : program.loads) {
                const Judged judged = judge_load(load, facts);
                if (judged.outcome == Outcome::one) {
                    ++askers;
                    found.push_back({load.path, judged.first->path, judged.first->named_by});
                }
                if (worst && judged.outcome >= outcome) continue;
                worst = finding_of(load, judged);
                outcome = judged.outcome;
            }
        }
        // One that is not there is told by the check of what programs carry; here it leaves the answer open.
        if (unread && outcome >= Outcome::one) return because_missing(*unread);
        if (!worst) return Finding{.code = "no-driver-asked-for"};
        if (outcome == Outcome::one) worst->evidence = std::move(found);
        worst->values["count"] = std::to_string(askers);
        return *std::move(worst);
    },
};

}  // namespace jetcuda
