// The report: what was judged, where and when, with the verdict that follows. JSON is its one stored form
// (schema jetcuda-check.report/1); text, the bus, the status line, the exit status and the digest are made of it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/checks/judge.hpp"
#include "probes/facts.hpp"

namespace jetcuda {

enum class Verdict { healthy, degraded, unhealthy, unknown };
std::string_view name_of(Verdict verdict);

// The program's version, as `--version` and the report say it.
std::string_view tool_version();

struct DeviceSummary {
    std::string soc, module, model, gpu;  // empty: not known; JSON null
    std::optional<int> sm;
};

// What one driver gave when the GPU was to work with it: a rung of the ladder from the release's own driver up.
struct RungSummary {
    std::string cuda;  // that it answered; empty: not known; JSON null
    std::string ptx;   // ISA of the newest PTX that it compiled: "8.5"; empty: none, or none was tried; JSON null
    unsigned kernels_right = 0;
    unsigned kernels_tried = 0;
    std::string failed_step;    // "init", "native, integers": the first that went wrong; empty: none did
    std::optional<int> result;  // that this step was answered with
    std::string error;          // its name, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", or how the probe ended, "crashed"
    std::string meaning;        // in one clause; empty: the name has to do; JSON null
};

struct CompatSummary {
    std::string dir;
    std::string product, cuda;  // empty: not known; JSON null
    std::string enabled_by;     // "every program (/etc/ld.so.conf.d/00-compat.conf, line 1)"; empty: idle; JSON null
    std::optional<RungSummary> measured = {};  // absent: its driver was not tried
    std::string not_measured = {};             // why not, as a clause; empty where it was, or nobody asked; JSON null
};

struct StackSummary {
    std::string environment;  // "host" or "container"
    std::string distribution;
    std::string l4t, jetpack, gpu_module, kernel, libcuda;  // empty: not known; JSON null
    std::string driver_cuda, native_cuda;
    // What programs get that bring no search path of their own: the version of a cuda_compat that is enabled for every
    // program and is a product for this SoC, also where it is lower than the driver's; else what the driver answered.
    // One that only a unit or nixpkgs's RUNPATH leads to does not count here: `compat` tells it. Empty: not known.
    std::string effective_cuda;
    std::vector<std::string> toolkit_cuda;
    std::vector<CompatSummary> compat;
    std::optional<RungSummary> driver_measured;  // of the release's own driver, or the one under test
};

struct Report {
    std::string tool;
    std::string generated_at;  // RFC 3339, UTC
    std::string boot_id;       // empty: not known
    std::uint64_t sequence = 0;
    std::string root = "/";
    std::string system;  // a NixOS system in that root that is not running yet (--system); empty: the current one
    long duration_ms = 0;
    bool probed = false;            // a driver was asked in this run, or a measurement of this boot was carried over
    bool simulated = false;         // by the simulated libcuda: no hardware was asked
    std::string driver_under_test;  // empty: none
    Verdict verdict = Verdict::unknown;
    // What decided: a check's id, or a word ("not-a-jetson", "not-judged-yet", "nothing-judged", a run that did not
    // finish). Empty when healthy.
    std::string reason;
    std::string sentence;  // the reason in words where no check holds it (a run that did not finish); else empty
    DeviceSummary device;
    StackSummary stack;
    std::vector<CheckResult> checks;
};

// When a report was made: the only clock that the reporting side reads, handed in so that tests can hold it still.
struct ReportTime {
    std::string generated_at;  // RFC 3339, UTC, seconds
    long duration_ms = 0;
};

// Facts and results become a report; the verdict follows the contract's section 3.
Report make_report(const Facts& facts, std::vector<CheckResult> results, const ReportTime& time);

// The verdict and the id or word that decided it, from the checks alone: a failed required check, else an unknown
// required one, else a failed wanted one. Of several, the first that blocks others or that nothing blocks.
struct Decision {
    Verdict verdict = Verdict::unknown;
    std::string reason;
};
Decision decide(const std::vector<CheckResult>& checks, bool is_jetson);

// The newer report with what `earlier` measured in the same boot, where the newer one did not probe (contract,
// section 3). Both of one root; `earlier` of another boot or not probed changes nothing.
Report merge_measured(Report newer, const Report& earlier);

// Before the first run: verdict unknown, reason "not-judged-yet", sequence 0.
Report not_judged_yet(std::string boot_id);

// A run that did not finish (crashed, hung or lying runner), as a report: verdict unknown, reason `reason`.
Report run_did_not_finish(std::string boot_id, std::string reason, std::string sentence, const ReportTime& time);

}  // namespace jetcuda
