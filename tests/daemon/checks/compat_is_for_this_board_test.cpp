#include <doctest/doctest.h>

#include "tests/daemon/checks/compat_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "compat-is-for-this-board";

const CompatFolder sbsa_13_0 = compat_folder(CompatProduct::sbsa, {13, 0}, "580.65.06", "cuda-compat-13-0");
const CompatFolder orin_13_2 = compat_folder(CompatProduct::orin, {13, 2}, "13.2.44290101", "cuda-compat-orin-13-2");

std::string code(const Facts& facts) { return judged(id, facts).code; }
}  // namespace

TEST_CASE("each SoC takes its own products") {
    CHECK(code(orin_with(l4t_12_9())) == "ok");
    CHECK(judged(id, orin_with(l4t_12_9())).summary ==
          "/usr/local/cuda-12.9/compat, which is used by every program, is the L4T product, for the GPU driver of "
          "Xavier and Orin before CUDA 13");
    CHECK(code(orin_with(orin_13_2)) == "ok");
    CHECK(code(with_compat(healthy_thor(), {sbsa_13_0})) == "ok");
    CHECK(code(with_compat(healthy_xavier(), {compat_folder(CompatProduct::l4t, {12, 2}, "12.2.34086590")})) == "ok");
    CHECK(code(with_compat(orin_r39(), {orin_13_2})) == "ok");
}

TEST_CASE("an enabled one for another kind of board fails") {
    const CheckResult sbsa = judged(id, orin_with(sbsa_13_0));
    CHECK(sbsa.status == Status::fail);
    CHECK(sbsa.severity == Severity::required);
    CHECK(sbsa.code == "sbsa-product");
    CHECK(sbsa.summary ==
          "/usr/local/cuda-13.0/compat, which is used by every program (/etc/ld.so.conf.d/00-compat.conf, line 1), is "
          "the SBSA product, for servers and Thor; this is Orin (T234)");
    CHECK(sbsa.remedy.find("sudo apt-get purge cuda-compat-13-0 && sudo ldconfig") != std::string::npos);
    CHECK(sbsa.remedy.find("cuda-compat-orin") != std::string::npos);
    CHECK(code(with_compat(healthy_xavier(), {sbsa_13_0})) == "sbsa-product");
    CHECK(code(with_compat(orin_r39(), {sbsa_13_0})) == "sbsa-product");
    CHECK(code(with_compat(healthy_thor(), {l4t_12_9()})) == "l4t-product");
    CHECK(code(with_compat(healthy_thor(), {orin_13_2})) == "orin-product");
    CHECK(code(with_compat(healthy_xavier(), {orin_13_2})) == "orin-product");
}

TEST_CASE("the remedy names the products that the line takes, not those of all lines") {
    const std::string on_r36 = judged(id, orin_with(sbsa_13_0)).remedy;
    CHECK(on_r36.find("the L4T product cuda-compat or the Orin product cuda-compat-orin") != std::string::npos);
    const std::string on_r39 = judged(id, with_compat(orin_r39(), {sbsa_13_0})).remedy;
    CHECK(on_r39.find("(the Orin product cuda-compat-orin)") != std::string::npos);
}

TEST_CASE("the toolkit's stub in the place of a compat fails") {
    CompatFolder folder = l4t_12_9();
    folder.library.stub = true;
    const CheckResult result = judged(id, orin_with(folder));
    CHECK(result.code == "stub");
    CHECK(result.status == Status::fail);
    CHECK(
        result.summary ==
        "/usr/local/cuda-12.9/compat/libcuda.so.1, which is used by every program "
        "(/etc/ld.so.conf.d/00-compat.conf, line 1), is the toolkit's stub, made to link programs against; it answers "
        "every call with error 34");
    // It is the product for this board: what belongs there is put back.
    CHECK(result.remedy ==
          "Put back what belongs there, or take the folder away from this board: "
          "sudo apt-get install --reinstall cuda-compat-12-9 && sudo ldconfig");
}

TEST_CASE("one without a package is moved aside") {
    CompatFolder folder = sbsa_13_0;
    folder.package.clear();
    CHECK(judged(id, orin_with(folder))
              .remedy.find("sudo mv /usr/local/cuda-13.0/compat /usr/local/cuda-13.0/compat.unused && sudo ldconfig") !=
          std::string::npos);
    Facts nixos = orin_with(folder);
    nixos.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, nixos).remedy.find(": sudo nixos-rebuild boot && sudo reboot") != std::string::npos);
}

TEST_CASE("an idle one is no fault, of whatever product") {
    CompatFolder idle = sbsa_13_0;
    idle.enabled_by.clear();
    CHECK(code(orin_with(idle)) == "not-enabled");
    CHECK(judged(id, orin_with(idle)).status == Status::not_applicable);
    CHECK(judged(id, orin_with(idle)).summary ==
          "/usr/local/cuda-13.0/compat is installed and idle: nothing makes programs use it");
    CHECK(code(with_compat(healthy_orin(), {idle, l4t_12_9()})) == "ok");
    CHECK(code(with_compat(healthy_orin(), {})) == "no-compat");
}

TEST_CASE("of several the wrong one is told") {
    CHECK(code(with_compat(healthy_orin(), {l4t_12_9(), sbsa_13_0})) == "sbsa-product");
    CHECK(code(with_compat(healthy_orin(), {sbsa_13_0, l4t_12_9()})) == "sbsa-product");
}

TEST_CASE("an enabled file that is no library fails") {
    CompatFolder folder = l4t_12_9();
    folder.library.elf = false;
    folder.library.flaw = "empty";
    const CheckResult result = judged(id, orin_with(folder));
    CHECK(result.code == "not-a-library");
    CHECK(result.status == Status::fail);
    CHECK(result.summary.find("cannot be a library: empty") != std::string::npos);
    folder.note = missing(Lack::not_readable);
    CHECK(code(orin_with(folder)) == "not-readable");
    CHECK(judged(id, orin_with(folder)).status == Status::unknown);
}

TEST_CASE("what is not recorded or not known is unknown") {
    CompatFolder folder = compat_folder(CompatProduct::not_recorded, {13, 2}, "");
    const CheckResult result = judged(id, orin_with(folder));
    CHECK(result.code == "product-not-recorded");
    CHECK(result.status == Status::unknown);
    CHECK_FALSE(result.remedy.empty());
    Facts facts = orin_with(l4t_12_9());
    facts.compat.value().records.clear();
    CHECK(code(facts) == "no-record");
    CHECK(judged(id, facts).status == Status::unknown);
    facts = orin_with(l4t_12_9());
    facts.board.value().soc.reset();
    CHECK(judged_alone(id, facts).code == "not-there");
    facts.board = missing(Lack::not_readable);
    CHECK(judged_alone(id, facts).code == "not-readable");
    facts = healthy_orin();
    facts.compat = missing(Lack::not_readable);
    CHECK(code(facts) == "not-readable");
}

TEST_CASE("what only nixpkgs is supposed to have linked holds back no boot") {
    CompatFolder folder = compat_folder(CompatProduct::sbsa, {13, 2}, "595.58.03");
    CHECK(code(orin_with(folder)) == "sbsa-product");
    folder.enabled_by = {{"CUDA programs of nixpkgs", "/run/current-system", false, true}};
    CHECK(code(orin_with(folder)) == "only-in-closure");
    CHECK(judged(id, orin_with(folder)).status == Status::not_applicable);
}

TEST_CASE("the evidence says which file, who uses it, and what its note says") {
    CompatFolder folder = l4t_12_9();
    folder.note = missing(Lack::not_understood, "the note");
    CheckResult result = judged(id, orin_with(folder));
    REQUIRE(result.evidence.size() == 3);
    CHECK(result.evidence[0].value == "12.9.40580548 of cuda-compat-12-9");
    CHECK(result.evidence[1].source == "/etc/ld.so.conf.d/00-compat.conf, line 1");
    CHECK(result.evidence[2].value == "the note is not-understood");
    folder.note = Fact<CompatNote>(CompatNote{CudaVersion{12, 9}, {535}, {}}, "note");
    result = judged(id, orin_with(folder));
    CHECK(result.evidence[2].value == "CUDA 12.9");
}
