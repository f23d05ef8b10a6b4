// A release ships one libcuda, and that one answers one CUDA version. Another answer means that another library stands
// in its place: a compat library copied over it, or the driver of another release. It is asked of the library by its
// absolute path, with nothing else in the loader's way, and answered even without a GPU.

#include "daemon/checks/check.hpp"
#include "daemon/checks/probe_steps.hpp"

namespace jetcuda {

extern const Check driver_version_is_native{
    .id = "driver-version-is-native",
    .group = Group::driver,
    .severity = Severity::wanted,
    .basis = Basis::measured,
    .claim = "the release's own libcuda answers the CUDA version that the release ships",
    .why =
        "What CUDA a board can run is worked out from its driver's version. Where another libcuda stands in the place "
        "of the release's own, programs are promised what the kernel's side cannot keep.",
    .reads = {"jetcuda-probe: version", "data on L4T releases"},
    .needs = {"driver-initializes", "l4t-release-is-known"},
    .codes =
        {
            {"ok", Status::pass, "libcuda answers CUDA {measured}, as L4T {l4t} ships it"},
            {"no-reference", Status::not_applicable,
             "Which CUDA version the driver of this release answers is not established, so there is nothing to "
             "compare"},
            {"version-differs", Status::fail, "libcuda answers CUDA {measured}, but L4T {l4t} ships {expected}",
             reinstall_driver},
            {"version-refused", Status::fail, "libcuda does not say which CUDA version it is: {answer}",
             reinstall_driver},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
        const ProbeAnswer& answer = *facts.driver_probe;
        // A release file that cannot be read hides which version is the native one.
        if (facts.release.lacks(Lack::not_understood)) return because_missing(facts.release.missing());
        if (!facts.reference.known() || !facts.reference->driver_cuda) return {.code = "no-reference"};
        const StepAnswer* step = answer.step(ProbeStep::version);
        const bool came_back = step != nullptr && (step->end == StepEnd::answered || step->end == StepEnd::failed);
        if (!came_back || (step->succeeded() && !answer.driver_version)) {
            return because_missing(
                {Lack::not_asked,
                 answer.not_started.empty() ? "the driver was not heard on its version" : answer.not_started,
                 "jetcuda-probe"});
        }
        const CudaVersion expected = *facts.reference->driver_cuda;
        Finding finding{.values = {{"l4t", facts.reference->l4t.text()},
                                   {"expected", expected.text()},
                                   {"packages", package_names(facts).library}},
                        .evidence = {step_evidence(*step),
                                     {"CUDA of the release's driver", expected.text(), facts.reference.source()}}};
        if (!step->succeeded()) {
            finding.code = "version-refused";
            finding.values["answer"] = outcome_text(*step);
            return finding;
        }
        const CudaVersion measured = CudaVersion::from_api(*answer.driver_version);
        finding.values["measured"] = measured.text();
        finding.evidence.push_back({"CUDA version", measured.text(), "jetcuda-probe"});
        finding.code = measured == expected ? "ok" : "version-differs";
        return finding;
    },
};

}  // namespace jetcuda
