#include <doctest/doctest.h>

#include "tests/daemon/checks/work_cases.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "gpu-memory-holds";

CheckResult with(ProbeStep step, const char* item, void (*change)(WorkItem&)) {
    Facts facts = healthy_orin();
    change(work_item(facts, step, item));
    return judged(id, facts);
}

void refuse_memory(WorkItem& item) { make_refused(item, 2, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc_v2"); }
}  // namespace

TEST_CASE("patterns that read back pass") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.summary == "Patterns written to 65536 KiB of GPU memory read back");
    CHECK(result.severity == Severity::required);
}

TEST_CASE("a word that differs is told with its bits") {
    const CheckResult result = with(ProbeStep::patterns, "addresses", make_wrong);
    CHECK(result.code == "bits-differ");
    CHECK(result.summary ==
          "GPU memory does not hold what is written to it: 3 words differ under \"addresses\", the first at word 17: "
          "0x12345679 instead of 0x12345678 (bits 0x00000001)");
}

TEST_CASE("memory that CPU and GPU share has to show each what the other wrote") {
    CHECK(with(ProbeStep::native, "zero-copy memory", make_wrong).code == "not-coherent");
    CHECK(with(ProbeStep::native, "managed memory", make_wrong).status == Status::fail);
    CHECK(with(ProbeStep::native, "integers", make_wrong).code == "ok");  // that is another check's
    CHECK(with(ProbeStep::native, "managed memory", [](WorkItem& item) {
              item.outcome = WorkOutcome::not_tried;
              item.detail = not_tried::unsupported;
          }).code == "ok");
}

TEST_CASE("what was found wrong is told, also where the probe never came to the patterns") {
    Facts facts = healthy_orin();
    make_wrong(work_item(facts, ProbeStep::native, "zero-copy memory"));
    end_probe_at(facts, ended(ProbeStep::native, StepEnd::timed_out));
    CHECK(judged_alone(id, facts).code == "not-coherent");
}

TEST_CASE("a refusal counts only where the board has twice of what was asked for") {
    const CheckResult refused = with(ProbeStep::patterns, "walking ones", refuse_memory);
    CHECK(refused.code == "allocation-refused");
    CHECK(refused.status == Status::fail);
    CHECK(refused.summary ==
          "The driver refuses 65536 KiB of memory (CUDA_ERROR_OUT_OF_MEMORY, 2), while 8192 MiB are available");
    Facts facts = healthy_orin();
    refuse_memory(work_item(facts, ProbeStep::patterns, "walking ones"));
    facts.driver_probe.value().available = std::uint64_t{127} << 20U;
    CHECK(judged(id, facts).code == "gpu-busy");
    facts.driver_probe.value().available = std::uint64_t{128} << 20U;
    CHECK(judged(id, facts).code == "allocation-refused");
    facts.driver_probe.value().available.reset();
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("too little memory to test is no fault, and no pass") {
    const CheckResult result = with(ProbeStep::patterns, "walking ones", [](WorkItem& item) {
        item.outcome = WorkOutcome::not_tried;
        item.detail = not_tried::memory_short;
    });
    CHECK(result.code == "memory-short");
    CHECK(result.status == Status::unknown);
}

TEST_CASE("other errors are told as they are") {
    CHECK(with(ProbeStep::patterns, "walking ones", [](WorkItem& item) {
              make_refused(item, 214, "CUDA_ERROR_ECC_UNCORRECTABLE", "cuCtxSynchronize");
          }).code == "ecc-error");
    CHECK(with(ProbeStep::patterns, "walking ones", [](WorkItem& item) {
              make_refused(item, 719, "CUDA_ERROR_LAUNCH_FAILED", "cuCtxSynchronize");
          }).code == "memory-test-failed");
    CHECK(with(ProbeStep::native, "zero-copy memory", [](WorkItem& item) {
              item.outcome = WorkOutcome::failed;
              item.text = "the entry point cuMemHostAlloc is missing";
          }).code == "memory-test-failed");
}

TEST_CASE("no pattern is no pass") {
    Facts facts = healthy_orin();
    facts.driver_probe.value().work.clear();
    CHECK(judged(id, facts).code == "not-asked");
}

TEST_CASE("how much was tested does not count in the digest") {
    for (const Evidence& evidence : judged(id, healthy_orin()).evidence) CHECK(evidence.volatile_value);
}

TEST_CASE("ends of the step are told alike") {
    check_common_ends(id, ProbeStep::patterns);
    check_names_unfinished(id, ProbeStep::patterns, "addresses");
}
