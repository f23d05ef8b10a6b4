// What crosses the pipe between jetcuda-probe and whoever starts it: one request in, JSON lines out. This is
// the one header that both sides share; each line is as untrusted as a file (size and form are checked on
// reading, and an answer that breaks the form is a finding, not an error).
//
//   {"begin":"init"}                                       before each driver call
//   {"end":"init","result":100,"name":"CUDA_ERROR_NO_DEVICE","text":"…","duration_ms":31}
//   {"end":"open","result":0,"simulated":false,"seccomp":false,"duration_ms":4}
//   {"end":"version","result":0,"driver_version":12060,"duration_ms":0}
//   {"end":"devices","result":0,"devices":[{"ordinal":0,"integrated":true}],"duration_ms":0}
//   {"end":"name","result":0,"ordinal":0,"device_name":"Orin","duration_ms":0}
//   {"end":"capability","result":0,"ordinal":0,"capability":[8,7],"duration_ms":0}
//   {"end":"memory","result":0,"ordinal":0,"memory_bytes":16438804480,"duration_ms":0}
//   {"begin":"native"}
//   {"try":"integers"}                                      before each thing that a work step tries
//   {"tried":"integers","outcome":"right","detail":"sm_87","duration_ms":1}
//   {"tried":"floats","outcome":"wrong","index":17,"expected":5,"got":4,"duration_ms":1}
//   {"tried":"atomics","outcome":"refused","call":"cuModuleLoadDataEx","result":200,"name":"CUDA_ERROR_INVALID_IMAGE"}
//   {"tried":"managed memory","outcome":"not-tried","detail":"unsupported","duration_ms":0}
//   {"end":"native","result":0,"duration_ms":12}
//   {"done":true}
//
// `result` is a CUresult. A step that cannot call (entry point absent, dlopen failed) answers with "failure" in
// place of "result": {"end":"open","failure":"…: file too short"}. Nothing follows a failed open, init or devices
// but "done"; after any other failed step the next one is tried.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/versions.hpp"

namespace jetcuda {

// The steps in their order. After a failed init nothing later is tried; `version` is asked before and is
// answered without a GPU too. Those from `native` on are work steps: the GPU computes. They are done only where the
// request names them, and only after a context was made.
enum class ProbeStep {
    open,
    version,
    init,
    devices,
    name,
    capability,
    memory,
    context,
    native,    // the images for this GPU: load, run, compare; memory that CPU and GPU share; streams and events
    jit,       // the same kernels from PTX, then the PTX ladder
    patterns,  // patterns written to GPU memory and read back
    runtime,   // libcudart: versions, devices, memory, one launch in its context
    libraries  // cuBLAS, cuDNN …: each opened and asked for its version
};
inline constexpr bool is_work(ProbeStep step) { return step >= ProbeStep::native; }

std::string_view name_of(ProbeStep step);  // "open", "version" …
std::optional<ProbeStep> probe_step_named(std::string_view name);

struct ProbeRequest {
    std::string library;                     // absolute path on this machine of the libcuda to open
    std::string library_path;                // LD_LIBRARY_PATH for the child; empty: not set
    std::vector<ProbeStep> work;             // work steps to do, in the order of the enumeration; empty: none
    unsigned repeat = 1;                     // how often `native` and `patterns` do all that they do
    std::optional<std::uint64_t> available;  // MemAvailable of the board, in bytes; absent: not known
    std::string runtime;                     // absolute path of the libcudart for `runtime`
    std::vector<std::string> libraries;      // absolute paths for `libraries`
    std::chrono::milliseconds step_limit{20'000};
    std::chrono::milliseconds total_limit{60'000};
};

// How one step ended, as the caller saw it. Only `answered` carries a result.
enum class StepEnd {
    answered,
    failed,               // the step said why it could not call: `failure`
    crashed,              // SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE in the step: `signal`
    timed_out,            // over the step's limit or the total, ended by us
    killed_from_outside,  // SIGKILL or SIGTERM that we did not send
    sandbox_refused,      // SIGSYS, or a refusal that a seccomp filter makes
    unkillable,           // stuck in the kernel; let go
    babbled,              // printed more than its limit
    garbled,              // printed what is no line of this protocol, or left without an answer
};
std::string_view name_of(StepEnd end);

// "CUDA_ERROR_NO_DEVICE" for 100, from our own table (cuda.h of CUDA 13.0); empty for a number it does not hold.
// A driver names its results itself, but not every driver: the toolkit's stub names none.
std::string_view result_name(int result);

// An error of a kernel after which every call in its process answers the same: what is left needs another process.
bool leaves_context_unusable(int result);

struct StepAnswer {
    ProbeStep step = ProbeStep::open;
    StepEnd end = StepEnd::garbled;
    int result = 0;       // CUresult; 0 is success
    std::string name;     // "CUDA_ERROR_NO_DEVICE"; from the driver, else from our table, else "CUresult 1234"
    std::string text;     // the driver's sentence, where it gave one
    std::string failure;  // with `failed`, `garbled`: what happened
    int signal = 0;       // with `crashed`, `killed_from_outside`, `sandbox_refused`
    std::chrono::milliseconds duration{0};

    [[nodiscard]] bool succeeded() const { return end == StepEnd::answered && result == 0; }
};

enum class WorkOutcome {
    right,       // it did what it must; a library: it was loaded and told its version, which stands in `detail`
    wrong,       // it ran, and what it computed is not what it must be: `index`, `expected`, `got`
    refused,     // a call answered an error: `call`, `result`, `result_name`, `text`
    failed,      // no call answered, but it could not be: `text` says why, as a clause (dlopen's words, an entry point
                 // missing)
    not_tried,   // left out, for the reason in `detail`, one of those below
    unfinished,  // the process did not come back from it; how it ended is told by its step
};
std::string_view name_of(WorkOutcome outcome);  // "right", "not-tried" …
std::optional<WorkOutcome> work_outcome_named(std::string_view name);

namespace not_tried {
inline constexpr std::string_view no_image = "no-image";          // no image for this architecture is on board
inline constexpr std::string_view unsupported = "unsupported";    // the GPU does not have it, by its own attributes
inline constexpr std::string_view memory_short = "memory-short";  // MemAvailable is under twice what it takes
inline constexpr std::string_view after_error = "after-error";    // an error before it left the context unusable
}  // namespace not_tried

// One thing that a work step tried. Names, by step:
//   native     the kernels ("integers"), "zero-copy memory", "managed memory", "streams and events",
//              "image for another GPU" (must be refused with 209, which is `right`; a driver that takes it is `wrong`)
//   jit        the kernels, then "PTX 6.0" … up to the first two that are refused
//   patterns   "walking ones", "walking zeros", "addresses", "moving inversions", "random"
//   runtime    "version" (detail "12.6"), "devices" (detail: how many), "memory", "launch"
//   libraries  the absolute path of the library
struct WorkItem {
    ProbeStep step = ProbeStep::native;
    std::string name;
    WorkOutcome outcome = WorkOutcome::unfinished;
    std::string detail;  // the image that was taken: "sm_87", "compute_72"; a version; why it was not tried
    std::string call;    // the entry point that refused: "cuModuleLoadDataEx"
    int result = 0;      // of that call: a CUresult, or in `runtime` of a cuda… call a cudaError_t
    std::string result_name, text;
    std::uint64_t index = 0, expected = 0, got = 0;  // the first wrong word; of memory: the word's index in the region
    std::uint64_t wrong_count = 0;
    std::uint64_t requested_bytes = 0;  // with a refused allocation, and of what `patterns` tested
    std::chrono::milliseconds duration{0};
};

struct GpuDevice {
    int ordinal = 0;
    bool integrated = false;  // CU_DEVICE_ATTRIBUTE_INTEGRATED (18)
    std::string name;
    std::optional<Capability> capability;
    std::optional<std::uint64_t> memory_bytes;
};

// Everything one jetcuda-probe told before it ended, however it ended. Steps that were never begun are absent.
struct ProbeAnswer {
    std::string library;
    // Set when the probe program itself could not be started: why, as a clause. Nothing was measured then, `steps`
    // is empty, and the board is not to blame.
    std::string not_started;
    int stuck_pid = 0;       // of the probe, with a step that ended `unkillable`: it is still there
    bool simulated = false;  // the library exports `jetcuda_simulated_driver`: no hardware was asked
    bool seccomp = false;    // the probe ran under a seccomp filter
    std::vector<StepAnswer> steps;
    std::optional<int> driver_version;       // as cuDriverGetVersion encodes it: 12060
    std::vector<GpuDevice> devices;          // in the driver's order
    std::vector<ProbeStep> asked_work;       // the work steps that the request named
    std::vector<WorkItem> work;              // in the order in which it was tried
    std::optional<std::uint64_t> available;  // as in the request
    std::string error_output;                // what the library printed on standard error, shortened
    std::chrono::milliseconds duration{0};

    [[nodiscard]] const StepAnswer* step(ProbeStep wanted) const;  // null: never begun
    [[nodiscard]] std::vector<const WorkItem*> work_of(ProbeStep wanted) const;
    [[nodiscard]] const GpuDevice* integrated_device() const;  // null: none
    // The device whose name, capability, memory and context are asked for: the integrated one, else the first.
    [[nodiscard]] const GpuDevice* asked_device() const;
};

// The step after the last answered one, of the work steps only those in `asked_work`; absent when nothing is to follow
// but "done". A work step follows only a context that was made.
std::optional<ProbeStep> next_step(const ProbeAnswer& so_far);

// The lines, without a newline. `end_line` takes the values that belong to the step from `so_far`.
std::string begin_line(ProbeStep step);
std::string end_line(const ProbeAnswer& so_far, const StepAnswer& step);
std::string done_line();
std::string try_line(std::string_view name);
std::string tried_line(const WorkItem& item);

// Foreign text made fit to be shown: control characters dropped, invalid UTF-8 replaced, at most `limit` characters.
std::string printable(std::string_view text, std::size_t limit = 200);

// Fills an answer from the lines of a probe, none of which is trusted: a line that is no line of this protocol, comes
// out of order or carries a value out of range makes the step it concerns `garbled`, and no later line counts.
class AnswerReader {
public:
    // `asked_work`: the work steps that the probe was asked for, which decide what may follow what.
    explicit AnswerReader(std::vector<ProbeStep> asked_work = {}) { answer_.asked_work = std::move(asked_work); }

    void take_line(std::string_view line);

    // The probe is gone. Unless it was done, the step that it died in ends as told; the steps before still count. After
    // a garbled line only an end by too many of them is told.
    void end_unfinished_step(StepEnd end, int signal, const std::string& failure, std::chrono::milliseconds duration);

    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] bool garbled() const { return garbled_; }
    [[nodiscard]] ProbeAnswer& answer() { return answer_; }

private:
    void garble(const std::string& why);
    void begin_item(std::string name);

    ProbeAnswer answer_;
    std::optional<ProbeStep> begun_;
    bool item_begun_ = false;  // the last of answer_.work is being tried
    bool done_ = false;
    bool garbled_ = false;
};

}  // namespace jetcuda
