#include <doctest/doctest.h>

#include "tests/daemon/checks/work_cases.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "native-kernels-run";

CheckResult with(const char* item, void (*change)(WorkItem&)) {
    Facts facts = healthy_orin();
    change(work_item(facts, ProbeStep::native, item));
    return judged(id, facts);
}
}  // namespace

TEST_CASE("right results pass, on every board, and the sentence counts them") {
    CHECK(judged(id, healthy_orin()).summary == "3 kernels compiled for sm_87 compute the right results");
    CHECK(judged(id, healthy_xavier()).status == Status::pass);
    CHECK(judged(id, healthy_thor()).status == Status::pass);
    CHECK(judged(id, healthy_orin()).severity == Severity::required);
}

TEST_CASE("a wrong word is told with kernel, index, expected and got") {
    const CheckResult result = with("floats", make_wrong);
    CHECK(result.code == "wrong-result");
    CHECK(result.status == Status::fail);
    CHECK(result.summary ==
          "The kernel floats, compiled for sm_87, computes 0x12345679 instead of 0x12345678 at index 17");
    REQUIRE(result.evidence.size() == 1);
    CHECK(result.evidence[0].value == "wrong: 3 words, the first at 17: 0x12345679 instead of 0x12345678");
    CHECK(with("streams and events", make_wrong).code == "wrong-result");
}

TEST_CASE("a wrong word counts also where the probe died after it") {
    Facts facts = healthy_orin();
    end_probe_at(facts, ended(ProbeStep::native, StepEnd::crashed, 11));
    make_wrong(work_item(facts, ProbeStep::native, "integers"));
    CHECK(judged(id, facts).code == "wrong-result");
}

TEST_CASE("what the driver refuses is told by what it refuses") {
    const CheckResult image =
        with("integers", [](WorkItem& item) { make_refused(item, 200, "CUDA_ERROR_INVALID_IMAGE"); });
    CHECK(image.code == "image-refused");
    CHECK(image.summary.find("CUDA_ERROR_INVALID_IMAGE (200) of cuModuleLoadDataEx") != std::string::npos);
    CHECK(with("integers", [](WorkItem& item) {
              make_refused(item, 500, "CUDA_ERROR_NOT_FOUND", "cuModuleGetFunction");
          }).code == "image-refused");
    CHECK(with("integers", [](WorkItem& item) {
              make_refused(item, 700, "CUDA_ERROR_ILLEGAL_ADDRESS", "cuCtxSynchronize");
          }).code == "launch-failed");
    CHECK(with("integers", [](WorkItem& item) {
              item.outcome = WorkOutcome::failed;
              item.text = "the entry point cuLaunchKernel is missing";
          }).summary.find("the entry point cuLaunchKernel is missing") != std::string::npos);
    CHECK(with("integers", [](WorkItem& item) {
              make_refused(item, 214, "CUDA_ERROR_ECC_UNCORRECTABLE", "cuCtxSynchronize");
          }).code == "ecc-error");
    const CheckResult busy =
        with("integers", [](WorkItem& item) { make_refused(item, 2, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc_v2"); });
    CHECK(busy.code == "gpu-busy");
    CHECK(busy.status == Status::unknown);
}

TEST_CASE("memory that both share is another check's") {
    CHECK(with("zero-copy memory", make_wrong).code == "ok");
    CHECK(with("managed memory", [](WorkItem& item) {
              item.outcome = WorkOutcome::not_tried;
              item.detail = not_tried::unsupported;
          }).code == "ok");
}

TEST_CASE("what an error left untried is not taken for kernels without an image") {
    const auto untried = [](WorkItem& item) {
        item.outcome = WorkOutcome::not_tried;
        item.detail = not_tried::after_error;
    };
    Facts facts = healthy_orin();
    make_refused(work_item(facts, ProbeStep::native, "zero-copy memory"), 700, "CUDA_ERROR_ILLEGAL_ADDRESS",
                 "cuCtxSynchronize");
    untried(work_item(facts, ProbeStep::native, "streams and events"));
    CHECK(judged(id, facts).summary == "2 kernels compiled for sm_87 compute the right results");

    make_refused(work_item(facts, ProbeStep::native, "integers"), 700, "CUDA_ERROR_ILLEGAL_ADDRESS",
                 "cuCtxSynchronize");
    untried(work_item(facts, ProbeStep::native, "floats"));
    CHECK(judged(id, facts).code == "launch-failed");
}

TEST_CASE("a driver that takes an image of another architecture passes, and is told") {
    const CheckResult result = with("image for another GPU", [](WorkItem& item) { item.outcome = WorkOutcome::wrong; });
    CHECK(result.code == "ok-takes-other-images");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("sm_72") != std::string::npos);
    CHECK(with("image for another GPU", [](WorkItem& item) {
              make_refused(item, 200, "CUDA_ERROR_INVALID_IMAGE");
          }).code == "ok");
}

TEST_CASE("a GPU that no image is made for is not judged") {
    Facts facts = healthy_orin();
    for (WorkItem& item : facts.driver_probe.value().work) {
        if (item.step != ProbeStep::native) continue;
        item.outcome = WorkOutcome::not_tried;
        item.detail = not_tried::no_image;
    }
    facts.driver_probe.value().devices.front().capability = Capability{8, 6};
    const CheckResult result = judged_alone(id, facts);
    CHECK(result.code == "no-image");
    CHECK(result.status == Status::unknown);
    CHECK(result.summary.find("sm_86") != std::string::npos);
}

TEST_CASE("a step without a kernel is no pass") {
    Facts facts = healthy_orin();
    facts.driver_probe.value().work.clear();
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("ends of the step are told alike") {
    check_common_ends(id, ProbeStep::native);
    check_names_unfinished(id, ProbeStep::native, "floats");
}
