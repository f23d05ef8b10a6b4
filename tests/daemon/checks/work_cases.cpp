#include "tests/daemon/checks/work_cases.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

namespace jetcuda::testing {

void check_common_ends(std::string_view id, ProbeStep step) {
    const auto ends_as = [&](const StepAnswer& last) {
        Facts facts = healthy_orin();
        end_probe_at(facts, last);
        return judged_alone(id, facts);
    };
    struct Case {
        StepEnd end;
        const char* code;
        Status status;
    };
    for (const Case& one :
         {Case{StepEnd::crashed, "crashed", Status::fail}, Case{StepEnd::timed_out, "timed-out", Status::fail},
          Case{StepEnd::unkillable, "timed-out", Status::fail}, Case{StepEnd::babbled, "babbled", Status::fail},
          Case{StepEnd::garbled, "garbled", Status::fail},
          Case{StepEnd::killed_from_outside, "killed-from-outside", Status::unknown},
          Case{StepEnd::sandbox_refused, "sandbox-refused", Status::unknown}}) {
        CAPTURE(one.code);
        const CheckResult result = ends_as(ended(step, one.end, 11));
        CHECK(result.code == one.code);
        CHECK(result.status == one.status);
        CHECK(result.summary.find(name_of(step)) != std::string::npos);
    }
    const auto without_items = [&](const StepAnswer& told) {
        Facts facts = healthy_orin();
        end_probe_at(facts, told);
        std::vector<WorkItem>& work = facts.driver_probe.value().work;
        work.erase(std::remove_if(work.begin(), work.end(), [&](const WorkItem& item) { return item.step == step; }),
                   work.end());
        return judged_alone(id, facts);
    };
    CHECK(without_items(answered(step, 999, "CUDA_ERROR_UNKNOWN")).code == "work-not-begun");
    CHECK(without_items(ended(step, StepEnd::failed, 0, "the entry point cuCtxSetCurrent is missing")).code ==
          "work-not-begun");
    CHECK(without_items(answered(step, 2, "CUDA_ERROR_OUT_OF_MEMORY")).code == "gpu-busy");

    CHECK(ends_as(answered(ProbeStep::context, 46, "CUDA_ERROR_DEVICE_UNAVAILABLE")).code == "gpu-busy");
    CHECK(ends_as(answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN")).code == "not-asked");
    Facts facts = healthy_orin();
    end_probe_at(facts, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    for (DeviceNode& node : facts.device_nodes.value().nodes) node.can_open = Fact<bool>(false, node.path);
    CHECK(judged_alone(id, facts).code == "no-permission");
    Facts unasked = healthy_orin();
    end_probe_at(unasked, answered(ProbeStep::context));
    unasked.driver_probe.value().asked_work = {step == ProbeStep::native ? ProbeStep::jit : ProbeStep::native};
    CHECK(judged_alone(id, unasked).summary.find("did not ask for the step") != std::string::npos);
    facts.driver_probe.value() = {};
    facts.device_nodes = missing(Lack::not_there);
    CHECK(judged_alone(id, facts).code == "not-asked");
    facts.driver_probe.value().not_started = "jetcuda-probe does not exist";
    CHECK(judged_alone(id, facts).summary.find("does not exist") != std::string::npos);
    facts.driver_probe = missing(Lack::not_asked);
    CHECK(judged_alone(id, facts).status == Status::unknown);
    facts.scope.probe_wanted = false;
    CHECK(judged_alone(id, facts).code == "not-probed");
    // What keeps the driver from starting is told by its own check, and named as the cause.
    Facts sick = healthy_orin();
    end_probe_at(sick, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    CHECK(judged(id, sick).blocked_by == "driver-initializes");
}

void check_names_unfinished(std::string_view id, ProbeStep step, const std::string& name) {
    Facts facts = healthy_orin();
    end_probe_at(facts, ended(step, StepEnd::timed_out));
    work_item(facts, step, name).outcome = WorkOutcome::unfinished;
    CHECK(judged_alone(id, facts).summary.find(std::string(name_of(step)) + ", " + name) != std::string::npos);
}

}  // namespace jetcuda::testing
