// The form of an inspection for programs. Whole answers of real files are held to the schema by
// tests/cli/inspect_test.py.

#include "daemon/inspect/inspection_json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace jetcuda;

namespace {

const NamedTarget orin{{87, CudaVersion{12, 6}, {{12, 8}, {12, 9}}}, "Orin"};

nlohmann::json told(Inspection inspection, const NamedTarget& target = orin) {
    JudgedPaths paths;
    paths.files.push_back(judge_inspection(std::move(inspection), target.target));
    return nlohmann::json::parse(to_json(paths, target));
}

Inspection library() {
    InspectedPart part;
    part.code.form = FileForm::elf;
    part.code.machine = "aarch64";
    CodeRow sass, ptx, other;
    sass.kind = CodeKind::sass;
    sass.sm = 87;
    sass.abi = 7;
    sass.count = 12;
    sass.stubs = 1;
    sass.bytes = 4096;
    ptx.kind = CodeKind::ptx;
    ptx.sm = 87;
    ptx.isa_major = 8;
    ptx.isa_minor = 5;
    ptx.count = 12;
    ptx.compression = CodeCompression::zstd;
    other.kind_number = 64;
    other.sm = 87;
    part.code.rows = {sass, ptx, other};
    part.code.problems = {"section .nv_fatbin leaves the file"};
    part.runtime = {RuntimeLinkage::shared, CudaVersion{12, -1}, "libcudart.so.12"};
    Inspection inspection;
    inspection.path = "/opt/lib.so";
    inspection.kind = ProgramKind::elf;
    inspection.parts = {part};
    return inspection;
}

}  // namespace

TEST_CASE("the target is told, and what is not known of it is null") {
    CHECK(told(library())["target"] ==
          nlohmann::json({{"name", "Orin"}, {"sm", 87}, {"driver_cuda", "12.6"}, {"compat_cuda", {"12.8", "12.9"}}}));
    CHECK(told(library(), {{87, std::nullopt, {}}, "Orin"})["target"]["driver_cuda"].is_null());
}

TEST_CASE("rows have the keys of their kind") {
    const nlohmann::json file = told(library())["files"][0];
    REQUIRE(file["images"].size() == 3);
    CHECK(file["images"][0] == nlohmann::json({{"kind", "sass"},
                                               {"arch", "sm_87"},
                                               {"abi", 7},
                                               {"count", 12},
                                               {"relocatable", 0},
                                               {"stubs", 1},
                                               {"bytes", 4096},
                                               {"compression", "none"}}));
    CHECK(file["images"][1]["isa"] == "8.5");
    CHECK(file["images"][1]["compression"] == "zstd");
    CHECK_FALSE(file["images"][1].contains("abi"));
    CHECK(file["images"][2]["kind_number"] == 64);
    CHECK(file["runtime"] == nlohmann::json({{"linkage", "shared"}, {"cuda", "12"}, {"soname", "libcudart.so.12"}}));
    CHECK(file["problems"] == nlohmann::json({"section .nv_fatbin leaves the file"}));
    CHECK(file["libcuda"].is_null());
    CHECK(file["coverage"].is_null());
}

TEST_CASE("members are told, and the machine only where they agree") {
    Inspection wheel = library();
    wheel.kind = ProgramKind::wheel;
    wheel.parts.push_back(wheel.parts.front());
    wheel.parts[0].member = "a.so";
    wheel.parts[1].member = "b.so";
    CHECK(told(wheel)["files"][0]["machine"] == "aarch64");
    CHECK(told(wheel)["files"][0]["members"][1]["path"] == "b.so");
    CHECK(told(wheel)["files"][0]["problems"][1] == "b.so: section .nv_fatbin leaves the file");
    wheel.parts[1].code.machine = "x86_64";
    CHECK(told(wheel)["files"][0]["machine"].is_null());
}

TEST_CASE("bytes of a path that are no text spoil no answer") {
    Inspection odd = library();
    odd.path = "/opt/\xff.so";
    CHECK(told(odd)["files"][0]["path"] == "/opt/\xef\xbf\xbd.so");
}
