// What the checks that rest on jetcuda-probe share: the ways in which a probe can end in the middle of a step, each
// with its sentence and remedy (contract, section 4), and the step itself as evidence.

#pragma once

#include <optional>
#include <string>

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"
#include "daemon/checks/required_nodes.hpp"
#include "probes/gpu/protocol.hpp"

namespace jetcuda {

inline constexpr Remedy reinstall_driver{
    .apt =
        "Install the driver's libraries again, and restart the board if that changed any: "
        "sudo apt-get install --reinstall {packages}",
    .nix =
        "Build the system again from one revision of jetpack-nixos and restart into it: "
        "sudo nixos-rebuild boot && sudo reboot",
    .yocto =
        "Build the image again from one branch of meta-tegra, with the driver in it: "
        "IMAGE_INSTALL:append = \" tegra-libraries-cuda\"",
    .other = "Install the NVIDIA driver of this system again, then see what the kernel says: sudo dmesg | tail -n 50",
};

inline constexpr Remedy read_kernel_log{
    .other = "See what the kernel says about the GPU, then restart the board: sudo dmesg | tail -n 50; sudo reboot"};

inline constexpr Code probe_crashed{
    "crashed", Status::fail, "The driver crashed with {signal} in the step \"{step}\" of {libcuda}", reinstall_driver};
inline constexpr Code probe_timed_out{"timed-out", Status::fail,
                                      "The driver did not return from the step \"{step}\" of {libcuda} within {limit}",
                                      read_kernel_log};
inline constexpr Code probe_babbled{
    "babbled", Status::fail, "The driver printed without end in the step \"{step}\" of {libcuda} and had to be ended",
    reinstall_driver};
inline constexpr Code probe_garbled{
    "garbled", Status::fail, "The driver left the step \"{step}\" of {libcuda} without a usable answer: {failure}",
    reinstall_driver};
inline constexpr Code probe_killed{
    "killed-from-outside",
    Status::unknown,
    "Not judged, because somebody ended the probe with {signal} in the step \"{step}\"",
    {.other = "See who ended it, the kernel for want of memory perhaps, and judge again: sudo dmesg | grep -i "
              "-e oom -e killed; sudo jetcuda-check run"}};
inline constexpr Code probe_refused{
    "sandbox-refused",
    Status::unknown,
    "Not judged, because a sandbox refused a system call to the driver in the step \"{step}\"",
    {.other = "Judge outside that sandbox: sudo jetcuda-check run"}};

inline std::string signal_text(int number) {
    switch (number) {
        case 4: return "SIGILL";
        case 6: return "SIGABRT";
        case 7: return "SIGBUS";
        case 8: return "SIGFPE";
        case 9: return "SIGKILL";
        case 11: return "SIGSEGV";
        case 15: return "SIGTERM";
        case 31: return "SIGSYS";
        default: return "signal " + std::to_string(number);
    }
}

// What a step that was answered, or that could not call, has to say: "CUDA_ERROR_UNKNOWN (999)".
inline std::string outcome_text(const StepAnswer& step) {
    if (step.end == StepEnd::failed) return step.failure.empty() ? "no reason given" : step.failure;
    const std::string name = step.name.empty() ? "CUresult" : step.name;
    return step.result == 0 ? name : name + " (" + std::to_string(step.result) + ")";
}

inline Evidence step_evidence(const StepAnswer& step) {
    std::string value;
    if (step.end == StepEnd::answered) {
        value = outcome_text(step);
    } else {
        value = name_of(step.end);
        if (!step.failure.empty()) value += ": " + step.failure;
    }
    return {"step " + std::string(name_of(step.step)), value, "jetcuda-probe"};
}

// The step in words; of a work step with the thing that it was trying: "native, integers".
inline std::string place_of(const ProbeAnswer& answer, ProbeStep step) {
    std::string place(name_of(step));
    for (const WorkItem* item : answer.work_of(step)) {
        if (item->outcome == WorkOutcome::unfinished) place.append(", ").append(item->name);
    }
    return place;
}

// The finding for a step that the probe did not come back from; none where it answered or said why it could not.
inline std::optional<Finding> death_in(const ProbeAnswer& answer, ProbeStep wanted, const Facts& facts) {
    const StepAnswer* step = answer.step(wanted);
    if (step == nullptr || step->end == StepEnd::answered || step->end == StepEnd::failed) return std::nullopt;
    Finding finding;
    switch (step->end) {
        case StepEnd::crashed: finding.code = probe_crashed.code; break;
        case StepEnd::timed_out:
        case StepEnd::unkillable: finding.code = probe_timed_out.code; break;
        case StepEnd::killed_from_outside: finding.code = probe_killed.code; break;
        case StepEnd::sandbox_refused: finding.code = probe_refused.code; break;
        case StepEnd::babbled: finding.code = probe_babbled.code; break;
        case StepEnd::garbled:
        case StepEnd::answered:
        case StepEnd::failed: finding.code = probe_garbled.code; break;
    }
    const auto milliseconds = step->duration.count();
    std::string limit =
        milliseconds < 1000 ? std::to_string(milliseconds) + " ms" : std::to_string(milliseconds / 1000) + " s";
    if (step->end == StepEnd::unkillable) limit += ", and is stuck in the kernel, where nobody can end it";
    finding.values = {{"step", place_of(answer, step->step)},
                      {"libcuda", answer.library.empty() ? "libcuda" : answer.library},
                      {"signal", signal_text(step->signal)},
                      {"limit", limit},
                      {"failure", step->failure.empty() ? "it just ended" : step->failure},
                      {"packages", package_names(facts).library}};
    finding.evidence.push_back(step_evidence(*step));
    if (!answer.error_output.empty()) {
        finding.evidence.push_back({"error output", answer.error_output, "jetcuda-probe", true});
    }
    return finding;
}

// The caller's own limit is no fault of the board (contract, section 3).
inline Finding no_permission(const DeviceNode& node) {
    return {.code = "no-permission",
            .values = {{"node", node.path}, {"group", node.group.empty() ? "video" : node.group}},
            .evidence = {{"device node", "may not be opened by this user", node.path}}};
}

}  // namespace jetcuda
