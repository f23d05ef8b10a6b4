// The rules of the inspector, one by one: what a driver takes, what it compiles, what it refuses, and with which words.

#include "daemon/inspect/rules.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

const InspectTarget orin{87, CudaVersion{12, 6}, {{12, 8}, {12, 9}}};
const InspectTarget thor{110, CudaVersion{13, 0}, {}};
const InspectTarget xavier{72, CudaVersion{11, 4}, {{11, 8}, {12, 2}}};

CodeRow sass(std::uint32_t sm, std::uint32_t abi = 7) {
    CodeRow row;
    row.kind = CodeKind::sass;
    row.sm = sm;
    row.abi = abi;
    row.count = 1;
    return row;
}

CodeRow ptx(std::uint32_t sm, std::uint32_t isa_major, std::uint32_t isa_minor) {
    CodeRow row;
    row.kind = CodeKind::ptx;
    row.sm = sm;
    row.isa_major = isa_major;
    row.isa_minor = isa_minor;
    row.count = 1;
    return row;
}

RunJudgement judged(const std::vector<CodeRow>& rows, const InspectTarget& target, RuntimeUse runtime = {},
                    bool damaged = false) {
    CodeToJudge code;
    code.rows = &rows;
    code.runtime = std::move(runtime);
    code.damaged = damaged;
    return judge_code(code, target);
}

CodeRow with_suffix(CodeRow row, char suffix) {
    row.suffix = suffix;
    return row;
}

CodeRow packed(CodeRow row, CodeCompression compression) {
    row.compression = compression;
    return row;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("code of exactly this GPU is native, and is preferred to PTX") {
    const RunJudgement judgement = judged({ptx(72, 6, 1), sass(87)}, orin);
    CHECK(judgement.verdict == RunVerdict::native);
    CHECK(judgement.rule == "sass-of-this-gpu");
    CHECK(judgement.certainty == Certainty::promised);
    CHECK(judgement.remedy.empty());
}

TEST_CASE("code of another minor architecture does not run on a Jetson, and reports differ") {
    const RunJudgement judgement = judged({sass(80), sass(86)}, orin);
    CHECK(judgement.verdict == RunVerdict::cannot_run);
    CHECK(judgement.rule == "no-minor-compatibility-on-tegra");
    CHECK(judgement.certainty == Certainty::reported);
    CHECK(contains(judgement.summary, "sm_80 and sm_86"));
    CHECK(contains(judgement.remedy, "-gencode arch=compute_87,code=sm_87"));
    CHECK(contains(judgement.remedy, "CMAKE_CUDA_ARCHITECTURES=87"));
}

TEST_CASE("coverage counts containers by what the driver takes of them") {
    const std::vector<CodeRow> rows{sass(72), sass(87), sass(87, 8), ptx(72, 6, 3), ptx(72, 9, 0)};
    const std::vector<CodeMix> mixes{{{0}, 1}, {{0, 1, 3}, 10}, {{2}, 100}, {{2, 3}, 1000}, {{4}, 10000}};
    CodeToJudge code;
    code.rows = &rows;
    CHECK(coverage_of(code, orin).containers() == 0);
    code.mixes = &mixes;
    const Coverage coverage = coverage_of(code, orin);
    CHECK(coverage.native == 10);
    CHECK(coverage.jit == 1000);
    CHECK(coverage.none == 10101);  // a cubin of CUDA 13 and PTX of its ISA are nothing to this driver
}

TEST_CASE("code of another major architecture does not run, by every document") {
    const RunJudgement judgement = judged({sass(90)}, orin);
    CHECK(judgement.rule == "no-code-for-this-gpu");
    CHECK(judgement.certainty == Certainty::promised);
}

TEST_CASE("PTX is compiled where its target and its ISA are not above the board's") {
    CHECK(judged({ptx(80, 7, 8)}, orin).verdict == RunVerdict::jit);
    CHECK(judged({ptx(87, 8, 5)}, orin).verdict == RunVerdict::jit);
    CHECK(judged({ptx(89, 7, 8)}, orin).verdict == RunVerdict::cannot_run);
    CHECK(judged({ptx(30, 3, 2)}, thor).verdict == RunVerdict::jit);
    CHECK(contains(judged({ptx(72, 6, 1), ptx(80, 7, 8)}, orin).summary, "compute_80"));
}

TEST_CASE("PTX above the driver runs with the compat that takes it, and the lowest is named") {
    const RunJudgement judgement = judged({ptx(87, 8, 7)}, orin);
    CHECK(judgement.verdict == RunVerdict::compat);
    CHECK(judgement.rule == "ptx-newer-than-driver");
    CHECK(contains(judgement.summary, "needs a driver of CUDA 12.8"));
    CHECK(contains(judgement.remedy, "cuda-compat-12-8"));
    CHECK(judged({ptx(87, 9, 0)}, orin).verdict == RunVerdict::cannot_run);
    InspectTarget with_13 = orin;
    with_13.compat_cuda.push_back({13, 2});
    CHECK(contains(judged({ptx(87, 9, 0)}, with_13).remedy, "cuda-compat-orin-13-2"));
    CHECK(contains(judged({ptx(87, 9, 0)}, with_13).remedy, "/usr/local/cuda-13.2/compat_orin"));
}

TEST_CASE("PTX newer than anything known needs more than the newest known driver") {
    CHECK(driver_needed_by(ptx(87, 99, 0)) == CudaVersion{13, 3});
    const InspectTarget future{87, CudaVersion{14, 0}, {}};
    const RunJudgement judgement = judged({ptx(87, 99, 0)}, future);
    CHECK(judgement.verdict == RunVerdict::jit);
    CHECK(judgement.certainty == Certainty::reported);
}

TEST_CASE("a cubin of CUDA 13 needs a driver of CUDA 13") {
    const RunJudgement judgement = judged({sass(87, 8)}, orin);
    CHECK(judgement.verdict == RunVerdict::cannot_run);
    CHECK(judgement.rule == "cubin-newer-than-driver");
    CHECK(judged({sass(110, 8)}, thor).verdict == RunVerdict::native);
    CHECK(judged({sass(87, 8), ptx(80, 7, 8)}, orin).verdict == RunVerdict::jit);
}

TEST_CASE("an image packed with zstd needs a driver of CUDA 12.4") {
    const InspectTarget jetpack_6_0{87, CudaVersion{12, 2}, {{12, 4}}};
    const RunJudgement judgement = judged({packed(sass(87), CodeCompression::zstd)}, jetpack_6_0);
    CHECK(judgement.verdict == RunVerdict::compat);
    CHECK(judgement.rule == "zstd-newer-than-driver");
    CHECK(judged({packed(sass(87), CodeCompression::zstd)}, orin).verdict == RunVerdict::native);
    CHECK(judged({packed(sass(87), CodeCompression::lz4)}, jetpack_6_0).verdict == RunVerdict::native);
}

TEST_CASE("architecture-specific code does not travel, and a family's stays in it") {
    CHECK(judged({with_suffix(ptx(80, 7, 8), 'a')}, orin).verdict == RunVerdict::cannot_run);
    CHECK(judged({with_suffix(ptx(87, 7, 8), 'a')}, orin).verdict == RunVerdict::jit);
    CHECK(judged({with_suffix(sass(110, 8), 'a')}, thor).verdict == RunVerdict::native);
    CHECK(judged({with_suffix(sass(110, 8), 'f')}, thor).verdict == RunVerdict::native);
    CHECK(judged({with_suffix(ptx(100, 9, 0), 'f')}, thor).verdict == RunVerdict::cannot_run);
    CHECK(judged({with_suffix(ptx(101, 8, 8), 'a')}, thor).verdict == RunVerdict::cannot_run);
    CHECK(judged({ptx(100, 8, 8)}, thor).verdict == RunVerdict::jit);
}

TEST_CASE("a newer runtime major needs a compat, whatever the code") {
    const RuntimeUse cuda_12{RuntimeLinkage::shared, CudaVersion{12, -1}, "libcudart.so.12"};
    const RunJudgement judgement = judged({sass(72)}, xavier, cuda_12);
    CHECK(judgement.verdict == RunVerdict::compat);
    CHECK(judgement.rule == "runtime-newer-than-driver");
    CHECK(contains(judgement.summary, "libcudart.so.12"));
    CHECK(contains(judgement.remedy, "cuda-compat-12-2"));
    CHECK(judged({}, xavier, cuda_12).verdict == RunVerdict::compat);
    const RuntimeUse cuda_13{RuntimeLinkage::linked_in, CudaVersion{13, 0}, ""};
    CHECK(judged({sass(72)}, xavier, cuda_13).verdict == RunVerdict::cannot_run);
    CHECK(judged({}, xavier, cuda_13).verdict == RunVerdict::cannot_run);
    const RuntimeUse cuda_11{RuntimeLinkage::shared, CudaVersion{11, -1}, "libcudart.so.11.0"};
    CHECK(judged({sass(72)}, xavier, cuda_11).verdict == RunVerdict::native);
}

TEST_CASE("a file without code is no obstacle, unless it is damaged") {
    CHECK(judged({}, orin).verdict == RunVerdict::no_device_code);
    CHECK(judged({}, orin, {}, true).verdict == RunVerdict::unreadable);
    CHECK(judged({sass(80)}, orin, {}, true).verdict == RunVerdict::unreadable);
    CHECK(judged({sass(87)}, orin, {}, true).verdict == RunVerdict::native);
}

TEST_CASE("leftovers of the device link and link-time code run nothing") {
    CodeRow leftover = sass(87);
    leftover.relocatable = 1;
    CHECK(judged({leftover}, orin).verdict == RunVerdict::no_device_code);
    CodeRow stub = sass(87);
    stub.count = 0;
    stub.stubs = 1;
    CHECK(judged({stub, sass(80)}, orin).verdict == RunVerdict::cannot_run);
    CodeRow lto;
    lto.kind = CodeKind::lto;
    lto.sm = 87;
    lto.count = 1;
    CHECK(judged({lto}, orin).verdict == RunVerdict::no_device_code);

    const std::vector<CodeRow> rows{leftover};
    CodeToJudge object;
    object.rows = &rows;
    object.finished = false;
    CHECK(judge_code(object, orin).verdict == RunVerdict::native);
    CodeToJudge linked_later;
    linked_later.rows = &rows;
    linked_later.linked_at_load = true;
    CHECK(judge_code(linked_later, orin).verdict == RunVerdict::native);
}

TEST_CASE("without a known driver nothing is promised") {
    const InspectTarget unknown_driver{87, std::nullopt, {}};
    CHECK(judged({sass(87, 8)}, unknown_driver).certainty == Certainty::reported);
    CHECK(judged({sass(87, 8)}, unknown_driver).verdict == RunVerdict::native);
}

TEST_CASE("Xavier's flags say which toolkit still builds for it") {
    CHECK(contains(judged({sass(80)}, xavier).remedy, "CUDA 12 or older"));
}
