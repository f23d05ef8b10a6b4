// Will this code run on that board? The rules by which a driver takes or refuses an image, applied to what a file
// carries, without a GPU. Pure: nothing is read here.
//
// Where the rules are from: CUDA C++ Programming Guide 13.0, "Compute Capability and Compatibility" (cubins, PTX,
// suffixes `a` and `f`; no binary compatibility between minor versions on Tegra); PTX ISA 9.0, release history (which
// ISA needs which driver); nvcc manual 13.0, --compress-mode (zstd needs a driver of 12.4); CUDA for Tegra application
// note (cuda_compat).

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/programs/inspection.hpp"
#include "probes/versions.hpp"

namespace jetcuda {

// The board that is asked about.
struct InspectTarget {
    int sm = 0;
    std::optional<CudaVersion> driver_cuda;  // of the release's own driver; absent: not known
    std::vector<CudaVersion> compat_cuda;    // of every cuda_compat that this board takes, ascending
};

enum class RunVerdict {
    native,          // code for exactly this GPU is there, and this driver takes it
    jit,             // the driver compiles PTX for it, at the first start
    compat,          // with one of the target's cuda_compat, and not without
    cannot_run,      // neither
    no_device_code,  // none was found; nothing of CUDA's stands in its way
    unreadable       // it is damaged, and what could be read does not decide
};
std::string_view name_of(RunVerdict verdict);  // "cannot-run"

// `promised`: NVIDIA's documents say so. `reported`: it follows from what was seen or reported, where documents are
// silent or the reports differ.
enum class Certainty { promised, reported };
std::string_view name_of(Certainty certainty);

// What is judged of one file: a part of an inspection, or rows by themselves.
struct CodeToJudge {
    const std::vector<CodeRow>* rows = nullptr;
    const std::vector<CodeMix>* mixes = nullptr;  // of the same file; null or empty: not known
    bool finished = true;                         // false: an object file, whose relocatable code is still to be linked
    bool linked_at_load = false;                  // DeviceCode::linked_at_load
    bool damaged = false;                         // there are problems: what lies behind them is not known
    RuntimeUse runtime;
    std::string machine;  // of the host's code; empty: it has none
};

// The part must outlive the answer.
CodeToJudge to_judge(const InspectedPart& part);

struct RunJudgement {
    RunVerdict verdict = RunVerdict::no_device_code;
    Certainty certainty = Certainty::promised;
    std::string rule;     // that decided, in kebab-case: "sass-of-this-gpu", "ptx-newer-than-driver"
    std::string summary;  // one sentence
    std::string remedy;   // one paragraph with the command or flags; empty where nothing is to be done
};

// How many containers of a file hold something for the target's own driver. A library for many GPUs leaves out of each
// container what it would not use there, so that one without code for this GPU is no fault by itself.
struct Coverage {
    std::uint64_t native = 0, jit = 0, none = 0;
    [[nodiscard]] std::uint64_t containers() const { return native + jit + none; }
    Coverage& operator+=(const Coverage& other);
};

Coverage coverage_of(const CodeToJudge& code, const InspectTarget& target);

RunJudgement judge_code(const CodeToJudge& code, const InspectTarget& target);

// The first driver that reads an image so compressed, or with that ABI; absent: every one that we know.
std::optional<CudaVersion> driver_needed_by(const CodeRow& row);

// The flags that build for a GPU: "-gencode arch=compute_87,code=sm_87 …" and CMake's.
std::string build_flags(int sm);

}  // namespace jetcuda
