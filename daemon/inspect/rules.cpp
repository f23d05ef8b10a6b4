// The rules, in the order in which they are tried: what the release's own driver runs natively, what it compiles, then
// the same with each cuda_compat. What stays is told with the reason that weighs most.

#include "daemon/inspect/rules.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "probes/ptx_isa.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view machine_of_jetsons = "aarch64";
constexpr CudaVersion first_with_zstd{12, 4};  // nvcc manual 13.0, --compress-mode
constexpr CudaVersion first_with_abi_8{13, 0};
// What PTX needs at least that is newer than anything the table knows.
constexpr CudaVersion first_after_table{ptx_isa_records.back().first_driver.major,
                                        ptx_isa_records.back().first_driver.minor + 1};

// How one image fits one GPU, whatever the driver.
enum class Fit { native, jit, none };

// `f` code runs in its own family only; of Jetson GPUs only sm_110 has one. (CUDA C++ Programming Guide 13.0)
bool same_family(std::uint32_t sm, int target) { return sm == static_cast<std::uint32_t>(target) && target == 110; }

Fit fit_of(const CodeRow& row, int target) {
    const auto sm = static_cast<std::uint32_t>(target);
    if (row.kind == CodeKind::sass) {
        if (row.suffix == 'f') return same_family(row.sm, target) ? Fit::native : Fit::none;
        return row.sm == sm ? Fit::native : Fit::none;
    }
    if (row.kind == CodeKind::ptx) {
        if (row.suffix == 'a') return row.sm == sm ? Fit::jit : Fit::none;
        if (row.suffix == 'f') return same_family(row.sm, target) ? Fit::jit : Fit::none;
        return row.sm <= sm ? Fit::jit : Fit::none;
    }
    return Fit::none;
}

// Whether the row holds code that a finished file can run.
bool counts(const CodeRow& row, const CodeToJudge& code) {
    if (row.kind != CodeKind::sass && row.kind != CodeKind::ptx) return false;
    if (!code.finished || code.linked_at_load) return row.count > 0;
    return row.count > row.relocatable;
}

bool takes(const std::optional<CudaVersion>& driver, const CodeRow& row) {
    const std::optional<CudaVersion> needed = driver_needed_by(row);
    return !needed || !driver || *needed <= *driver;
}

bool takes_runtime(const std::optional<CudaVersion>& driver, const RuntimeUse& runtime) {
    if (runtime.linkage == RuntimeLinkage::none || !runtime.cuda || !driver) return true;
    return runtime.cuda->major <= driver->major;
}

struct Best {
    Fit fit = Fit::none;
    const CodeRow* row = nullptr;
};

Best best_with(const CodeToJudge& code, int sm, const std::optional<CudaVersion>& driver) {
    Best best;
    if (!takes_runtime(driver, code.runtime)) return best;
    for (const CodeRow& row : *code.rows) {
        if (!counts(row, code) || !takes(driver, row)) continue;
        const Fit fit = fit_of(row, sm);
        if (fit == Fit::native) return {fit, &row};
        // Of several PTX the runtime takes the one of the highest architecture.
        const bool better = best.fit != Fit::jit || row.sm > best.row->sm;
        if (fit == Fit::jit && better) best = {fit, &row};
    }
    return best;
}

bool any_code(const CodeToJudge& code) {
    return std::any_of(code.rows->begin(), code.rows->end(), [&](const CodeRow& row) { return counts(row, code); });
}

std::string shown(const CodeRow& row) {
    std::string text = row.kind == CodeKind::ptx ? "PTX for " + row.arch() : "code for " + row.arch();
    if (!row.isa().empty()) text += " (ISA " + row.isa() + ')';
    return text;
}

// "code for sm_80, sm_86 and PTX for compute_90": what is there instead. A library of many architectures stays one
// line.
std::string list_of_code(const CodeToJudge& code) {
    std::vector<std::string> names;
    for (const CodeRow& row : *code.rows) {
        if (!counts(row, code)) continue;
        // Machine code stands first, so that "code for" holds for all names up to the first PTX.
        std::string name = row.kind == CodeKind::ptx ? "PTX for " + row.arch()
                           : names.empty()           ? "code for " + row.arch()
                                                     : row.arch();
        const bool known = std::any_of(names.begin(), names.end(), [&](const std::string& other) {
            return other == name || other == "code for " + name;
        });
        if (!known) names.push_back(std::move(name));
    }
    constexpr std::size_t most = 12;
    std::string list;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        if (i > 0) list += i + 1 == names.size() ? " and " : ", ";
        list += names[i];
    }
    if (names.size() > most) list += fmt::format(" and {} more", names.size() - most);
    return list;
}

std::string driver_text(const InspectTarget& target) {
    return target.driver_cuda ? "the driver of CUDA " + target.driver_cuda->text() : "the driver, whatever its version";
}

std::string runtime_text(const RuntimeUse& runtime) {
    if (runtime.linkage == RuntimeLinkage::shared && !runtime.soname.empty()) return runtime.soname;
    if (runtime.cuda && runtime.cuda->minor >= 0) return "the runtime of CUDA " + runtime.cuda->text();
    return runtime.cuda ? fmt::format("the runtime of CUDA {}", runtime.cuda->major) : "its runtime";
}

std::string compat_remedy(const InspectTarget& target, const CudaVersion& compat) {
    const bool for_orin = target.sm == 87 && compat.major >= 13;
    return fmt::format(
        "Install the cuda_compat of CUDA {0} and start the program with it: "
        "sudo apt-get install cuda-compat-{1}{2}-{3}; LD_LIBRARY_PATH=/usr/local/cuda-{0}/{4} PROGRAM",
        compat.text(), for_orin ? "orin-" : "", compat.major, compat.minor, for_orin ? "compat_orin" : "compat");
}

std::string build_remedy(int sm) {
    return fmt::format("Get a build for this board from its maker, or build it with code for this GPU: {}",
                       build_flags(sm));
}

// What a reader of "it runs" must know of a library that holds several architectures, container by container.
std::string words_of(const Coverage& coverage) {
    if (coverage.none == 0) return {};
    return fmt::format("; of its {} containers {} hold code for this GPU, {} PTX for it, and {} neither",
                       coverage.containers(), coverage.native, coverage.jit, coverage.none);
}

RunJudgement native_or_jit(const Best& best, const CodeToJudge& code, const InspectTarget& target) {
    RunJudgement judgement;
    const std::string partly = words_of(coverage_of(code, target));
    const PtxIsa isa{static_cast<int>(best.row->isa_major), static_cast<int>(best.row->isa_minor)};
    if (!target.driver_cuda || isa > ptx_isa_records.back().isa) judgement.certainty = Certainty::reported;
    if (best.fit == Fit::native) {
        judgement.verdict = RunVerdict::native;
        judgement.rule = "sass-of-this-gpu";
        judgement.summary =
            fmt::format("It carries {}, which {} takes{}", shown(*best.row), driver_text(target), partly);
        return judgement;
    }
    judgement.verdict = RunVerdict::jit;
    judgement.rule = "ptx-for-this-driver";
    judgement.summary = fmt::format(
        "It carries no code for sm_{} that can be run as it is, but {}, which {} compiles at the "
        "first start{}",
        target.sm, shown(*best.row), driver_text(target), partly);
    judgement.remedy =
        "Nothing has to be done; the first start takes longer. To spare it, build with code for this GPU: " +
        build_flags(target.sm);
    return judgement;
}

// Code that fits the GPU and that this driver is too old for: what it would take, and for which reason.
struct TooNew {
    const CodeRow* row = nullptr;
    std::string rule;
    std::string why;
};

TooNew too_new(const CodeToJudge& code, const InspectTarget& target) {
    TooNew worst;
    for (const Fit wanted : {Fit::native, Fit::jit}) {
        for (const CodeRow& row : *code.rows) {
            if (!counts(row, code) || fit_of(row, target.sm) != wanted || takes(target.driver_cuda, row)) continue;
            const std::string needs = driver_needed_by(row)->text();
            if (row.kind == CodeKind::sass && row.abi >= 8 && *driver_needed_by(row) == first_with_abi_8) {
                return {&row, "cubin-newer-than-driver",
                        fmt::format("its {} was made by CUDA 13, which needs a driver of CUDA {}", shown(row), needs)};
            }
            if (row.compression == CodeCompression::zstd && *driver_needed_by(row) == first_with_zstd) {
                return {&row, "zstd-newer-than-driver",
                        fmt::format("its {} is packed with zstd, which needs a driver of CUDA {}", shown(row), needs)};
            }
            return {&row, "ptx-newer-than-driver", fmt::format("its {} needs a driver of CUDA {}", shown(row), needs)};
        }
    }
    return worst;
}

bool has_other_jetson_or_desktop_sass_of_same_major(const CodeToJudge& code, int sm) {
    return std::any_of(code.rows->begin(), code.rows->end(), [&](const CodeRow& row) {
        return row.kind == CodeKind::sass && counts(row, code) && row.sm / 10 == static_cast<std::uint32_t>(sm) / 10 &&
               row.sm < static_cast<std::uint32_t>(sm) && row.suffix == '\0';
    });
}

RunJudgement refused(const CodeToJudge& code, const InspectTarget& target) {
    RunJudgement judgement;
    judgement.verdict = RunVerdict::cannot_run;
    if (!takes_runtime(target.driver_cuda, code.runtime)) {
        judgement.rule = "runtime-newer-than-driver";
        judgement.summary =
            fmt::format("It uses {}, which needs a driver of CUDA {}; this one is of CUDA {}",
                        runtime_text(code.runtime), code.runtime.cuda->major, target.driver_cuda->text());
        judgement.remedy = fmt::format("Take a build for CUDA {}, or a newer JetPack, where this board has one",
                                       target.driver_cuda->major);
        return judgement;
    }
    if (const TooNew found = too_new(code, target); found.row != nullptr) {
        judgement.rule = found.rule;
        judgement.summary = fmt::format("It fits this GPU, but {}; this one is of CUDA {}", found.why,
                                        target.driver_cuda ? target.driver_cuda->text() : "an unknown version");
        judgement.remedy =
            fmt::format("Build it with the toolkit of CUDA {} or older, with code for this GPU: {}",
                        target.driver_cuda ? target.driver_cuda->text() : "this board", build_flags(target.sm));
        return judgement;
    }
    judgement.rule = "no-code-for-this-gpu";
    judgement.summary = fmt::format("It carries {}, and none of it runs on sm_{}", list_of_code(code), target.sm);
    judgement.remedy = build_remedy(target.sm);
    if (has_other_jetson_or_desktop_sass_of_same_major(code, target.sm)) {
        // Between desktop GPUs of one major it would run. NVIDIA excludes Tegra; some reports on CUDA 13 differ.
        judgement.certainty = Certainty::reported;
        judgement.rule = "no-minor-compatibility-on-tegra";
        judgement.summary += "; code of another minor architecture does not run on a Jetson";
    }
    return judgement;
}

// What the GPU would take of it does not matter; who ships it wants to know all the same.
RunJudgement other_processor(const CodeToJudge& code, const InspectTarget& target) {
    CodeToJudge of_gpu = code;
    of_gpu.machine.clear();
    RunJudgement judgement;
    judgement.verdict = RunVerdict::cannot_run;
    judgement.rule = "other-processor";
    judgement.summary = fmt::format("It is a file for {}, and a Jetson's processor is {}. Of its GPU code alone: {}",
                                    code.machine, machine_of_jetsons, judge_code(of_gpu, target).summary);
    judgement.remedy = "Get the build for aarch64 (of Python wheels: manylinux_…_aarch64), or build it on a Jetson";
    return judgement;
}

}  // namespace

std::string_view name_of(RunVerdict verdict) {
    constexpr std::array<std::string_view, 6> names{"native",         "jit",       "compat", "cannot-run",
                                                    "no-device-code", "unreadable"};
    return names.at(static_cast<std::size_t>(verdict));
}

std::string_view name_of(Certainty certainty) { return certainty == Certainty::promised ? "promised" : "reported"; }

std::optional<CudaVersion> driver_needed_by(const CodeRow& row) {
    std::optional<CudaVersion> needed;
    const auto raise_to = [&needed](const CudaVersion& version) {
        if (!needed || *needed < version) needed = version;
    };
    if (row.compression == CodeCompression::zstd) raise_to(first_with_zstd);
    if (row.kind == CodeKind::sass && row.abi >= 8) raise_to(first_with_abi_8);
    if (row.kind == CodeKind::ptx && row.isa_major != 0) {
        const PtxIsa isa{static_cast<int>(row.isa_major), static_cast<int>(row.isa_minor)};
        raise_to(first_driver_for(isa).value_or(first_after_table));
    }
    return needed;
}

std::string build_flags(int sm) {
    return fmt::format(
        "nvcc -gencode arch=compute_{0},code=sm_{0} -gencode arch=compute_{0},code=compute_{0}{1}; with CMake "
        "-DCMAKE_CUDA_ARCHITECTURES={0}",
        sm, sm == 72 ? " (CUDA 12 or older: CUDA 13 no longer builds for it)" : "");
}

Coverage coverage_of(const CodeToJudge& code, const InspectTarget& target) {
    Coverage coverage;
    if (code.mixes == nullptr) return coverage;
    for (const CodeMix& mix : *code.mixes) {
        Fit best = Fit::none;
        for (const std::uint16_t place : mix.rows) {
            const CodeRow& row = code.rows->at(place);
            if (!counts(row, code) || !takes(target.driver_cuda, row)) continue;
            const Fit fit = fit_of(row, target.sm);
            if (fit == Fit::native || best == Fit::none) best = fit;
        }
        (best == Fit::native ? coverage.native : best == Fit::jit ? coverage.jit : coverage.none) += mix.containers;
    }
    return coverage;
}

Coverage& Coverage::operator+=(const Coverage& other) {
    native += other.native;
    jit += other.jit;
    none += other.none;
    return *this;
}

CodeToJudge to_judge(const InspectedPart& part) {
    CodeToJudge code;
    code.rows = &part.code.rows;
    code.mixes = &part.code.mixes;
    code.finished = !part.code.object;
    code.linked_at_load = part.code.linked_at_load;
    code.damaged = !part.code.problems.empty();
    code.runtime = part.runtime;
    code.machine = part.code.machine;
    return code;
}

RunJudgement judge_code(const CodeToJudge& code, const InspectTarget& target) {
    const bool uses_gpu = !code.rows->empty() || code.runtime.linkage != RuntimeLinkage::none;
    if (uses_gpu && !code.machine.empty() && code.machine != machine_of_jetsons) return other_processor(code, target);
    if (const Best best = best_with(code, target.sm, target.driver_cuda); best.fit != Fit::none) {
        return native_or_jit(best, code, target);
    }
    const bool has_code = any_code(code);
    const bool runtime_stops_it = !takes_runtime(target.driver_cuda, code.runtime);
    if (has_code || runtime_stops_it) {
        for (const CudaVersion& compat : target.compat_cuda) {
            const Best best = best_with(code, target.sm, compat);
            const bool runs = best.fit != Fit::none || (!has_code && takes_runtime(compat, code.runtime));
            if (!runs || (target.driver_cuda && compat <= *target.driver_cuda)) continue;
            RunJudgement judgement = refused(code, target);
            judgement.verdict = RunVerdict::compat;
            judgement.certainty = Certainty::promised;
            judgement.summary += fmt::format(", and with the cuda_compat of CUDA {} it runs", compat.text());
            judgement.remedy = compat_remedy(target, compat);
            return judgement;
        }
    }
    if (code.damaged) {
        return {RunVerdict::unreadable, Certainty::promised, "damaged",
                "It is damaged, and what could be read of it does not tell whether it runs",
                "Get the file again from its source"};
    }
    if (has_code || runtime_stops_it) return refused(code, target);
    return {RunVerdict::no_device_code, Certainty::promised, "no-device-code", "No GPU code was found in it", ""};
}

}  // namespace jetcuda
