// What is stored of an inspection, and what is not believed of a text.

#include "probes/programs/stored_inspections.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

Inspection with_everything() {
    Inspection inspection;
    inspection.path = "/opt/app/bin/detect";
    inspection.kind = ProgramKind::elf;
    inspection.members = 3;
    inspection.python_tags = {"cp311-cp311-manylinux_2_28_aarch64"};
    InspectedPart part;
    part.member = "lib/a.so";
    part.code.form = FileForm::elf;
    part.code.machine = "aarch64";
    part.code.bits = 64;
    part.code.executable = true;
    part.code.interpreter = "/lib/ld-linux-aarch64.so.1";
    part.code.soname = "a.so";
    part.code.needed = {"libcudart.so.12", "libc.so.6"};
    part.code.runpath = "$ORIGIN/../lib";
    part.code.no_default_folders = true;
    CodeRow sass;
    sass.kind = CodeKind::sass;
    sass.sm = 110;
    sass.suffix = 'a';
    sass.abi = 8;
    sass.compression = CodeCompression::zstd;
    sass.count = 12;
    sass.relocatable = 1;
    sass.stubs = 2;
    sass.bytes = std::uint64_t{5} << 32;
    CodeRow ptx;
    ptx.kind = CodeKind::ptx;
    ptx.sm = 87;
    ptx.isa_major = 8;
    ptx.isa_minor = 5;
    ptx.count = 1;
    part.code.rows = {sass, ptx};
    part.code.containers = 4;
    part.code.empty_containers = 1;
    part.code.mixes = {{{0, 1}, 2}, {{1}, 1}};
    part.code.linked_at_load = true;
    part.code.remarks = {"a remark"};
    part.runtime = {RuntimeLinkage::shared, CudaVersion{12, -1}, "libcudart.so.12"};
    inspection.parts = {part};
    return inspection;
}

std::string spoilt(const std::string& what, const std::string& with) {
    std::string text = to_text({{"key", with_everything()}}, "1.0");
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("everything that is written is read again") {
    const StoredInspections read = from_text(to_text({{"key", with_everything()}}, "1.0"), "1.0");
    REQUIRE(read.size() == 1);
    const Inspection& inspection = read.at("key");
    const InspectedPart& part = inspection.parts.at(0);
    CHECK(inspection.kind == ProgramKind::elf);
    CHECK(inspection.members == 3);
    CHECK(part.code.rows.at(0).arch() == "sm_110a");
    CHECK(part.code.rows.at(0).bytes == std::uint64_t{5} << 32);
    CHECK(part.code.rows.at(1).isa() == "8.5");
    CHECK(part.code.mixes.at(0).rows == std::vector<std::uint16_t>{0, 1});
    CHECK(part.code.runpath == "$ORIGIN/../lib");
    CHECK_FALSE(part.code.rpath.has_value());
    CHECK(part.runtime.cuda == CudaVersion{12, -1});
    // Whatever is forgotten here changes the text.
    CHECK(to_text(read, "1.0") == to_text({{"key", with_everything()}}, "1.0"));
}

TEST_CASE("what another version wrote is not read") {
    const std::string text = to_text({{"key", with_everything()}}, "1.0");
    CHECK(from_text(text, "1.1").empty());
    CHECK(from_text(spoilt("inspections/1", "inspections/2"), "1.0").empty());
}

TEST_CASE("a text that is damaged or made up is nothing") {
    const std::string text = to_text({{"key", with_everything()}}, "1.0");
    CHECK(from_text("", "1.0").empty());
    CHECK(from_text("[]", "1.0").empty());
    CHECK(from_text("{}", "1.0").empty());
    CHECK(from_text(text.substr(0, text.size() / 2), "1.0").empty());
    CHECK(from_text(spoilt("\"sm\":110", "\"sm\":\"110\""), "1.0").empty());
    CHECK(from_text(spoilt("\"sm\":110,", ""), "1.0").empty());
    CHECK(from_text(spoilt("\"bits\":64", "\"bits\":true"), "1.0").empty());
    CHECK(from_text(spoilt("\"form\":0", "\"form\":99"), "1.0").empty());
    CHECK(from_text(spoilt("\"form\":0", "\"form\":-1"), "1.0").empty());
    // A judge takes a row by its place.
    CHECK(from_text(spoilt("\"rows\":[0,1]", "\"rows\":[0,7]"), "1.0").empty());
}
