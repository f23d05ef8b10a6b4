// An enabled cuda_compat is the driver that programs get. What NVIDIA's tables promise of it is one thing; here it is
// loaded with its own folder in front, in a process of its own, and has to do what the release's own driver must do.

#include <algorithm>
#include <array>

#include "daemon/checks/check.hpp"
#include "daemon/checks/compat_folders.hpp"
#include "daemon/checks/rungs.hpp"
#include "daemon/checks/work_steps.hpp"

namespace jetcuda {
namespace {

inline constexpr Remedy take_out_of_the_way{
    .apt = "Take it out of the way, so that programs get the driver of this board again: {remove}",
    .nix =
        "Take cuda_compat out of what programs are built with, then build and restart: sudo nixos-rebuild boot && sudo "
        "reboot",
    .yocto = "Take it out of the image and build that again: IMAGE_INSTALL:remove = \" cuda-compat\"",
    .other = "Take it out of the way, so that programs get the driver of this board again: {aside}",
};

std::string name_with_origin(const WorkItem& kernel) {
    return kernel.step == ProbeStep::jit ? kernel.name + ", from PTX," : kernel.name;
}

Finding judge_rung(const CompatFolder& folder, const Facts& facts) {
    Finding finding = about(folder, facts);
    const auto probe = facts.compat_probes.find(folder.directory);
    if (probe == facts.compat_probes.end() || !probe->second.known()) {
        if (!is_for_this_board(folder, facts)) {
            finding.code = "other-product";
            return finding;
        }
        return because_missing(probe == facts.compat_probes.end()
                                   ? Missing{Lack::not_asked, folder.directory + " was not tried", "jetcuda-probe"}
                                   : probe->second.missing());
    }
    const ProbeAnswer& answer = *probe->second;
    const auto say = [&](std::string_view code, const std::string& told) {
        finding.code = code;
        finding.values["answer"] = told;
        finding.evidence.push_back({"measured", told, probe->second.source()});
        return finding;
    };
    if (!answer.not_started.empty()) return because_missing({Lack::not_asked, answer.not_started, "jetcuda-probe"});
    for (const StepAnswer& step : answer.steps) {
        std::optional<Finding> death = death_in(answer, step.step, facts);
        if (!death) continue;
        for (const auto& [key, value] : finding.values) death->values.emplace(key, value);
        death->evidence.insert(death->evidence.end(), finding.evidence.begin(), finding.evidence.end());
        return *death;
    }
    const auto say_of_gpu = [&](std::string_view code, const std::string& name, int result, const std::string& told) {
        finding.values["name"] = name.empty() ? "no name" : name;
        finding.values["result"] = std::to_string(result);
        finding.values["place"] = folder.directory;
        return say(code, told);
    };
    if (const StepAnswer* refused = first_refused_step(answer)) {
        if (refused->end == StepEnd::answered && says_busy(refused->result)) {
            return say_of_gpu(work_gpu_busy.code, refused->name, refused->result, outcome_text(*refused));
        }
        const DeviceNode* closed = refused->step == ProbeStep::open ? nullptr : closed_node(facts);
        if (closed != nullptr) return no_permission(*closed);
        return say(refused->step == ProbeStep::open ? "cannot-open" : "init-refused",
                   without_path(refusal_in_words(*refused), answer.library));
    }
    std::vector<const WorkItem*> kernels = kernels_of(answer, ProbeStep::native);
    const std::vector<const WorkItem*> from_ptx = kernels_of(answer, ProbeStep::jit);
    kernels.insert(kernels.end(), from_ptx.begin(), from_ptx.end());
    if (const WorkItem* wrong = first_with(kernels, WorkOutcome::wrong)) {
        finding.values["item"] = name_with_origin(*wrong);
        return say("wrong-result",
                   fmt::format("{:#010x} instead of {:#010x} at index {}", wrong->got, wrong->expected, wrong->index));
    }
    const WorkItem* refused = first_item(kernels, [](const WorkItem& item) {
        return item.outcome == WorkOutcome::refused || item.outcome == WorkOutcome::failed;
    });
    const bool of_ladder = refused == nullptr;
    if (of_ladder) refused = lost_rung(answer);
    if (refused != nullptr) {
        const bool answered = refused->outcome == WorkOutcome::refused;
        const bool ecc = refused->result == result_of::ecc_uncorrectable;
        if (answered && (ecc || says_busy(refused->result))) {
            return say_of_gpu(ecc ? work_ecc_error.code : work_gpu_busy.code, refused->result_name, refused->result,
                              refusal_text(*refused));
        }
        finding.values["item"] = of_ladder ? refused->name : name_with_origin(*refused);
        const std::string meaning = answered ? meaning_of_result(refused->result) : std::string();
        return say(of_ladder ? "ptx-version-refused" : "kernels-refused",
                   refusal_text(*refused) + (meaning.empty() ? "" : ": " + meaning));
    }
    // It came to a context once, and to no second one.
    const auto unable = std::find_if(answer.steps.begin(), answer.steps.end(),
                                     [](const StepAnswer& step) { return is_work(step.step) && !step.succeeded(); });
    if (unable != answer.steps.end()) {
        if (unable->end == StepEnd::answered && says_busy(unable->result)) {
            return say_of_gpu(work_gpu_busy.code, unable->name, unable->result, outcome_text(*unable));
        }
        return say("init-refused", refusal_in_words(*unable));
    }
    const std::size_t right = count_right(kernels);
    if (right == 0)
        return because_missing({Lack::not_asked, "no kernel was tried with " + folder.directory, "jetcuda-probe"});
    finding.values["cuda"] =
        answer.driver_version ? CudaVersion::from_api(*answer.driver_version).text() : finding.values["cuda"];
    return say("ok", fmt::format("{} of {} kernels right", right, kernels.size()));
}

}  // namespace

extern const Check compat_driver_runs{
    .id = "compat-driver-runs",
    .group = Group::compat,
    .severity = Severity::wanted,
    .basis = Basis::measured,
    .claim = "each enabled cuda_compat initializes on this board and computes the right results",
    .why =
        "Programs get it in the place of the board's own driver. Where it does not run they all fail at their first "
        "CUDA call, although the driver of the board is sound.",
    .reads = {"jetcuda-probe with the libcuda of each enabled cuda_compat", "cuda_compat folders"},
    .needs = {"compat-is-for-this-board", "driver-initializes"},
    .codes =
        {
            {"ok", Status::pass, "{dir} runs on this board as CUDA {cuda}: {answer}"},
            no_compat,
            compat_not_enabled,
            {"other-product", Status::not_applicable, "{dir} is {product_words}, and was not tried on this board"},
            {"cannot-open", Status::fail, "The driver of {dir} cannot be loaded: {answer}", take_out_of_the_way},
            {"init-refused", Status::fail, "The driver of {dir} does not start on this board: {answer}",
             take_out_of_the_way},
            {"kernels-refused", Status::fail,
             "The driver of {dir} starts, and the kernel {item} does not run: {answer}", take_out_of_the_way},
            {"ptx-version-refused", Status::fail, "The driver of {dir} starts, and fails at {item}: {answer}",
             take_out_of_the_way},
            {"wrong-result", Status::fail, "With the driver of {dir} the kernel {item} computes {answer}",
             take_out_of_the_way},
            {"crashed", Status::fail, "The driver of {dir} crashed with {signal} in the step \"{step}\"",
             take_out_of_the_way},
            {"timed-out", Status::fail, "The driver of {dir} did not return from the step \"{step}\" within {limit}",
             take_out_of_the_way},
            {"babbled", Status::fail,
             "The driver of {dir} printed without end in the step \"{step}\" and had to be ended", take_out_of_the_way},
            {"garbled", Status::fail, "The driver of {dir} left the step \"{step}\" without a usable answer: {failure}",
             take_out_of_the_way},
            work_ecc_error,
            work_gpu_busy,
            probe_killed,
            probe_refused,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
        if (std::optional<Finding> nothing = nothing_enabled(facts)) return *std::move(nothing);
        return worst_of_enabled(facts, compat_driver_runs,
                                [&](const CompatFolder& folder) { return judge_rung(folder, facts); });
    },
};

}  // namespace jetcuda
