// Programs carry code for one capability: sm_72 for Xavier, sm_87 for Orin, sm_110 for Thor. The driver names that of
// each device. Judged is the integrated one (CU_DEVICE_ATTRIBUTE_INTEGRATED), since a discrete card may sit beside it;
// where there is none, a driver for discrete cards is installed and the board's own GPU cannot be judged.

#include "daemon/checks/check.hpp"
#include "daemon/checks/probe_steps.hpp"

namespace jetcuda {

extern const Check gpu_capability_matches_soc{
    .id = "gpu-capability-matches-soc",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::measured,
    .claim = "the integrated GPU reports the capability that its SoC has",
    .why =
        "Code is chosen by this number. Where the driver reports another one, programs find no kernels for the GPU "
        "(\"no kernel image is available for execution on the device\") or run the wrong ones.",
    .reads = {"jetcuda-probe: devices, name, capability", "SoC"},
    .needs = {"driver-initializes"},
    .codes =
        {
            {"ok", Status::pass, "The integrated GPU ({gpu}) reports {measured}, as the SoC {soc} has it"},
            {"capability-differs", Status::fail,
             "The integrated GPU ({gpu}) reports {measured}, but that of the SoC {soc} is {expected}",
             reinstall_driver},
            {"no-device", Status::fail, "The driver initializes, but lists no GPU", read_kernel_log},
            {"devices-refused", Status::fail, "The driver does not list its GPUs: {answer}", reinstall_driver},
            {"capability-refused", Status::fail, "The driver does not say which capability the GPU has: {answer}",
             reinstall_driver},
            {"discrete-gpu-stack",
             Status::unknown,
             "The driver lists no integrated GPU, only {gpu}: the board's own GPU cannot be judged",
             {.apt = "Put the board's own L4T driver in the place of the one for discrete cards: "
                     "sudo apt-get install --reinstall {packages} && sudo ldconfig",
              .other = "Judge with the board's own L4T driver, by its path: jetcuda-check run --driver FILE"}},
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
        for (const ProbeStep step : {ProbeStep::devices, ProbeStep::name, ProbeStep::capability}) {
            if (const auto death = death_in(answer, step, facts)) return *death;
        }
        const StepAnswer* init = answer.step(ProbeStep::init);
        const StepAnswer* listed = answer.step(ProbeStep::devices);
        if (listed == nullptr || init == nullptr || !init->succeeded()) {
            const bool init_failed = init != nullptr && !init->succeeded();
            if (const DeviceNode* closed = closed_node(facts); init_failed && closed != nullptr) {
                return no_permission(*closed);
            }
            return because_missing(
                {Lack::not_asked,
                 answer.not_started.empty() ? "the driver was not asked for its GPUs" : answer.not_started,
                 "jetcuda-probe"});
        }
        Finding finding{.values = {{"packages", package_names(facts).library}}, .evidence = {step_evidence(*listed)}};
        if (!listed->succeeded()) {
            finding.code = "devices-refused";
            finding.values["answer"] = outcome_text(*listed);
            return finding;
        }
        if (answer.devices.empty()) {
            finding.code = "no-device";
            return finding;
        }
        const auto name_or_number = [](const GpuDevice& device) {
            return device.name.empty() ? "device " + std::to_string(device.ordinal) : device.name;
        };
        const GpuDevice* gpu = answer.integrated_device();
        if (gpu == nullptr) {
            finding.code = "discrete-gpu-stack";
            finding.values["gpu"] = name_or_number(answer.devices.front());
            return finding;
        }
        finding.values["gpu"] = name_or_number(*gpu);
        if (!gpu->capability) {
            const StepAnswer* asked = answer.step(ProbeStep::capability);
            if (asked == nullptr || asked->succeeded()) {
                return because_missing(
                    {Lack::not_asked, "the driver was not heard on the GPU's capability", "jetcuda-probe"});
            }
            finding.code = "capability-refused";
            finding.values["answer"] = outcome_text(*asked);
            return finding;
        }
        // A driver under test (--driver) may be asked on a machine that has no SoC to compare with.
        if (!facts.board.known()) return because_missing(facts.board.missing());
        if (!facts.board->tegra) return {.code = "not-a-jetson"};
        if (!facts.board->soc) {
            return because_missing({Lack::not_there, "the SoC of the board is not known here", facts.board.source()});
        }
        const SocRecord& soc = *facts.board->soc;
        finding.values["soc"] = soc.id;
        finding.values["measured"] = "sm_" + std::to_string(gpu->capability->sm());
        finding.values["expected"] = "sm_" + std::to_string(soc.capability.sm());
        finding.evidence.push_back({"capability", finding.values["measured"], "jetcuda-probe"});
        finding.evidence.push_back({"SoC", soc.id, facts.board.source()});
        finding.code = *gpu->capability == soc.capability ? "ok" : "capability-differs";
        return finding;
    },
};

}  // namespace jetcuda
