#include <doctest/doctest.h>

#include "tests/daemon/checks/compat_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "compat-driver-runs";
constexpr const char* dir = "/usr/local/cuda-12.9/compat";

// An Orin with an enabled compat 12.9, whose driver was asked and is sound.
Facts measured() {
    Facts facts = orin_with(l4t_12_9());
    ProbeAnswer answer = healthy_probe(std::string(dir) + "/libcuda.so.1", 12090, soc_record("T234"));
    facts.compat_probes[dir] = Fact<ProbeAnswer>(answer, "jetcuda-probe");
    return facts;
}

// The same where its probe ends as told.
CheckResult ending_with(const StepAnswer& last) {
    Facts facts = measured();
    Facts of_compat;
    of_compat.driver_probe = facts.compat_probes[dir];
    end_probe_at(of_compat, last);
    facts.compat_probes[dir] = of_compat.driver_probe;
    return judged(id, facts);
}

CheckResult with(const char* name, void (*change)(WorkItem&), ProbeStep step = ProbeStep::native) {
    Facts facts = measured();
    for (WorkItem& item : facts.compat_probes[dir].value().work) {
        if (item.step == step && item.name == name) change(item);
    }
    return judged(id, facts);
}
}  // namespace

TEST_CASE("a compat that computes right passes, with what it is") {
    const CheckResult result = judged(id, measured());
    CHECK(result.code == "ok");
    CHECK(result.summary == "/usr/local/cuda-12.9/compat runs on this board as CUDA 12.9: 7 of 7 kernels right");
    CHECK(result.severity == Severity::wanted);
}

TEST_CASE("without an enabled compat there is nothing to judge") {
    CHECK(judged(id, healthy_orin()).code == "no-compat");
    CompatFolder idle = l4t_12_9();
    idle.enabled_by.clear();
    CHECK(judged(id, orin_with(idle)).code == "not-enabled");
    Facts facts = healthy_orin();
    facts.driver_probe = missing(Lack::not_asked);
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("one of another product is not run, and one that was not tried is open") {
    Facts facts = orin_with(compat_folder(CompatProduct::sbsa, {13, 0}, "580.65.06"));
    CHECK(judged(id, facts).code == "other-product");
    CHECK(judged(id, facts).status == Status::not_applicable);
    Facts untried = orin_with(l4t_12_9());
    CHECK(judged(id, untried).status == Status::unknown);
    untried.compat_probes[dir] = Missing{Lack::not_asked, "those before it took all the time that there is", ""};
    CHECK(judged(id, untried).summary.find("took all the time") != std::string::npos);
    Facts not_started = measured();
    not_started.compat_probes[dir].value() = {};
    not_started.compat_probes[dir].value().not_started = "jetcuda-probe does not exist";
    CHECK(judged(id, not_started).code == "not-asked");
}

TEST_CASE("what its driver refuses is told with its meaning") {
    const CheckResult mismatch = ending_with(answered(ProbeStep::init, 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"));
    CHECK(mismatch.code == "init-refused");
    CHECK(mismatch.summary.find("(803): it does not fit the kernel's side of the driver") != std::string::npos);
    CHECK(mismatch.remedy.find("sudo apt-get purge cuda-compat-12-9") != std::string::npos);
    CHECK(ending_with(answered(ProbeStep::init, 804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"))
              .summary.find("not meant for this GPU") != std::string::npos);
    CHECK(ending_with(answered(ProbeStep::init, 801, "CUDA_ERROR_NOT_SUPPORTED")).summary.find("another release") !=
          std::string::npos);
    CHECK(ending_with(answered(ProbeStep::context, 999, "CUDA_ERROR_UNKNOWN")).code == "init-refused");
    const CheckResult unloadable =
        ending_with(ended(ProbeStep::open, StepEnd::failed, 0, std::string(dir) + "/libcuda.so.1: file too short"));
    CHECK(unloadable.code == "cannot-open");
    CHECK(unloadable.summary == "The driver of /usr/local/cuda-12.9/compat cannot be loaded: file too short");
    CHECK(ending_with(answered(ProbeStep::jit, 709, "CUDA_ERROR_CONTEXT_IS_DESTROYED")).code == "init-refused");
    CHECK(ending_with(answered(ProbeStep::jit, 2, "CUDA_ERROR_OUT_OF_MEMORY")).code == "gpu-busy");
    CHECK(ending_with(answered(ProbeStep::context, 2, "CUDA_ERROR_OUT_OF_MEMORY")).code == "gpu-busy");
}

TEST_CASE("how it dies is told, and mended by taking it away") {
    const CheckResult crashed = ending_with(ended(ProbeStep::context, StepEnd::crashed, 11));
    CHECK(crashed.code == "crashed");
    CHECK(crashed.summary == "The driver of /usr/local/cuda-12.9/compat crashed with SIGSEGV in the step \"context\"");
    CHECK(crashed.remedy.find("purge") != std::string::npos);
    CHECK(ending_with(ended(ProbeStep::native, StepEnd::timed_out)).code == "timed-out");
    CHECK(ending_with(ended(ProbeStep::init, StepEnd::garbled)).code == "garbled");
    CHECK(ending_with(ended(ProbeStep::init, StepEnd::babbled)).code == "babbled");
    CHECK(ending_with(ended(ProbeStep::init, StepEnd::killed_from_outside, 9)).code == "killed-from-outside");
    CHECK(ending_with(ended(ProbeStep::init, StepEnd::sandbox_refused, 31)).code == "sandbox-refused");
}

TEST_CASE("what keeps this user out is no fault of the compat") {
    Facts facts = measured();
    Facts of_compat;
    of_compat.driver_probe = facts.compat_probes[dir];
    end_probe_at(of_compat, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    facts.compat_probes[dir] = of_compat.driver_probe;
    CHECK(judged(id, facts).code == "init-refused");
    for (DeviceNode& node : facts.device_nodes.value().nodes) node.can_open = Fact<bool>(false, node.path);
    CHECK(judged(id, facts).code == "no-permission");
}

TEST_CASE("kernels that come as PTX count too") {
    const CheckResult wrong = with("floats", make_wrong, ProbeStep::jit);
    CHECK(wrong.code == "wrong-result");
    CHECK(wrong.summary.find("floats, from PTX, computes") != std::string::npos);
    const CheckResult missing_compiler = with(
        "integers", [](WorkItem& item) { make_refused(item, 221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"); },
        ProbeStep::jit);
    CHECK(missing_compiler.code == "kernels-refused");
    CHECK(missing_compiler.summary.find("its compiler for PTX is missing") != std::string::npos);
}

TEST_CASE("a version of PTX that its driver promises and does not take counts too") {
    const CheckResult lost = with(
        "PTX 7.4", [](WorkItem& item) { make_refused(item, 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"); },
        ProbeStep::jit);
    CHECK(lost.code == "ptx-version-refused");
    CHECK(lost.summary.find("starts, and fails at PTX 7.4: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)") !=
          std::string::npos);
    CHECK(lost.remedy.find("purge") != std::string::npos);
    CHECK(with(
              "PTX 8.8", [](WorkItem& item) { item.outcome = WorkOutcome::failed; }, ProbeStep::jit)
              .code == "ptx-version-refused");
    CHECK(with(
              "PTX 7.4", [](WorkItem& item) { make_refused(item, 2, "CUDA_ERROR_OUT_OF_MEMORY"); }, ProbeStep::jit)
              .code == "gpu-busy");
}

TEST_CASE("a busy or broken GPU is not the compat's doing") {
    const CheckResult busy =
        with("floats", [](WorkItem& item) { make_refused(item, 2, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc_v2"); });
    CHECK(busy.code == "gpu-busy");
    CHECK(busy.status == Status::unknown);
    const CheckResult ecc = with(
        "floats", [](WorkItem& item) { make_refused(item, 214, "CUDA_ERROR_ECC_UNCORRECTABLE", "cuCtxSynchronize"); });
    CHECK(ecc.code == "ecc-error");
    CHECK(ecc.remedy.find("purge") == std::string::npos);
}

TEST_CASE("kernels decide") {
    const CheckResult wrong = with("floats", make_wrong);
    CHECK(wrong.code == "wrong-result");
    CHECK(wrong.summary.find("the kernel floats computes 0x12345679 instead of 0x12345678 at index 17") !=
          std::string::npos);
    CHECK(with("floats", [](WorkItem& item) { make_refused(item, 200, "CUDA_ERROR_INVALID_IMAGE"); }).code ==
          "kernels-refused");
    CHECK(with("image for another GPU", [](WorkItem& item) { item.outcome = WorkOutcome::wrong; }).code == "ok");
    Facts none = measured();
    none.compat_probes[dir].value().work.clear();
    CHECK(judged(id, none).code == "not-asked");
}
