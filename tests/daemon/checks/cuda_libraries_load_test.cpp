#include <doctest/doctest.h>

#include "tests/daemon/checks/work_cases.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "cuda-libraries-load";
constexpr const char* cublas = "/usr/local/cuda/lib64/libcublas.so";

CheckResult with_version(const std::string& told, const std::string& claimed) {
    Facts facts = healthy_orin();
    work_item(facts, ProbeStep::libraries, cublas).detail = told;
    facts.cuda_libraries.value().libraries.front().claimed = claimed;
    return judged(id, facts);
}
}  // namespace

TEST_CASE("libraries that load as their packages claim pass") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.summary == "The CUDA libraries load, and are of the versions that their packages claim (1)");
    CHECK(result.severity == Severity::wanted);
    REQUIRE(result.evidence.size() == 1);
    CHECK(result.evidence[0].value == "1.2.3");
}

TEST_CASE("versions agree in the numbers that both have") {
    CHECK(with_version("12.6.1", "12.6.1.4").code == "ok");
    CHECK(with_version("12.6", "12.6.68").code == "ok");
    CHECK(with_version("12.6.1.4", "12.6.1").code == "ok");
    CHECK(with_version("", "12.6.1").code == "ok");
    CHECK(with_version("12.6.1", "").code == "ok");
    const CheckResult differs = with_version("12.6.1", "12.6.2.9");
    CHECK(differs.code == "version-differs");
    CHECK(differs.status == Status::fail);
    CHECK(differs.summary ==
          "/usr/local/cuda/lib64/libcublas.so says that it is 12.6.1, but its package, libcublas-1-2, is 12.6.2.9");
    CHECK(with_version("12.6.10", "12.6.1").code == "version-differs");
}

TEST_CASE("one that does not load is told in the loader's words") {
    Facts facts = healthy_orin();
    WorkItem& item = work_item(facts, ProbeStep::libraries, cublas);
    item.outcome = WorkOutcome::failed;
    item.text = std::string(cublas) + ": file too short";
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "cannot-load");
    CHECK(result.summary == "/usr/local/cuda/lib64/libcublas.so cannot be loaded: file too short");
    CHECK(result.remedy.find("--reinstall libcublas-1-2 ") != std::string::npos);
    facts.cuda_libraries.value().libraries.front().package.clear();
    CHECK(judged(id, facts).remedy.find("$(dpkg -S /usr/local/cuda/lib64/libcublas.so.1.2.3.4 | cut -d: -f1)") !=
          std::string::npos);
}

TEST_CASE("without libraries there is nothing to judge") {
    Facts facts = healthy_orin();
    facts.cuda_libraries.value().libraries.clear();
    CHECK(judged(id, facts).code == "no-libraries");
    facts.cuda_libraries = missing(Lack::not_readable);
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("one that brings the probe down is named, and not the driver") {
    Facts facts = healthy_orin();
    end_probe_at(facts, ended(ProbeStep::libraries, StepEnd::crashed, 11));
    work_item(facts, ProbeStep::libraries, cublas).outcome = WorkOutcome::unfinished;
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "crashed");
    CHECK(result.summary ==
          "/usr/local/cuda/lib64/libcublas.so crashed with SIGSEGV while it was loaded and asked for its version");
    CHECK(result.remedy.find("libcublas-1-2") != std::string::npos);
}

TEST_CASE("a library that was not opened leaves the answer open") {
    Facts facts = healthy_orin();
    CudaLibrary another = facts.cuda_libraries.value().libraries.front();
    another.path = another.opened = "/usr/local/cuda/lib64/libcufft.so";
    facts.cuda_libraries.value().libraries.push_back(another);
    CHECK(judged(id, facts).code == "not-asked");
    CHECK(judged(id, facts).summary.find("opened 1 of 2 libraries") != std::string::npos);
}

TEST_CASE("an answer about other libraries is no pass") {
    Facts facts = healthy_orin();
    work_item(facts, ProbeStep::libraries, cublas).name = "/somewhere/else.so";
    CHECK(judged(id, facts).code == "not-asked");
}

TEST_CASE("ends of the step are told alike") { check_common_ends(id, ProbeStep::libraries); }
