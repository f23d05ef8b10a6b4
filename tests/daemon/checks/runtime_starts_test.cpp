#include <doctest/doctest.h>

#include "tests/daemon/checks/work_cases.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "runtime-starts";

CheckResult with(const char* item, void (*change)(WorkItem&)) {
    Facts facts = healthy_orin();
    change(work_item(facts, ProbeStep::runtime, item));
    return judged(id, facts);
}
}  // namespace

TEST_CASE("a runtime that launches a kernel passes") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.summary == "The runtime of CUDA 12.6 finds the GPU and runs a kernel");
    CHECK(result.severity == Severity::required);
}

TEST_CASE("without a runtime there is nothing to judge") {
    Facts facts = healthy_orin();
    facts.cuda_libraries.value().runtime.reset();
    CHECK(judged(id, facts).code == "no-runtime");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.cuda_libraries = missing(Lack::not_asked);
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("each way to fail has its code") {
    const CheckResult too_new = with(
        "devices", [](WorkItem& item) { make_refused(item, 35, "cudaErrorInsufficientDriver", "cudaGetDeviceCount"); });
    CHECK(too_new.code == "runtime-newer-than-driver");
    CHECK(too_new.summary.find("/usr/local/cuda/lib64/libcudart.so, of CUDA 12.6, needs a newer driver than") == 0);
    const CheckResult unloadable = with("version", [](WorkItem& item) {
        item.outcome = WorkOutcome::failed;
        item.text = "/usr/local/cuda/lib64/libcudart.so: file too short";
        item.detail.clear();
    });
    CHECK(unloadable.code == "cannot-open");
    CHECK(unloadable.summary == "/usr/local/cuda/lib64/libcudart.so cannot be used: file too short");
    CHECK(unloadable.remedy.find("cuda-cudart-1-2") != std::string::npos);
    CHECK(with("devices", [](WorkItem& item) {
              make_refused(item, 100, "cudaErrorNoDevice", "cudaGetDeviceCount");
          }).code == "no-device");
    CHECK(with("devices", [](WorkItem& item) { item.detail = "0"; }).code == "no-device");
    CHECK(with("memory", [](WorkItem& item) {
              make_refused(item, 2, "cudaErrorMemoryAllocation", "cudaMalloc");
          }).code == "gpu-busy");
    CHECK(with("memory", [](WorkItem& item) { make_refused(item, 999, "cudaErrorUnknown", "cudaMalloc"); }).code ==
          "runtime-fails");
    CHECK(with("launch", [](WorkItem& item) {
              item.outcome = WorkOutcome::failed;
              item.text = "the entry point cudaMemset is missing in it";
          }).code == "runtime-fails");
    CHECK(with("memory", [](WorkItem& item) {
              make_refused(item, 214, "cudaErrorECCUncorrectable", "cudaMemcpy");
          }).code == "ecc-error");
    CHECK(with("launch", make_wrong).code == "wrong-result");
}

TEST_CASE("a runtime that brings the probe down is named") {
    Facts facts = healthy_orin();
    end_probe_at(facts, ended(ProbeStep::runtime, StepEnd::crashed, 11));
    const CheckResult result = judged(id, facts);
    CHECK(result.summary ==
          "The runtime crashed with SIGSEGV in the step \"runtime\" of /usr/local/cuda/lib64/libcudart.so");
    CHECK(result.remedy.find("cuda-cudart-1-2") != std::string::npos);
}

TEST_CASE("a runtime that launched nothing is no pass") {
    Facts facts = healthy_orin();
    std::vector<WorkItem>& work = facts.driver_probe.value().work;
    work.erase(std::remove_if(work.begin(), work.end(), [](const WorkItem& item) { return item.name == "launch"; }),
               work.end());
    CHECK(judged(id, facts).code == "not-asked");
}

TEST_CASE("ends of the step are told alike") {
    check_common_ends(id, ProbeStep::runtime);
    check_names_unfinished(id, ProbeStep::runtime, "memory");
}
