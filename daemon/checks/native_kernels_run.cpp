// The one question that no look at files can answer: does code that was compiled for this GPU run on it, and is the
// result right? The probe's kernels are small and known to the last bit, so that one wrong word is a fault of the board
// or its driver.

#include <array>

#include "daemon/checks/check.hpp"
#include "daemon/checks/work_steps.hpp"

namespace jetcuda {
namespace {

// Memory that CPU and GPU share is judged by gpu-memory-holds; an image of another architecture is no kernel of this
// GPU; and what an error before it left untried, that of shared memory too, says nothing.
bool is_kernel(const WorkItem& item) {
    return item.detail != not_tried::after_error && item.name != "zero-copy memory" && item.name != "managed memory" &&
           item.name != "image for another GPU";
}

// Loading an image is refused for what is in it, launching it for what it does.
bool refuses_image(const WorkItem& item) {
    return item.call == "cuModuleLoadDataEx" || item.call == "cuModuleGetFunction";
}

std::string_view code_of(const WorkItem& item) {
    switch (item.outcome) {
        case WorkOutcome::wrong: return "wrong-result";
        case WorkOutcome::refused:
            if (says_busy(item.result)) return work_gpu_busy.code;
            if (item.result == result_of::ecc_uncorrectable) return work_ecc_error.code;
            return refuses_image(item) ? "image-refused" : "launch-failed";
        case WorkOutcome::failed: return "launch-failed";
        case WorkOutcome::not_tried: return "no-image";
        case WorkOutcome::right:
        case WorkOutcome::unfinished: break;
    }
    return {};
}

}  // namespace

extern const Check native_kernels_run{
    .id = "native-kernels-run",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::measured,
    .claim = "kernels that are compiled for this GPU load and compute the right results",
    .why =
        "Every CUDA program rests on this. A driver whose parts are of two releases often initializes and then refuses "
        "to load code, and a GPU with a fault in it computes wrong numbers without a word.",
    .reads = {"jetcuda-probe: native"},
    .needs = {"driver-initializes"},
    .codes = with_work_codes({
        {"ok", Status::pass, "{count} kernels compiled for {image} compute the right results"},
        {"ok-takes-other-images", Status::pass,
         "{count} kernels compiled for {image} compute the right results; the driver also takes an image for {other}, "
         "which it should refuse"},
        {"wrong-result",
         Status::fail,
         "The kernel {item}, compiled for {image}, computes {got} instead of {expected} at index {index}",
         {.other = "Let the GPU do its work many times, and see what the kernel says; where it stays, the board is "
                   "faulty: sudo jetcuda-check run --repeat 100 native-kernels-run; sudo dmesg | grep -i nvgpu"}},
        {"image-refused", Status::fail, "The driver refuses the kernel {item}, compiled for {image}: {answer}",
         reinstall_driver},
        {"launch-failed", Status::fail, "The kernel {item}, compiled for {image}, does not run: {answer}",
         read_kernel_log},
        work_ecc_error,
        {"no-image",
         Status::unknown,
         "Not judged, because this program brings no kernels for the architecture of this GPU ({sm})",
         {.other = "Only the GPUs of Xavier, Orin and Thor are judged; with the board's own driver: jetcuda-check run "
                   "--driver FILE"}},
    }),
    .judge = [](const Facts& facts) -> Finding {
        if (std::optional<Finding> open = work_not_done(facts, ProbeStep::native)) return *std::move(open);
        const ProbeAnswer& answer = *facts.driver_probe;
        std::vector<const WorkItem*> kernels = answer.work_of(ProbeStep::native);
        const WorkItem* other =
            first_item(kernels, [](const WorkItem& item) { return item.name == "image for another GPU"; });
        kernels.erase(
            std::remove_if(kernels.begin(), kernels.end(), [](const WorkItem* item) { return !is_kernel(*item); }),
            kernels.end());
        const GpuDevice* device = answer.asked_device();
        const std::string sm =
            device != nullptr && device->capability ? "sm_" + std::to_string(device->capability->sm()) : "not known";
        if (const WorkItem* wrong = first_with(kernels, WorkOutcome::wrong)) {
            return finding_about(*wrong, answer, facts, "wrong-result");
        }
        if (const auto death = death_in(answer, ProbeStep::native, facts)) return *death;
        for (const WorkItem* item : kernels) {
            const std::string_view code = code_of(*item);
            if (code.empty()) continue;
            Finding finding = finding_about(*item, answer, facts, code);
            finding.values["sm"] = sm;
            return finding;
        }
        if (kernels.empty()) {
            return because_missing({Lack::not_asked, "jetcuda-probe tried no kernel", "jetcuda-probe"});
        }
        Finding finding{.code = "ok",
                        .values = {{"count", std::to_string(kernels.size())}, {"image", kernels.front()->detail}}};
        finding.evidence.push_back(
            {"kernels", fmt::format("{} of {} right", kernels.size(), kernels.size()), "jetcuda-probe"});
        if (other != nullptr && other->outcome == WorkOutcome::wrong) {
            finding.code = "ok-takes-other-images";
            finding.values["other"] = other->detail;
            finding.evidence.push_back(work_evidence(*other));
        }
        return finding;
    },
};

}  // namespace jetcuda
