// A driver's rung, from what its probe told: what was right is counted, and the first thing that went wrong is named.

#include "daemon/report/rung.hpp"

#include <doctest/doctest.h>

#include "tests/daemon/checks/compat_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

RungSummary rung_with(const StepAnswer& last) {
    Facts facts = healthy_orin();
    end_probe_at(facts, last);
    return rung_of(*facts.driver_probe);
}

}  // namespace

TEST_CASE("a sound driver's rung counts kernels of both kinds, and names the newest PTX") {
    const RungSummary rung = rung_of(*healthy_orin().driver_probe);
    CHECK(rung.cuda == "12.6");
    CHECK(rung.ptx == "8.5");
    CHECK(rung.kernels_tried == 7);
    CHECK(rung.kernels_right == 7);
    CHECK(rung.failed_step.empty());
    CHECK(text_of(rung) == "CUDA 12.6, PTX up to 8.5, 7 of 7 kernels right");
}

TEST_CASE("a wrong kernel is counted, and one that was left out is not") {
    Facts facts = healthy_orin();
    make_wrong(work_item(facts, ProbeStep::native, "floats"));
    work_item(facts, ProbeStep::native, "managed memory").outcome = WorkOutcome::not_tried;
    const RungSummary rung = rung_of(*facts.driver_probe);
    CHECK(rung.kernels_tried == 6);
    CHECK(rung.kernels_right == 5);
}

TEST_CASE("a refusal is told with its number, name and meaning") {
    const RungSummary rung = rung_with(answered(ProbeStep::init, 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"));
    CHECK(rung.failed_step == "init");
    CHECK(rung.result == 803);
    CHECK(rung.error == "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH");
    CHECK(rung.kernels_tried == 0);
    CHECK(text_of(rung) ==
          "CUDA 12.6, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803) in \"init\": it does not fit the kernel's side of the "
          "driver");
    CHECK_FALSE(rung_with(answered(ProbeStep::init, -7, "")).result);
}

TEST_CASE("a death is told with what was being tried, and nothing that changes from run to run") {
    Facts facts = healthy_orin();
    end_probe_at(facts, ended(ProbeStep::native, StepEnd::crashed, 11));
    work_item(facts, ProbeStep::native, "floats").outcome = WorkOutcome::unfinished;
    const RungSummary crashed = rung_of(*facts.driver_probe);
    CHECK(crashed.failed_step == "native, floats");
    CHECK(crashed.error == "crashed");
    CHECK(crashed.meaning == "SIGSEGV");
    CHECK_FALSE(crashed.result);
    CHECK(rung_with(ended(ProbeStep::native, StepEnd::unkillable, 0, "process 4711 is stuck")).meaning.empty());
    CHECK(rung_with(ended(ProbeStep::open, StepEnd::failed, 0, "file too short")).meaning == "file too short");
    ProbeAnswer not_started;
    not_started.not_started = "jetcuda-probe does not exist";
    CHECK(rung_of(not_started).meaning == "jetcuda-probe does not exist");
    CHECK(text_of(RungSummary{}) == "nothing was told");
}

TEST_CASE("a report has the rung of each driver that was tried, and says why one was not") {
    Facts facts = with_compat(healthy_orin(), {l4t_12_9(), compat_folder(CompatProduct::sbsa, {13, 0}, "580.65.06")});
    const std::string tried = l4t_12_9().directory;
    facts.compat_probes[tried] =
        Fact<ProbeAnswer>(healthy_probe(l4t_12_9().library.path, 12090, soc_record("T234")), "jetcuda-probe");
    facts.compat_probes["/usr/local/cuda-13.0/compat"] =
        Missing{Lack::not_asked, "it is the product for other boards", ""};
    const Report report = make_report(facts, {}, {});
    REQUIRE(report.stack.driver_measured.has_value());
    REQUIRE(report.stack.compat.size() == 2);
    REQUIRE(report.stack.compat[0].measured.has_value());
    CHECK(report.stack.compat[0].measured->ptx == "8.8");
    CHECK_FALSE(report.stack.compat[1].measured.has_value());
    CHECK(report.stack.compat[1].not_measured == "it is the product for other boards");
}
