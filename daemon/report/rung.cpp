#include "daemon/report/rung.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/checks/rungs.hpp"

namespace jetcuda {
namespace {

// The first step that went wrong. Not one whose things went wrong: those are counted.
void take_failure(const ProbeAnswer& answer, RungSummary& rung) {
    const auto failed = std::find_if(answer.steps.begin(), answer.steps.end(),
                                     [](const StepAnswer& step) { return !step.succeeded(); });
    if (!answer.not_started.empty()) {
        rung.failed_step = "start";
        rung.error = "not-started";
        rung.meaning = answer.not_started;
    } else if (failed != answer.steps.end()) {
        rung.failed_step = place_of(answer, failed->step);
        if (failed->end == StepEnd::answered) {
            if (failed->result > 0) rung.result = failed->result;
            rung.error = failed->name.empty() ? "no name" : failed->name;
            rung.meaning = meaning_of_result(failed->result);
        } else {
            rung.error = std::string(name_of(failed->end));
            // Of the other ends the words hold a pid, or whatever the driver wrote: nothing to compare two reports by.
            if (failed->end == StepEnd::crashed) rung.meaning = signal_text(failed->signal);
            if (failed->end == StepEnd::failed || failed->end == StepEnd::timed_out) rung.meaning = failed->failure;
        }
    }
}

}  // namespace

RungSummary rung_of(const ProbeAnswer& answer) {
    RungSummary rung;
    if (answer.driver_version && *answer.driver_version > 0) {
        rung.cuda = CudaVersion::from_api(*answer.driver_version).text();
    }
    if (const std::optional<PtxIsa> ptx = highest_ptx(answer)) rung.ptx = ptx->text();
    for (const ProbeStep step : {ProbeStep::native, ProbeStep::jit}) {
        const std::vector<const WorkItem*> kernels = kernels_of(answer, step);
        rung.kernels_tried += static_cast<unsigned>(kernels.size());
        rung.kernels_right += static_cast<unsigned>(count_right(kernels));
    }
    take_failure(answer, rung);
    return rung;
}

std::string text_of(const RungSummary& rung) {
    std::string text;
    const auto add = [&text](const std::string& part) { text.append(text.empty() ? "" : ", ").append(part); };
    if (!rung.cuda.empty()) add("CUDA " + rung.cuda);
    if (!rung.ptx.empty()) add("PTX up to " + rung.ptx);
    if (rung.kernels_tried != 0) add(fmt::format("{} of {} kernels right", rung.kernels_right, rung.kernels_tried));
    if (!rung.failed_step.empty()) {
        std::string failure = fmt::format("{} in \"{}\"", rung.error, rung.failed_step);
        if (rung.result) failure = fmt::format("{} ({}) in \"{}\"", rung.error, *rung.result, rung.failed_step);
        add(rung.meaning.empty() ? failure : failure + ": " + rung.meaning);
    }
    return text.empty() ? "nothing was told" : text;
}

}  // namespace jetcuda
