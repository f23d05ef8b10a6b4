#include <doctest/doctest.h>

#include "tests/daemon/checks/work_cases.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "ptx-is-compiled";

CheckResult with(const char* item, void (*change)(WorkItem&)) {
    Facts facts = healthy_orin();
    change(work_item(facts, ProbeStep::jit, item));
    return judged(id, facts);
}

void refuse_above(Facts& facts, const std::string& highest) {
    bool above = false;
    for (WorkItem& item : facts.driver_probe.value().work) {
        if (item.step != ProbeStep::jit || item.name.rfind("PTX ", 0) != 0) continue;
        if (above) make_refused(item, 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION");
        above = above || item.name == "PTX " + highest;
    }
}
}  // namespace

TEST_CASE("the highest PTX is told, and is what the driver's CUDA version promises") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.summary == "The driver compiles PTX, up to ISA 8.5");
    CHECK(result.severity == Severity::wanted);
    CHECK(judged(id, healthy_xavier()).summary == "The driver compiles PTX, up to ISA 7.4");
    CHECK(judged(id, healthy_thor()).status == Status::pass);
}

TEST_CASE("less than the promise fails, more does not") {
    Facts facts = healthy_orin();
    refuse_above(facts, "7.8");
    const CheckResult below = judged(id, facts);
    CHECK(below.code == "below-promise");
    CHECK(below.summary == "The driver compiles PTX up to ISA 7.8 only, but its CUDA version, 12.6, promises 8.5");
    REQUIRE(below.evidence.size() == 3);
    CHECK(below.evidence[2].what == "PTX 8.0");
    CHECK(below.evidence[2].value.find("CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)") != std::string::npos);
    Facts more = healthy_orin();
    work_item(more, ProbeStep::jit, "PTX 8.6").outcome = WorkOutcome::right;
    CHECK(judged(id, more).summary == "The driver compiles PTX, up to ISA 8.6");
}

TEST_CASE("a version that is lost below the highest fails, however it is lost") {
    const CheckResult refused =
        with("PTX 7.4", [](WorkItem& item) { make_refused(item, 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"); });
    CHECK(refused.code == "ptx-version-refused");
    CHECK(refused.status == Status::fail);
    CHECK(refused.summary.rfind("The driver compiles PTX up to ISA 8.5, and yet fails at PTX 7.4: CUDA_ERROR_", 0) ==
          0);
    const CheckResult without_kernel = with("PTX 7.4", [](WorkItem& item) {
        item.outcome = WorkOutcome::failed;
        item.text = "cuModuleGetFunction answered success and wrote nothing";
    });
    CHECK(without_kernel.code == "ptx-version-refused");
    CHECK(without_kernel.evidence.at(2).what == "PTX 7.4");
    CHECK(without_kernel.evidence.at(2).value == "failed: cuModuleGetFunction answered success and wrote nothing");
}

TEST_CASE("what no compiler may do is told above the promise too, and a plain refusal there is not") {
    const auto beyond = [](int result_of_step, void (*change)(WorkItem&)) {
        Facts facts = healthy_orin();
        ProbeAnswer& answer = facts.driver_probe.value();
        change(work_item(facts, ProbeStep::jit, "PTX 8.6"));
        for (StepAnswer& step : answer.steps) {
            if (step.step == ProbeStep::jit) step.result = result_of_step;
        }
        return judged(id, facts);
    };
    CHECK(beyond(0, [](WorkItem& item) { make_refused(item, 209, "CUDA_ERROR_NO_BINARY_FOR_GPU"); }).code == "ok");
    CHECK(beyond(0, [](WorkItem& item) { item.outcome = WorkOutcome::failed; }).code == "ptx-version-refused");
    CHECK(beyond(719, [](WorkItem& item) { make_refused(item, 719, "CUDA_ERROR_LAUNCH_FAILED"); }).code ==
          "ptx-version-refused");
    CHECK(beyond(214, [](WorkItem& item) { make_refused(item, 214, "CUDA_ERROR_ECC_UNCORRECTABLE"); }).code ==
          "ecc-error");
}

TEST_CASE("the end of a ladder that breaks otherwise than by its version is told as what it is") {
    const CheckResult broken =
        with("PTX 8.5", [](WorkItem& item) { make_refused(item, 999, "CUDA_ERROR_UNKNOWN", "cuModuleLoadDataEx"); });
    CHECK(broken.code == "ptx-version-refused");
    CHECK(broken.summary.find("up to ISA 8.4, and yet fails at PTX 8.5: CUDA_ERROR_UNKNOWN (999)") !=
          std::string::npos);
    CHECK(with("PTX 8.5", [](WorkItem& item) { make_refused(item, 218, "CUDA_ERROR_INVALID_PTX"); }).code ==
          "below-promise");
}

TEST_CASE("a ladder that ends before the promise breaks none") {
    Facts facts = healthy_orin();
    std::vector<WorkItem>& work = facts.driver_probe.value().work;
    const auto is_above = [](const WorkItem& item) { return item.name.rfind("PTX 8", 0) == 0; };
    work.erase(std::remove_if(work.begin(), work.end(), is_above), work.end());
    CHECK(judged(id, facts).summary == "The driver compiles PTX, up to ISA 7.8");
}

TEST_CASE("memory that ran out on the ladder says nothing of the compiler") {
    const CheckResult busy = with(
        "PTX 8.0", [](WorkItem& item) { make_refused(item, 2, "CUDA_ERROR_OUT_OF_MEMORY", "cuModuleLoadDataEx"); });
    CHECK(busy.code == "gpu-busy");
    CHECK(busy.status == Status::unknown);
}

TEST_CASE("of a driver that the table does not know nothing is promised") {
    Facts facts = healthy_orin();
    refuse_above(facts, "7.8");
    facts.driver_probe.value().driver_version = 99'000;
    CHECK(judged(id, facts).code == "ok");
    facts.driver_probe.value().driver_version.reset();
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("each way to refuse has its code") {
    CHECK(with("integers", [](WorkItem& item) { make_refused(item, 221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"); }).code ==
          "jit-missing");
    CHECK(with("integers", [](WorkItem& item) { make_refused(item, 218, "CUDA_ERROR_INVALID_PTX"); }).code ==
          "ptx-refused");
    CHECK(with("integers", [](WorkItem& item) {
              make_refused(item, 719, "CUDA_ERROR_LAUNCH_FAILED", "cuCtxSynchronize");
          }).code == "launch-failed");
    CHECK(with("integers", [](WorkItem& item) {
              item.outcome = WorkOutcome::failed;
              item.text = "the entry point cuLaunchKernel is missing";
          }).code == "launch-failed");
    CHECK(with("floats", [](WorkItem& item) {
              make_refused(item, 214, "CUDA_ERROR_ECC_UNCORRECTABLE", "cuCtxSynchronize");
          }).code == "ecc-error");
    CHECK(with("floats", [](WorkItem& item) {
              make_refused(item, 2, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc_v2");
          }).code == "gpu-busy");
    CHECK(with("floats", make_wrong).code == "wrong-result");
}

TEST_CASE("a ladder of which no rung was reached is a refusal, and one that was not tried says nothing") {
    Facts facts = healthy_orin();
    refuse_above(facts, "6.0");
    make_refused(work_item(facts, ProbeStep::jit, "PTX 6.0"), 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION");
    CHECK(judged(id, facts).code == "ptx-refused");
    std::vector<WorkItem>& work = facts.driver_probe.value().work;
    work.erase(
        std::remove_if(work.begin(), work.end(), [](const WorkItem& item) { return item.step == ProbeStep::jit; }),
        work.end());
    CHECK(judged(id, facts).code == "not-asked");
}

TEST_CASE("ends of the step are told alike") {
    check_common_ends(id, ProbeStep::jit);
    check_names_unfinished(id, ProbeStep::jit, "floats");
}
