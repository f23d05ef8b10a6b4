#include <doctest/doctest.h>

#include "tests/daemon/checks/compat_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "compat-is-newer-than-driver";

CompatFolder l4t(CudaVersion cuda) { return compat_folder(CompatProduct::l4t, cuda, cuda.text() + ".36890662"); }

CheckResult result_of(const Facts& facts) { return judged(id, facts); }
}  // namespace

TEST_CASE("an enabled compat is compared with the driver's own CUDA") {
    CHECK(result_of(orin_with(l4t_12_9())).summary ==
          "/usr/local/cuda-12.9/compat, which is used by every program, brings CUDA 12.9; the driver has 12.6");
    CHECK(result_of(orin_with(l4t_12_9())).code == "ok");
    const CheckResult same = result_of(orin_with(l4t({12, 6})));
    CHECK(same.code == "same-as-driver");
    CHECK(same.status == Status::fail);
    CHECK(same.severity == Severity::wanted);
    CHECK(same.remedy.find("sudo mv /usr/local/cuda-12.6/compat") != std::string::npos);
    const CheckResult older = result_of(orin_with(l4t({12, 2})));
    CHECK(older.code == "older-than-driver");
    CHECK(older.status == Status::fail);
    CHECK(older.summary.find("brings CUDA 12.2, but the driver has 12.6") != std::string::npos);
}

TEST_CASE("what was measured goes before the data, and the data serve where nothing was") {
    Facts facts = orin_with(l4t_12_9());
    facts.driver_probe.value().driver_version = 13000;
    CHECK(result_of(facts).code == "older-than-driver");
    facts.driver_probe = missing(Lack::not_asked);
    CHECK(result_of(facts).code == "ok");
    facts.reference = missing(Lack::not_there);
    CHECK(result_of(facts).code == "not-there");
    CHECK(result_of(facts).status == Status::unknown);
}

TEST_CASE("what the compat itself answered is not the driver's version") {
    Facts facts = orin_with(l4t_12_9());
    facts.driver_probe.value().library = facts.compat->folders.front().library.real_path;
    facts.driver_probe.value().driver_version = 12090;
    CHECK(result_of(facts).code == "ok");
}

TEST_CASE("nobody asked for what nixpkgs links in by itself") {
    CompatFolder folder = l4t({12, 6});
    folder.enabled_by = {{"CUDA programs of nixpkgs", "RUNPATH", false, true}};
    CHECK(result_of(orin_with(folder)).code == "same-by-nixpkgs");
    CHECK(result_of(orin_with(folder)).status == Status::not_applicable);
    folder.enabled_by.push_back({"ollama.service", "LD_LIBRARY_PATH"});
    CHECK(result_of(orin_with(folder)).code == "same-as-driver");
    folder = l4t({12, 2});
    folder.enabled_by = {{"CUDA programs of nixpkgs", "RUNPATH", false, true}};
    CHECK(result_of(orin_with(folder)).code == "older-than-driver");
}

TEST_CASE("idle, absent and unknown ones") {
    CompatFolder idle = l4t({12, 6});
    idle.enabled_by.clear();
    CHECK(result_of(orin_with(idle)).code == "not-enabled");
    CHECK(result_of(with_compat(healthy_orin(), {})).code == "no-compat");
    CompatFolder nameless = l4t_12_9();
    nameless.cuda.reset();
    CHECK(result_of(orin_with(nameless)).code == "cuda-not-recorded");
    CHECK(result_of(orin_with(nameless)).status == Status::unknown);
    Facts facts = healthy_orin();
    facts.compat = missing(Lack::not_readable);
    CHECK(judged_alone(id, facts).code == "not-readable");
}

TEST_CASE("of the wrong product, newer or not is no question") {
    const Facts facts = orin_with(compat_folder(CompatProduct::sbsa, {13, 0}, "580.65.06"));
    CHECK(result_of(facts).code == "blocked");
    CHECK(result_of(facts).blocked_by == "compat-is-for-this-board");
}

TEST_CASE("in a container the image is what has to change") {
    Facts facts = orin_with(compat_folder(CompatProduct::l4t, {12, 2}, "12.2.34086590", "cuda-compat-12-2"));
    facts.scope.in_container = true;
    const std::string remedy = judged(id, facts).remedy;
    CHECK(remedy ==
          "Take it away from the image of this container, and programs get the driver's own again: "
          "rm -r /usr/local/cuda-12.2/compat && ldconfig");
}
