#include <doctest/doctest.h>

#include "tests/daemon/checks/compat_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "compat-accepts-this-driver";

CompatFolder sbsa(CudaVersion cuda, const std::string& version) {
    return compat_folder(CompatProduct::sbsa, cuda, version, "cuda-compat-13-3");
}
CompatFolder orin(CudaVersion cuda) { return compat_folder(CompatProduct::orin, cuda, cuda.text() + ".44290101"); }

CompatFolder noted(CompatFolder folder, std::vector<int> drivers) {
    folder.note = Fact<CompatNote>(CompatNote{folder.cuda, std::move(drivers), {}}, "the note");
    return folder;
}

CheckResult result_of(const Facts& facts) { return judged_alone(id, facts); }
std::string code(const Facts& facts) { return result_of(facts).code; }
}  // namespace

TEST_CASE("the table of the line decides") {
    CHECK(code(orin_with(l4t_12_9())) == "ok");
    CHECK(result_of(orin_with(l4t_12_9())).summary ==
          "/usr/local/cuda-12.9/compat brings CUDA 12.9, to which NVIDIA lets R36 be raised");
    const CheckResult outside = result_of(orin_with(compat_folder(CompatProduct::l4t, {12, 7}, "12.7.1")));
    CHECK(outside.code == "outside-window");
    CHECK(outside.status == Status::fail);
    CHECK(outside.severity == Severity::wanted);
    CHECK(outside.remedy.find(
              "use one that R36 takes (the cuda-compat for L4T of CUDA 12.4, 12.9; or cuda-compat-orin of "
              "CUDA 13.2)") != std::string::npos);
    CHECK(code(with_compat(healthy_xavier(), {compat_folder(CompatProduct::l4t, {12, 2}, "12.2.34086590")})) == "ok");
    CHECK(code(with_compat(orin_r39(), {orin({13, 3})})) == "ok");
    CHECK(code(with_compat(healthy_thor(), {sbsa({13, 4}, "600.10")})) == "ok");
}

TEST_CASE("NVIDIA's table has nothing for JetPack 7.0") {
    Facts facts = with_compat(healthy_thor(), {sbsa({13, 3}, "600.10")});
    facts.release.value().line = 38;
    facts.release.value().l4t = L4tRelease{38, 2, 0};
    CHECK(code(facts) == "outside-window");
    CHECK(result_of(facts).remedy.find("use none in its place, since none is known to work on R38") !=
          std::string::npos);
}

TEST_CASE("what people report is said to be that, and what nobody did is unknown") {
    CHECK(code(orin_with(orin({13, 2}))) == "reported");
    CHECK(result_of(orin_with(orin({13, 2}))).status == Status::pass);
    CHECK(code(orin_with(orin({13, 3}))) == "not-established");
    CHECK(result_of(orin_with(orin({13, 3}))).status == Status::unknown);
}

TEST_CASE("a product of another line fails") {
    const CheckResult result = result_of(with_compat(orin_r39(), {l4t_12_9()}));
    CHECK(result.code == "other-line");
    CHECK(result.summary == "/usr/local/cuda-12.9/compat is the L4T product, which R39 does not take");
}

TEST_CASE("newer than the data, and a line that they do not know") {
    CHECK(code(with_compat(orin_r39(), {orin({13, 9})})) == "newer-than-data");
    Facts facts = orin_with(l4t_12_9());
    facts.release.value().line = 44;
    CHECK(code(facts) == "no-record");
    CHECK(result_of(facts).status == Status::unknown);
    CHECK(result_of(facts).remedy.find("sudo jetcuda-check run --driver /usr/local/cuda-12.9/compat/libcuda.so.1") !=
          std::string::npos);
}

TEST_CASE("the note's branches count where both drivers have a number") {
    CHECK(code(with_compat(healthy_thor(), {noted(sbsa({13, 3}, "600.10"), {580, 595})})) == "ok");
    const CheckResult refused =
        result_of(with_compat(healthy_thor(), {noted(sbsa({13, 3}, "600.10"), {535, 550, 580})}));
    CHECK(refused.code == "note-refuses");
    CHECK(refused.status == Status::fail);
    CHECK(
        refused.summary ==
        "/usr/local/cuda-13.3/compat accepts drivers of the branches 535, 550, 580 only, by its own note; this one is "
        "595.78");
    // The table has CUDA 13.3 for R39: to name it as the remedy would send the reader in a circle.
    CHECK(refused.remedy.find("use a build of it, or of another CUDA version, that is made for drivers of the branch "
                              "595") != std::string::npos);
    CHECK(code(with_compat(healthy_thor(), {noted(sbsa({13, 3}, "595.58.03"), {595})})) == "number-not-higher");
    CHECK(code(with_compat(healthy_thor(), {noted(sbsa({13, 3}, "595.78"), {595})})) == "number-not-higher");
    CHECK(code(with_compat(healthy_thor(), {noted(sbsa({13, 3}, "595.78.01"), {595})})) == "ok");
}

TEST_CASE("without both numbers the note's branches say nothing") {
    CHECK(code(orin_with(noted(l4t_12_9(), {535, 550}))) == "ok");  // no number of its own, as on Orin
    Facts facts = with_compat(healthy_thor(), {noted(sbsa({13, 3}, "600.10"), {535})});
    facts.libcuda_release = missing(Lack::not_there);
    CHECK(code(facts) == "ok");
    facts.libcuda_release = Fact<DriverRelease>(DriverRelease{L4tRelease{39, 2, 0}, "TempVersion"}, "x");
    CHECK(code(facts) == "ok");
    CHECK(code(with_compat(healthy_thor(), {noted(sbsa({13, 3}, "600.10"), {})})) == "ok");
}

TEST_CASE("one that was seen running is right, whatever table and note say") {
    CompatFolder folder = compat_folder(CompatProduct::l4t, {12, 7}, "12.7.1");
    Facts facts = orin_with(folder);
    facts.driver_probe.value().library = folder.library.path;
    CHECK(code(facts) == "runs");
    end_probe_at(facts, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    CHECK(code(facts) == "outside-window");
    end_probe_at(facts, answered(ProbeStep::init, 801, "CUDA_ERROR_NOT_SUPPORTED"));
    CHECK(code(facts) == "refused-by-driver");
}

TEST_CASE("the driver's own version needs no leave") {
    CHECK(code(orin_with(compat_folder(CompatProduct::l4t, {12, 6}, "12.6.36890662"))) == "same-as-driver");
    CHECK(result_of(orin_with(compat_folder(CompatProduct::l4t, {12, 6}, "x"))).status == Status::not_applicable);
}

TEST_CASE("idle, absent and unknown ones") {
    CompatFolder idle = l4t_12_9();
    idle.enabled_by.clear();
    CHECK(code(orin_with(idle)) == "not-enabled");
    CHECK(code(with_compat(healthy_orin(), {})) == "no-compat");
    CompatFolder nameless = l4t_12_9();
    nameless.cuda.reset();
    CHECK(code(orin_with(nameless)) == "cuda-not-recorded");
    Facts facts = orin_with(l4t_12_9());
    facts.release = missing(Lack::not_there);
    CHECK(code(facts) == "not-there");
}

TEST_CASE("older or of another board, it is told by those checks alone") {
    const Facts wrong = orin_with(sbsa({13, 3}, "600.10"));
    CHECK(judged(id, wrong).blocked_by == "compat-is-for-this-board");
    const Facts older = orin_with(compat_folder(CompatProduct::l4t, {12, 2}, "12.2.34086590"));
    CHECK(judged(id, older).blocked_by == "compat-is-newer-than-driver");
}

TEST_CASE("what was measured of a compat beats the table") {
    const CompatFolder outside = compat_folder(CompatProduct::l4t, {12, 7}, "12.7.1");
    Facts facts = orin_with(outside);
    CHECK(code(facts) == "outside-window");
    facts.compat_probes[outside.directory] =
        Fact<ProbeAnswer>(healthy_probe(outside.library.path, 12070, soc_record("T234")), "jetcuda-probe");
    CHECK(code(facts) == "runs");
    make_wrong(facts.compat_probes[outside.directory].value().work.front());
    CHECK(code(facts) == "outside-window");

    Facts refused = orin_with(l4t_12_9());
    CHECK(code(refused) == "ok");
    Facts of_compat;
    of_compat.driver_probe =
        Fact<ProbeAnswer>(healthy_probe(l4t_12_9().library.path, 12090, soc_record("T234")), "jetcuda-probe");
    end_probe_at(of_compat, answered(ProbeStep::init, 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"));
    refused.compat_probes[l4t_12_9().directory] = of_compat.driver_probe;
    CHECK(code(refused) == "refused-by-driver");
    CHECK(result_of(refused).summary.find("(803)") != std::string::npos);
    end_probe_at(of_compat, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    refused.compat_probes[l4t_12_9().directory] = of_compat.driver_probe;
    CHECK(code(refused) == "ok");
}
