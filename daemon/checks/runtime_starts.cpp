// Nearly every CUDA program uses the runtime, libcudart, and fails at its first call where the runtime is newer than
// the driver or does not find it. So the installed one is loaded as a program would load it, and runs a kernel.

#include "daemon/checks/check.hpp"
#include "daemon/checks/work_steps.hpp"

namespace jetcuda {
namespace {

inline constexpr Remedy reinstall_runtime{
    .apt = "Install the runtime again: sudo apt-get install --reinstall {package}",
    .nix = "Build the system again from one revision of its inputs: sudo nixos-rebuild boot && sudo reboot",
    .yocto =
        "Build the image again from one branch of meta-tegra, with the runtime in it: IMAGE_INSTALL:append = \" "
        "cuda-cudart\"",
    .other = "Install the CUDA runtime again, and see what the loader finds: ldconfig -p | grep libcudart",
};

std::string_view code_of(const WorkItem& item) {
    switch (item.outcome) {
        case WorkOutcome::wrong: return "wrong-result";
        case WorkOutcome::refused:
            if (item.result == result_of::insufficient_driver) return "runtime-newer-than-driver";
            if (item.result == result_of::no_device) return "no-device";
            if (says_busy(item.result)) return work_gpu_busy.code;
            if (item.result == result_of::ecc_uncorrectable) return work_ecc_error.code;
            return "runtime-fails";
        case WorkOutcome::failed: return item.name == "version" ? "cannot-open" : "runtime-fails";
        case WorkOutcome::right:
            return item.name == "devices" && item.detail == "0" ? std::string_view("no-device") : std::string_view();
        case WorkOutcome::not_tried:
        case WorkOutcome::unfinished: break;
    }
    return {};
}

}  // namespace

extern const Check runtime_starts{
    .id = "runtime-starts",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::measured,
    .claim = "the installed CUDA runtime finds the GPU and runs a kernel",
    .why =
        "A runtime that is newer than the driver fails at the first call of every program (\"CUDA driver version is "
        "insufficient for CUDA runtime version\"), and many programs then compute on the CPU without a word.",
    .reads = {"jetcuda-probe: runtime", "libcudart of the newest toolkit that the driver can run"},
    .needs = {"driver-initializes"},
    .codes = with_work_codes({
        {"ok", Status::pass, "The runtime of CUDA {version} finds the GPU and runs a kernel"},
        {"no-runtime", Status::not_applicable, "No CUDA runtime is installed"},
        {"cannot-open", Status::fail, "{library} cannot be used: {answer}", reinstall_runtime},
        {"runtime-newer-than-driver",
         Status::fail,
         "{library}, of CUDA {version}, needs a newer driver than {libcuda} ({name}, {result})",
         {.apt = "Use the CUDA set of this JetPack, or start programs with the folder of a cuda_compat for this board "
                 "first: sudo apt-get install nvidia-cuda",
          .nix = "Build programs with the CUDA set of this JetPack: hardware.nvidia-jetpack.configureCuda = true;",
          .yocto = "Take CUDA from the branch of meta-tegra whose L4T carries it; who brings which: bitbake-layers "
                   "show-recipes \"cuda-*\"",
          .other = "Use CUDA libraries that the driver runs, or the cuda_compat that brings newer ones to this board; "
                   "what is there: ls -d /usr/local/cuda*"}},
        {"no-device", Status::fail, "{library}, of CUDA {version}, finds no GPU, although the driver does",
         reinstall_runtime},
        {"runtime-fails", Status::fail, "{library} fails in \"{item}\": {answer}", reinstall_runtime},
        {"crashed", Status::fail, "The runtime crashed with {signal} in the step \"{step}\" of {library}",
         reinstall_runtime},
        {"timed-out", Status::fail, "The runtime did not return from the step \"{step}\" of {library} within {limit}",
         read_kernel_log},
        {"babbled", Status::fail,
         "The runtime printed without end in the step \"{step}\" of {library} and had to be ended", reinstall_runtime},
        {"garbled", Status::fail,
         "The runtime left the step \"{step}\" of {library} without a usable answer: {failure}", reinstall_runtime},
        work_ecc_error,
        {"wrong-result", Status::fail,
         "A kernel in the context of {library} computes {got} instead of {expected} at index {index} (\"{item}\")",
         read_kernel_log},
    }),
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
        if (!facts.cuda_libraries.known()) return because_missing(facts.cuda_libraries.missing());
        if (!facts.cuda_libraries->runtime) return Finding{.code = "no-runtime"};
        if (std::optional<Finding> open = work_not_done(facts, ProbeStep::runtime)) return *std::move(open);
        const ProbeAnswer& answer = *facts.driver_probe;
        const CudaLibrary& library = *facts.cuda_libraries->runtime;
        const std::vector<const WorkItem*> items = answer.work_of(ProbeStep::runtime);
        const WorkItem* version = first_item(items, [](const WorkItem& item) { return item.name == "version"; });
        const auto complete = [&](Finding finding) {
            finding.values["library"] = library.path;
            finding.values["package"] = package_of(library);
            finding.values["version"] =
                version == nullptr || version->detail.empty() ? "an unknown version" : version->detail;
            finding.evidence.push_back({"runtime", finding.values["version"], library.path});
            return finding;
        };
        if (const WorkItem* wrong = first_with(items, WorkOutcome::wrong)) {
            return complete(finding_about(*wrong, answer, facts, "wrong-result"));
        }
        if (const auto death = death_in(answer, ProbeStep::runtime, facts)) return complete(*death);
        for (const WorkItem* item : items) {
            const std::string_view code = code_of(*item);
            if (code.empty()) continue;
            Finding finding = finding_about(*item, answer, facts, code);
            finding.values["answer"] = without_path(finding.values["answer"], library.opened);
            return complete(finding);
        }
        const bool launched = first_item(items, [](const WorkItem& item) {
                                  return item.name == "launch" && item.outcome == WorkOutcome::right;
                              }) != nullptr;
        if (!launched)
            return because_missing({Lack::not_asked, "jetcuda-probe launched nothing with it", "jetcuda-probe"});
        return complete(Finding{.code = "ok"});
    },
};

}  // namespace jetcuda
