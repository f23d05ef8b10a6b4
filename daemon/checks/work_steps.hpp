// What the checks share that rest on a work step of jetcuda-probe: when a step cannot be judged, what a thing that was
// tried came to, and the errors that mean the same for all of them.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "daemon/checks/check.hpp"
#include "daemon/checks/probe_steps.hpp"
#include "daemon/checks/required_nodes.hpp"

namespace jetcuda {

// CUresult, cuda.h of CUDA 13.0
namespace result_of {
inline constexpr int out_of_memory = 2;
inline constexpr int stub_library = 34;
inline constexpr int insufficient_driver = 35;  // cudaErrorInsufficientDriver, of the runtime
inline constexpr int device_unavailable = 46;
inline constexpr int no_device = 100;
inline constexpr int ecc_uncorrectable = 214;
inline constexpr int invalid_ptx = 218;
inline constexpr int jit_compiler_not_found = 221;
inline constexpr int unsupported_ptx_version = 222;
inline constexpr int not_supported = 801;
inline constexpr int system_driver_mismatch = 803;
inline constexpr int compat_not_supported = 804;
}  // namespace result_of

inline constexpr Code work_gpu_busy{
    "gpu-busy",
    Status::unknown,
    "Not judged, because the GPU is busy or its memory short: {name} ({result}) in {place}",
    {.other = "Judge again when fewer programs use the GPU; what memory is free now: free -m; sudo jetcuda-check run"}};
inline constexpr Code work_memory_short{
    "memory-short",
    Status::unknown,
    "Not judged, because the board has too little memory to spare ({available} MiB available)",
    {.other = "Judge again when fewer programs run; what memory is free now: free -m; sudo jetcuda-check run"}};
inline constexpr Code work_ecc_error{
    "ecc-error",
    Status::fail,
    "The GPU met an error in its memory that it cannot correct: {name} ({result}) in {place}",
    {.other = "Restart the board and judge again; where it comes back, the board has to be replaced: sudo dmesg | grep "
              "-i -e ecc -e nvgpu; sudo reboot"}};
inline constexpr Code work_not_begun{"work-not-begun", Status::fail,
                                     "The driver initializes, but the step \"{place}\" cannot begin: {answer}",
                                     reinstall_driver};

// Codes that every check of a work step may answer. A check that blames another than the driver for a death declares
// the same words with sentences of its own.
inline std::vector<Code> with_work_codes(std::vector<Code> own) {
    for (const Code& code : {work_gpu_busy, work_not_begun, probe_crashed, probe_timed_out, probe_babbled,
                             probe_garbled, probe_killed, probe_refused}) {
        const bool declared =
            std::any_of(own.begin(), own.end(), [&code](const Code& other) { return other.code == code.code; });
        if (!declared) own.push_back(code);
    }
    return own;
}

inline bool says_busy(int result) {
    return result == result_of::out_of_memory || result == result_of::device_unavailable;
}

// "CUDA_ERROR_INVALID_IMAGE (200) of cuModuleLoadDataEx", or why there was no call.
inline std::string refusal_text(const WorkItem& item) {
    if (item.outcome == WorkOutcome::failed) return item.text;
    std::string name = item.result_name.empty() ? "an error" : item.result_name;
    return fmt::format("{} ({}) of {}", name, item.result, item.call.empty() ? "a call" : item.call);
}

inline Evidence work_evidence(const WorkItem& item) {
    std::string value(name_of(item.outcome));
    switch (item.outcome) {
        case WorkOutcome::wrong:
            if (item.wrong_count != 0) {
                value += fmt::format(": {} words, the first at {}: {:#010x} instead of {:#010x}", item.wrong_count,
                                     item.index, item.got, item.expected);
            }
            break;
        case WorkOutcome::refused:
        case WorkOutcome::failed: value += ": " + refusal_text(item); break;
        case WorkOutcome::not_tried: value += ": " + item.detail; break;
        case WorkOutcome::right:
        case WorkOutcome::unfinished: break;
    }
    if (!item.text.empty() && item.outcome != WorkOutcome::failed) value += ": " + item.text;
    return {item.name, value, "jetcuda-probe: " + std::string(name_of(item.step))};
}

// The loader opens its complaints with the file's name, which a sentence about that file has already.
inline std::string without_path(std::string text, const std::string& path) {
    if (text.rfind(path + ": ", 0) == 0) text.erase(0, path.size() + 2);
    return text;
}

// For "apt-get install --reinstall": the package, or the command that finds it where no database was read.
inline std::string package_of(const CudaLibrary& library) {
    if (!library.package.empty()) return library.package;
    return "$(dpkg -S " + (library.real_path.empty() ? library.path : library.real_path) + " | cut -d: -f1)";
}

// What a finding about one thing says of it.
inline Finding finding_about(const WorkItem& item, const ProbeAnswer& answer, const Facts& facts,
                             std::string_view code) {
    Finding finding{.code = code, .evidence = {work_evidence(item)}};
    finding.values = {{"libcuda", answer.library.empty() ? "libcuda" : answer.library},
                      {"place", item.name},
                      {"item", item.name},
                      {"image", item.detail},
                      {"name", item.result_name.empty() ? "no name" : item.result_name},
                      {"result", std::to_string(item.result)},
                      {"answer", refusal_text(item)},
                      {"index", std::to_string(item.index)},
                      {"expected", fmt::format("{:#010x}", item.expected)},
                      {"got", fmt::format("{:#010x}", item.got)},
                      {"count", std::to_string(item.wrong_count)},
                      {"packages", package_names(facts).library}};
    return finding;
}

// The finding for a step whose work cannot be judged: it was not begun, or could not begin. Deaths in it are told by
// death_in(), after what was found wrong before it died.
inline std::optional<Finding> work_not_done(const Facts& facts, ProbeStep step) {
    if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
    const ProbeAnswer& answer = *facts.driver_probe;
    const StepAnswer* told = answer.step(step);
    const auto not_asked = [](std::string why) {
        return because_missing({Lack::not_asked, std::move(why), "jetcuda-probe"});
    };
    if (told == nullptr) {
        if (!answer.not_started.empty()) return not_asked(answer.not_started);
        const std::vector<ProbeStep>& asked = answer.asked_work;
        if (!asked.empty() && std::find(asked.begin(), asked.end(), step) == asked.end()) {
            return not_asked(fmt::format("this run did not ask for the step \"{}\"", name_of(step)));
        }
        const StepAnswer* init = answer.step(ProbeStep::init);
        if (init != nullptr && !init->succeeded()) {
            if (const DeviceNode* closed = closed_node(facts)) return no_permission(*closed);
        }
        const StepAnswer* context = answer.step(ProbeStep::context);
        if (context != nullptr && context->end == StepEnd::answered && says_busy(context->result)) {
            return Finding{
                .code = work_gpu_busy.code,
                .values = {{"name", context->name}, {"result", std::to_string(context->result)}, {"place", "context"}},
                .evidence = {step_evidence(*context)}};
        }
        const StepAnswer* last = answer.steps.empty() ? nullptr : &answer.steps.back();
        if (last == nullptr) return not_asked("jetcuda-probe told nothing");
        return not_asked(fmt::format("jetcuda-probe ended in the step \"{}\", before it came to \"{}\"",
                                     place_of(answer, last->step), name_of(step)));
    }
    const bool came_back = told->end == StepEnd::answered || told->end == StepEnd::failed;
    if (!came_back || !answer.work_of(step).empty() || told->succeeded()) return std::nullopt;
    if (told->end == StepEnd::answered && says_busy(told->result)) {
        return Finding{.code = work_gpu_busy.code,
                       .values = {{"name", told->name},
                                  {"result", std::to_string(told->result)},
                                  {"place", std::string(name_of(step))}},
                       .evidence = {step_evidence(*told)}};
    }
    return Finding{.code = work_not_begun.code,
                   .values = {{"place", std::string(name_of(step))},
                              {"answer", outcome_text(*told)},
                              {"packages", package_names(facts).library}},
                   .evidence = {step_evidence(*told)}};
}

// The first item of these that is so, or null.
template <typename Condition>
const WorkItem* first_item(const std::vector<const WorkItem*>& items, Condition holds) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const WorkItem* item) { return holds(*item); });
    return found == items.end() ? nullptr : *found;
}

inline const WorkItem* first_with(const std::vector<const WorkItem*>& items, WorkOutcome outcome) {
    return first_item(items, [outcome](const WorkItem& item) { return item.outcome == outcome; });
}

}  // namespace jetcuda
