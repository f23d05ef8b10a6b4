// cuInit is the first thing that every CUDA program calls and the first moment at which both halves of the driver, the
// device nodes and the firmware have to work together. It is called in a process of its own, since a broken driver may
// crash or never return. A context belongs to it here: where a companion library is missing, cuInit still succeeds and
// the driver dies when the first context is made (seen on R39 without libnvcucompat).

#include "daemon/checks/check.hpp"
#include "daemon/checks/probe_steps.hpp"

namespace jetcuda {
namespace {

// Results of cuInit and of making a context, by the numbers of cuda.h.
constexpr int out_of_memory = 2;
constexpr int stub_library = 34;
constexpr int device_unavailable = 46;
constexpr int no_device = 100;
constexpr int not_supported = 801;
constexpr int driver_mismatch = 803;
constexpr int compat_not_supported = 804;
constexpr int unknown_error = 999;

std::string_view code_of_result(int result) {
    switch (result) {
        case stub_library: return "stub-library";
        case no_device: return "no-device";
        case not_supported: return "not-supported";
        case driver_mismatch: return "driver-mismatch";
        case compat_not_supported: return "compat-not-supported";
        case unknown_error: return "unknown-error";
        case out_of_memory:
        case device_unavailable: return "gpu-busy";
        default: return "init-failed";
    }
}

constexpr Remedy start_of_gpu{
    .apt =
        "See whether the GPU's module and device nodes are there, load them, and read what the kernel says: "
        "jetcuda-check run gpu-module-is-loaded device-nodes-are-present; sudo dmesg | tail -n 50",
    .nix =
        "See whether the GPU's module and device nodes are there (hardware.nvidia-jetpack.enable = true; brings both) "
        "and read what the kernel says: "
        "jetcuda-check run gpu-module-is-loaded device-nodes-are-present; sudo dmesg | tail -n 50",
    .yocto =
        "See whether the GPU's module and device nodes are there, and read what the kernel says: "
        "jetcuda-check run gpu-module-is-loaded device-nodes-are-present; dmesg | tail -n 50",
    .other =
        "See whether the GPU's module and device nodes are there, and read what the kernel says: "
        "jetcuda-check run gpu-module-is-loaded device-nodes-are-present; sudo dmesg | tail -n 50",
};

constexpr Remedy one_release{
    .apt =
        "Bring libcuda and the kernel modules to one release, then restart the board: "
        "sudo apt-get update && sudo apt-get install {packages} {kernel} && sudo reboot",
    .nix = "Restart into the system that libcuda belongs to: sudo nixos-rebuild boot && sudo reboot",
    .yocto =
        "Build the image again from one branch of meta-tegra: "
        "IMAGE_INSTALL:append = \" tegra-libraries-cuda {recipe}\"",
    .other = "Install libcuda and kernel modules of one release, then restart the machine: sudo reboot",
};

// Parts of the driver that only the data name are told by driver-libraries-are-complete, and fail nothing there. After
// a crash they are its likeliest cause.
std::string missing_parts(const Facts& facts) {
    std::string names;
    if (!facts.companions.known()) return names;
    for (const DriverCompanion& companion : *facts.companions) {
        const bool missing = companion.path.empty() || !companion.flaw.empty();
        if (missing && !companion.extra) names.append(names.empty() ? "" : ", ").append(companion.name);
    }
    return names;
}

// The finding of a probe that died in this step, with what is missing of the driver.
std::optional<Finding> death_with_parts(const ProbeAnswer& answer, ProbeStep step, const Facts& facts) {
    std::optional<Finding> death = death_in(answer, step, facts);
    const std::string parts = missing_parts(facts);
    if (death && death->code == probe_crashed.code && !parts.empty()) {
        death->code = "crashed-without-parts";
        death->values["parts"] = parts;
    }
    return death;
}

}  // namespace

extern const Check driver_initializes{
    .id = "driver-initializes",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::measured,
    .claim = "cuInit of the release's own libcuda succeeds in time, and a context can be made",
    .why =
        "This is how every CUDA program begins. Where it fails, hangs or crashes, nothing that uses the GPU runs, "
        "however complete the files look.",
    .reads = {"jetcuda-probe: open, version, init, memory, context", "device nodes of the GPU",
              "libraries that libcuda opens"},
    .needs = {"libcuda-is-found", "libcuda-is-genuine"},
    .codes =
        {
            {"ok", Status::pass, "cuInit of {libcuda} succeeds"},
            {"no-device", Status::fail, "cuInit of {libcuda} finds no GPU ({name}, {result})", start_of_gpu},
            {"stub-library",
             Status::fail,
             "cuInit of {libcuda} says that it is a stub ({name}, {result})",
             {.apt = "Remove the stub from where the loader looks, and put the driver's own back: "
                     "sudo apt-get install --reinstall {packages} && sudo ldconfig",
              .nix = "Take the \"stubs\" output out of what is linked there, then build and restart: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Take the stub out of the image, and put the driver in: "
                       "IMAGE_INSTALL:append = \" tegra-libraries-cuda\"",
              .other = "Remove the stub from where the loader looks, and see what it finds then: "
                       "ldconfig -p | grep libcuda"}},
            {"not-supported", Status::fail,
             "cuInit of {libcuda} does not support this system ({name}, {result}): it is of another release than the "
             "kernel's side",
             one_release},
            {"driver-mismatch", Status::fail,
             "cuInit of {libcuda} does not fit the kernel's side of the driver ({name}, {result})", one_release},
            {"compat-not-supported",
             Status::fail,
             "{libcuda} is a compat library that does not support this GPU: cuInit answers {name} ({result})",
             {.apt = "Put the driver's own library back in its place, and see which compat packages are there: "
                     "sudo apt-get install --reinstall {packages} && sudo ldconfig; dpkg -l 'cuda-compat*'",
              .other = "Take the compat library out of the driver's place, and see what the loader finds then: "
                       "ldconfig -p | grep libcuda"}},
            {"crashed-without-parts", Status::fail,
             "The driver crashed with {signal} in the step \"{step}\" of {libcuda}, and parts of the driver are "
             "not there: {parts}",
             reinstall_driver},
            {"unknown-error", Status::fail, "cuInit of {libcuda} fails without saying why ({name}, {result})",
             start_of_gpu},
            {"init-failed", Status::fail, "cuInit of {libcuda} fails with {name} ({result})", start_of_gpu},
            {"cannot-open", Status::fail, "{libcuda} cannot be loaded: {failure}", reinstall_driver},
            {"entry-point-absent", Status::fail, "{libcuda} cannot be initialized: {failure}", reinstall_driver},
            {"context-failed", Status::fail,
             "cuInit of {libcuda} succeeds, but no context can be made: {name} ({result})", start_of_gpu},
            {"gpu-busy",
             Status::unknown,
             "Not judged, because the GPU is busy or its memory short: {name} ({result})",
             {.other = "Judge again when fewer programs use the GPU; what memory is free now: "
                       "free -m; sudo jetcuda-check run"}},
            probe_crashed,
            probe_timed_out,
            probe_babbled,
            probe_garbled,
            probe_killed,
            probe_refused,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
        const ProbeAnswer& answer = *facts.driver_probe;
        if (!answer.not_started.empty() || answer.steps.empty()) {
            return because_missing({Lack::not_asked,
                                    answer.not_started.empty() ? "jetcuda-probe told nothing" : answer.not_started,
                                    "jetcuda-probe"});
        }
        const PackageNames packages = package_names(facts);
        Finding finding;
        const auto say = [&](std::string_view code, const StepAnswer& step) {
            // The loader opens its complaints with the file's name, which the sentence has already.
            std::string failure = step.failure.empty() ? "it does not say why" : step.failure;
            if (failure.rfind(answer.library + ": ", 0) == 0) failure.erase(0, answer.library.size() + 2);
            finding.code = code;
            finding.values = {
                {"libcuda", answer.library.empty() ? "libcuda" : answer.library},
                {"name", step.name.empty() ? "no name" : step.name},
                {"result", std::to_string(step.result)},
                {"failure", failure},
                {"packages", packages.library},
                {"kernel", packages.kernel},
                {"recipe", packages.recipe},
            };
            finding.evidence.push_back(step_evidence(step));
            finding.evidence.push_back({"duration of " + std::string(name_of(step.step)),
                                        std::to_string(step.duration.count()) + " ms", "jetcuda-probe", true});
            if (!answer.error_output.empty() && !step.succeeded()) {
                finding.evidence.push_back({"error output", answer.error_output, "jetcuda-probe", true});
            }
            return finding;
        };
        for (const ProbeStep before : {ProbeStep::open, ProbeStep::version}) {
            if (const auto death = death_with_parts(answer, before, facts)) return *death;
        }
        if (const StepAnswer* open = answer.step(ProbeStep::open); open != nullptr && !open->succeeded()) {
            return say("cannot-open", *open);
        }
        const StepAnswer* init = answer.step(ProbeStep::init);
        if (init == nullptr) {
            return because_missing({Lack::not_asked, "jetcuda-probe ended before it came to cuInit", "jetcuda-probe"});
        }
        if (init->end == StepEnd::failed) return say("entry-point-absent", *init);
        const bool is_stub = init->end == StepEnd::answered && init->result == stub_library;
        if (!init->succeeded() && !is_stub) {
            if (const DeviceNode* closed = closed_node(facts)) return no_permission(*closed);
        }
        if (const auto death = death_with_parts(answer, ProbeStep::init, facts)) return *death;
        if (!init->succeeded()) return say(code_of_result(init->result), *init);
        for (const ProbeStep after : {ProbeStep::memory, ProbeStep::context}) {
            if (const auto death = death_with_parts(answer, after, facts)) return *death;
        }
        if (const StepAnswer* context = answer.step(ProbeStep::context); context != nullptr && !context->succeeded()) {
            const bool busy = context->end == StepEnd::answered &&
                              (context->result == out_of_memory || context->result == device_unavailable);
            return say(busy ? "gpu-busy" : "context-failed", *context);
        }
        return say("ok", *init);
    },
};

}  // namespace jetcuda
