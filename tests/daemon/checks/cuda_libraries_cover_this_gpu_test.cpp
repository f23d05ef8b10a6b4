#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view id = "cuda-libraries-cover-this-gpu";
constexpr std::size_t cublas = 1, cublas_lt = 2;

CheckResult with(std::size_t place, const std::vector<CodeRow>& rows, Facts facts = healthy_orin()) {
    InspectedFile& file = facts.cuda_library_files.value().at(place).file;
    file = file_with(file.path, rows);
    return judged(id, facts);
}

// A cuda_compat of CUDA 13.2 for Orin; `who` gets it.
Facts with_compat(const std::string& who, bool every_program) {
    Facts facts = healthy_orin();
    CompatFolder folder;
    folder.directory = "/usr/local/cuda-13.2/compat_orin";
    folder.product = CompatProduct::orin;
    folder.cuda = CudaVersion{13, 2};
    folder.enabled_by = {{who, "/etc/somewhere", every_program, false}};
    facts.compat.value().folders = {folder};
    return facts;
}

CodeRow sass_of_cuda_13() {
    CodeRow row = sass_row(87);
    row.abi = 8;
    return row;
}

}  // namespace

TEST_CASE("libraries with code for this GPU pass, on every board") {
    for (const Facts& facts : {healthy_xavier(), healthy_orin(), healthy_thor()}) {
        const CheckResult result = judged(id, facts);
        CAPTURE(result.summary);
        CHECK(result.code == "ok");
        CHECK(result.evidence.size() == 2);
    }
    CHECK(judged(id, healthy_orin()).summary ==
          "The CUDA libraries carry code for this GPU, sm_87 (2 files with GPU code)");
}

TEST_CASE("a library that programs name and that runs on other GPUs only fails") {
    const CheckResult result = with(cublas, {sass_row(80), sass_row(90)});
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.code == "no-code-for-this-gpu");
    CHECK(result.summary.find(
              "/usr/local/cuda/lib64/libcublas.so.1 does not run on this GPU: it carries code for sm_80") == 0);
    CHECK(result.remedy.find("--reinstall libcublas-1-2 ") != std::string::npos);
}

TEST_CASE("a file beside it counts where the named one carries nothing") {
    CHECK(with(cublas_lt, {sass_row(80)}).code == "partly-covered");
    Facts facts = healthy_orin();
    facts.cuda_library_files.value()[cublas].file = file_with("/usr/local/cuda/lib64/libcublas.so.1", {});
    CHECK(judged(id, facts).code == "ok");
    CHECK(with(cublas_lt, {sass_row(80)}, facts).code == "no-code-for-this-gpu");
    CHECK(with(cublas_lt, {ptx_row(80, 8, 0)}, facts).code == "compiled-at-start");
}

TEST_CASE("a file that is for one GPU by its name says nothing of another") {
    Facts facts = healthy_orin();
    facts.cuda_library_files.value()[cublas].file = file_with("/usr/local/cuda/lib64/libcublas.so.1", {});
    InspectedFile& file = facts.cuda_library_files.value()[cublas_lt].file;
    file = file_with("/usr/lib/libnvinfer_builder_resource_sm86.so.10", {sass_row(86)});
    CHECK(judged(id, facts).code == "no-device-code");
    file = file_with("/usr/lib/libnvinfer_builder_resource_sm87.so.10", {sass_row(86)});
    CHECK(judged(id, facts).code == "no-code-for-this-gpu");
    file = file_with("/usr/lib/libnvinfer_builder_resource_small.so.10", {sass_row(86)});
    CHECK(judged(id, facts).code == "no-code-for-this-gpu");
}

TEST_CASE("of a library of many GPUs it is told how much of it is covered") {
    const CheckResult result = with(cublas, {sass_row(80, 3), sass_row(87, 1)});
    CHECK(result.code == "partly-covered");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("libcublas.so.1 does so in 1 of its 4 containers") != std::string::npos);
}

TEST_CASE("PTX passes where the driver compiles it, and needs a cuda_compat where it is newer") {
    CHECK(with(cublas, {ptx_row(87, 8, 5)}).code == "compiled-at-start");
    const CheckResult newer = with(cublas, {ptx_row(87, 8, 8)});
    CHECK(newer.code == "needs-compat");
    CHECK(newer.status == Status::fail);
    CHECK(newer.remedy.find("cuda-compat") != std::string::npos);
}

TEST_CASE("code that needs a newer driver passes with the cuda_compat that every program gets") {
    CHECK(with(cublas, {sass_of_cuda_13()}).code == "needs-compat");
    CHECK(with(cublas, {sass_of_cuda_13()}, with_compat("every program", true)).code == "ok");
    const CheckResult some = with(cublas, {sass_of_cuda_13()}, with_compat("ollama.service", false));
    CHECK(some.code == "compat-for-some");
    CHECK(some.status == Status::unknown);
    CHECK(some.summary.find("that only ollama.service gets") != std::string::npos);
}

TEST_CASE("where the driver's version is not known, only what every driver runs passes") {
    Facts facts = healthy_orin();
    facts.driver_probe = missing(Lack::not_asked);
    facts.reference = missing(Lack::not_there);
    CHECK(judged_alone(id, facts).code == "ok");
    const auto alone_with = [&facts](const std::vector<CodeRow>& rows) {
        facts.cuda_library_files.value()[cublas].file = file_with("/usr/local/cuda/lib64/libcublas.so.1", rows);
        return judged_alone(id, facts);
    };
    CHECK(alone_with({ptx_row(87, 7, 0)}).code == "driver-not-known");
    CHECK(alone_with({sass_of_cuda_13()}).code == "driver-not-known");
    CHECK(alone_with({sass_row(80)}).code == "no-code-for-this-gpu");
    // No driver of a line is older than those that are known of it.
    facts.line.value().least_driver_cuda = CudaVersion{12, 2};
    CHECK(alone_with({ptx_row(87, 7, 0)}).code == "compiled-at-start");
    CHECK(alone_with({ptx_row(87, 8, 5)}).code == "driver-not-known");
    CHECK(alone_with({sass_of_cuda_13()}).code == "driver-not-known");
}

TEST_CASE("a damaged file, and one that was not looked into, leave the answer open") {
    Facts facts = healthy_orin();
    InspectedFile& file = facts.cuda_library_files.value()[cublas_lt].file;
    file = file_with(file.path, {});
    file.content.value().parts[0].code.problems = {"It ends within section .nv_fatbin"};
    CHECK(judged(id, facts).code == "damaged");
    CHECK(judged(id, facts).summary.find("is damaged: it ends within") != std::string::npos);
    file.content = missing(Lack::not_asked, "the time");
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "not-looked-into");
    CHECK(result.status == Status::unknown);
    CHECK(std::any_of(result.evidence.begin(), result.evidence.end(),
                      [](const Evidence& evidence) { return evidence.volatile_value; }));
    // What fails already fails whatever stands in the rest.
    InspectedFile& named = facts.cuda_library_files.value()[cublas].file;
    named = file_with(named.path, {sass_row(80)});
    CHECK(judged(id, facts).code == "no-code-for-this-gpu");
}

TEST_CASE("without libraries, without code and without facts nothing passes") {
    Facts facts = healthy_orin();
    facts.cuda_library_files.value().resize(1);
    CHECK(judged(id, facts).code == "no-device-code");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.cuda_library_files.value().clear();
    CHECK(judged(id, facts).code == "no-libraries");
    facts.cuda_library_files = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    facts = healthy_orin();
    facts.board = missing(Lack::not_readable);
    CHECK(judged_alone(id, facts).status == Status::unknown);
}
