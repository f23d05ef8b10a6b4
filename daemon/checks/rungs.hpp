// What was measured of one driver, the release's own or that of a cuda_compat: how far it came, what its errors mean,
// how new the PTX may be. Each is a rung of the ladder that a report shows.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"
#include "daemon/checks/probe_steps.hpp"
#include "probes/ptx_isa.hpp"

namespace jetcuda {

// An error of the driver API in one clause, as it is met on a Jetson; empty: its name has to do. (source: NVIDIA's
// cuda.h of CUDA 13.0, and public reports on R36 and R39)
inline std::string meaning_of_result(int result) {
    switch (result) {
        case 34: return "it is the toolkit's stub";
        case 100: return "it finds no GPU";
        case 200: return "the image was built for a newer driver";
        case 209: return "the image is for another architecture";
        case 221: return "its compiler for PTX is missing";
        case 222: return "the PTX is newer than it compiles";
        case 801: return "it is made for another release than this kernel's side of the driver";
        case 803: return "it does not fit the kernel's side of the driver";
        case 804: return "it is not meant for this GPU";
        default: return {};
    }
}

// "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): it does not fit the kernel's side of the driver".
inline std::string refusal_in_words(const StepAnswer& step) {
    std::string text = outcome_text(step);
    const std::string meaning = step.end == StepEnd::answered ? meaning_of_result(step.result) : std::string();
    return meaning.empty() ? text : text + ": " + meaning;
}

// The first step up to the context that was answered with an error, or could not call; null: it came to a context.
inline const StepAnswer* first_refused_step(const ProbeAnswer& answer) {
    const auto found = std::find_if(answer.steps.begin(), answer.steps.end(), [](const StepAnswer& step) {
        const bool decides = step.step == ProbeStep::open || step.step == ProbeStep::init ||
                             step.step == ProbeStep::devices || step.step == ProbeStep::context;
        return decides && !step.succeeded();
    });
    return found == answer.steps.end() ? nullptr : &*found;
}

// The kernels of a work step, and what is tried like one: without the question whether a wrong image is taken.
inline std::vector<const WorkItem*> kernels_of(const ProbeAnswer& answer, ProbeStep step) {
    std::vector<const WorkItem*> kernels = answer.work_of(step);
    const auto is_none = [](const WorkItem* item) {
        return item->name == "image for another GPU" || item->name.rfind("PTX ", 0) == 0 ||
               item->outcome == WorkOutcome::not_tried;
    };
    kernels.erase(std::remove_if(kernels.begin(), kernels.end(), is_none), kernels.end());
    return kernels;
}

// A module of the PTX ladder, by its name: "PTX 8.4".
inline std::optional<PtxIsa> rung_isa(const WorkItem& item) {
    constexpr std::string_view prefix = "PTX ";
    if (item.name.rfind(prefix, 0) != 0) return std::nullopt;
    const std::optional<CudaVersion> numbers = parse_cuda_version(std::string_view(item.name).substr(prefix.size()));
    if (!numbers) return std::nullopt;
    return PtxIsa{numbers->major, numbers->minor};
}

inline std::optional<PtxIsa> highest_ptx(const ProbeAnswer& answer) {
    std::optional<PtxIsa> highest;
    for (const WorkItem* item : answer.work_of(ProbeStep::jit)) {
        const std::optional<PtxIsa> isa = rung_isa(*item);
        if (isa && item->outcome == WorkOutcome::right && (!highest || *highest < *isa)) highest = isa;
    }
    return highest;
}

// The newest that the driver's own CUDA version promises; empty where the driver or the table does not say.
inline std::optional<PtxIsa> promised_ptx(const ProbeAnswer& answer) {
    if (!answer.driver_version) return std::nullopt;
    return newest_isa_of(CudaVersion::from_api(*answer.driver_version));
}

// The first rung, up to the newest that is promised or taken, that the driver does not take. Above those a driver may
// refuse what it likes, but not take a module and have no kernel in it, nor end in an error after which nothing works.
inline const WorkItem* lost_rung(const ProbeAnswer& answer) {
    const std::optional<PtxIsa> newest = std::max(promised_ptx(answer), highest_ptx(answer));
    const StepAnswer* jit = answer.step(ProbeStep::jit);
    for (const WorkItem* item : answer.work_of(ProbeStep::jit)) {
        const std::optional<PtxIsa> isa = rung_isa(*item);
        if (!isa) continue;
        if (item->outcome == WorkOutcome::failed) return item;
        if (item->outcome != WorkOutcome::refused) continue;
        if (isa <= newest || (jit != nullptr && !jit->succeeded() && jit->result == item->result)) return item;
    }
    return nullptr;
}

inline std::size_t count_right(const std::vector<const WorkItem*>& items) {
    return static_cast<std::size_t>(std::count_if(
        items.begin(), items.end(), [](const WorkItem* item) { return item->outcome == WorkOutcome::right; }));
}

// The records of compat.json are of this SoC: a product that none of them is about is for other boards.
inline bool is_for_this_board(const CompatFolder& folder, const Facts& facts) {
    return facts.compat.known() &&
           std::any_of(facts.compat->records.begin(), facts.compat->records.end(),
                       [&folder](const CompatRecord& record) { return record.product == name_of(folder.product); });
}

}  // namespace jetcuda
