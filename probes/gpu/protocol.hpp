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
#include <vector>

#include "probes/versions.hpp"

namespace jetcuda {

// The steps in their order. After a failed init nothing later is tried; `version` is asked before and is
// answered without a GPU too.
enum class ProbeStep { open, version, init, devices, name, capability, memory, context };

std::string_view name_of(ProbeStep step);  // "open", "version" …
std::optional<ProbeStep> probe_step_named(std::string_view name);

struct ProbeRequest {
    std::string library;       // absolute path on this machine of the libcuda to open
    std::string library_path;  // LD_LIBRARY_PATH for the child; empty: not set
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
    std::optional<int> driver_version;  // as cuDriverGetVersion encodes it: 12060
    std::vector<GpuDevice> devices;     // in the driver's order
    std::string error_output;           // what the library printed on standard error, shortened
    std::chrono::milliseconds duration{0};

    [[nodiscard]] const StepAnswer* step(ProbeStep wanted) const;  // null: never begun
    [[nodiscard]] const GpuDevice* integrated_device() const;      // null: none
    // The device whose name, capability, memory and context are asked for: the integrated one, else the first.
    [[nodiscard]] const GpuDevice* asked_device() const;
};

// The step after the last answered one; absent when nothing is to follow but "done".
std::optional<ProbeStep> next_step(const ProbeAnswer& so_far);

// The lines, without a newline. `end_line` takes the values that belong to the step from `so_far`.
std::string begin_line(ProbeStep step);
std::string end_line(const ProbeAnswer& so_far, const StepAnswer& step);
std::string done_line();

// Foreign text made fit to be shown: control characters dropped, invalid UTF-8 replaced, at most `limit` characters.
std::string printable(std::string_view text, std::size_t limit = 200);

// Fills an answer from the lines of a probe, none of which is trusted: a line that is no line of this protocol, comes
// out of order or carries a value out of range makes the step it concerns `garbled`, and no later line counts.
class AnswerReader {
public:
    void take_line(std::string_view line);

    // The probe is gone. Unless it was done, the step that it died in ends as told; the steps before still count. After
    // a garbled line only an end by too many of them is told.
    void end_unfinished_step(StepEnd end, int signal, const std::string& failure, std::chrono::milliseconds duration);

    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] bool garbled() const { return garbled_; }
    [[nodiscard]] ProbeAnswer& answer() { return answer_; }

private:
    void garble(const std::string& why);

    ProbeAnswer answer_;
    std::optional<ProbeStep> begun_;
    bool done_ = false;
    bool garbled_ = false;
};

}  // namespace jetcuda
