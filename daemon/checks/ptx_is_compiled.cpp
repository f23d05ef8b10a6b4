// PTX is what programs bring for GPUs that were not there when they were built. The driver compiles it at the first
// start, with a library of its own that may be missing, and up to a version that its CUDA version promises. Both are
// measured, with the driver's cache off: what it compiled yesterday proves nothing.

#include "daemon/checks/check.hpp"
#include "daemon/checks/rungs.hpp"
#include "daemon/checks/work_steps.hpp"

namespace jetcuda {
namespace {

bool is_rung(const WorkItem& item) { return rung_isa(item).has_value(); }

std::string_view code_of_kernel(const WorkItem& item) {
    switch (item.outcome) {
        case WorkOutcome::refused:
            if (item.result == result_of::jit_compiler_not_found) return "jit-missing";
            if (says_busy(item.result)) return work_gpu_busy.code;
            if (item.result == result_of::ecc_uncorrectable) return work_ecc_error.code;
            return item.call == "cuModuleLoadDataEx" || item.call == "cuModuleGetFunction" ? "ptx-refused"
                                                                                           : "launch-failed";
        case WorkOutcome::failed: return "launch-failed";
        case WorkOutcome::wrong:
        case WorkOutcome::right:
        case WorkOutcome::not_tried:
        case WorkOutcome::unfinished: break;
    }
    return {};
}

}  // namespace

extern const Check ptx_is_compiled{
    .id = "ptx-is-compiled",
    .group = Group::driver,
    .severity = Severity::wanted,
    .basis = Basis::measured,
    .claim = "the driver compiles PTX, up to the version that its CUDA version promises",
    .why =
        "Programs without code for this GPU bring PTX, and start only where the driver can compile it. Where its "
        "compiler is missing they fail with error 221, where their PTX is too new with error 222.",
    .reads = {"jetcuda-probe: jit, version"},
    .needs = {"driver-initializes"},
    .codes = with_work_codes({
        {"ok", Status::pass, "The driver compiles PTX, up to ISA {highest}"},
        {"jit-missing", Status::fail,
         "The driver cannot compile PTX: its compiler, libnvidia-ptxjitcompiler, is not found ({name}, {result})",
         reinstall_driver},
        {"ptx-refused", Status::fail, "The driver refuses the kernel {item} as PTX: {answer}", reinstall_driver},
        {"wrong-result", Status::fail,
         "The kernel {item}, compiled from PTX, computes {got} instead of {expected} at index {index}",
         read_kernel_log},
        {"launch-failed", Status::fail, "The kernel {item}, compiled from PTX, does not run: {answer}",
         read_kernel_log},
        {"below-promise", Status::fail,
         "The driver compiles PTX up to ISA {highest} only, but its CUDA version, {cuda}, promises {promised}",
         reinstall_driver},
        {"ptx-version-refused", Status::fail,
         "The driver compiles PTX up to ISA {highest}, and yet fails at {item}: {answer}", reinstall_driver},
        work_ecc_error,
    }),
    .judge = [](const Facts& facts) -> Finding {
        if (std::optional<Finding> open = work_not_done(facts, ProbeStep::jit)) return *std::move(open);
        const ProbeAnswer& answer = *facts.driver_probe;
        const std::vector<const WorkItem*> items = answer.work_of(ProbeStep::jit);
        if (const WorkItem* wrong = first_with(items, WorkOutcome::wrong)) {
            return finding_about(*wrong, answer, facts, "wrong-result");
        }
        if (const auto death = death_in(answer, ProbeStep::jit, facts)) return *death;
        for (const WorkItem* item : items) {
            const std::string_view code = code_of_kernel(*item);
            // A rung that was refused is judged as part of the ladder, but for what says nothing of the compiler.
            const bool of_gpu = code == work_gpu_busy.code || code == work_ecc_error.code;
            if (!code.empty() && (of_gpu || !is_rung(*item))) return finding_about(*item, answer, facts, code);
        }
        const std::optional<PtxIsa> highest = highest_ptx(answer);
        if (!highest) {
            if (const WorkItem* refused = first_item(items, is_rung))
                return finding_about(*refused, answer, facts, "ptx-refused");
            return because_missing({Lack::not_asked, "jetcuda-probe tried no PTX", "jetcuda-probe"});
        }
        Finding finding{.code = "ok"};
        const WorkItem* lost = lost_rung(answer);
        if (lost != nullptr) {
            const bool is_short =
                *highest < rung_isa(*lost) && lost->outcome == WorkOutcome::refused &&
                (lost->result == result_of::unsupported_ptx_version || lost->result == result_of::invalid_ptx);
            finding = finding_about(*lost, answer, facts, is_short ? "below-promise" : "ptx-version-refused");
        }
        finding.values["highest"] = highest->text();
        finding.values["packages"] = package_names(facts).library;
        finding.evidence.insert(finding.evidence.begin(), {"highest PTX ISA", highest->text(), "jetcuda-probe: jit"});
        if (const std::optional<PtxIsa> promised = promised_ptx(answer)) {
            const std::string cuda = CudaVersion::from_api(*answer.driver_version).text();
            finding.values["cuda"] = cuda;
            finding.values["promised"] = promised->text();
            finding.evidence.insert(finding.evidence.begin() + 1,
                                    {"PTX ISA of CUDA " + cuda, promised->text(), "PTX ISA, release history"});
        }
        return finding;
    },
};

}  // namespace jetcuda
