// Whole files: host programs and libraries, bare fat binaries, cubins, PTX, and what damage does to each. Every trap
// that a real file was found to set has its case.

#include "probes/programs/device_code.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <doctest/doctest.h>

#include "probes/elf/file_source.hpp"
#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

DeviceCode code_of(std::string_view bytes) { return find_device_code(MemorySource(bytes)); }

WrittenElf library_with(const std::vector<std::pair<std::string, std::string>>& sections) {
    ElfRecipe recipe;
    recipe.soname = "libkernels.so.1";
    recipe.needed = {"libcudart.so.12", "libc.so.6"};
    recipe.runpath = "$ORIGIN";
    recipe.sections = sections;
    return write_shared_object(recipe);
}

// "sass sm_87 7 x1, ptx compute_87 8.5 zstd x2"
std::string rows_of(const DeviceCode& code) {
    std::string text;
    for (const CodeRow& row : code.rows) {
        if (!text.empty()) text += ", ";
        text += std::string(name_of(row.kind)) + " " + row.arch();
        if (row.abi != 0) text += " " + std::to_string(row.abi);
        if (!row.isa().empty()) text += " " + row.isa();
        if (row.compression != CodeCompression::none) text += " " + std::string(name_of(row.compression));
        if (row.count != 0) text += " x" + std::to_string(row.count);
        if (row.relocatable != 0) text += " to link " + std::to_string(row.relocatable);
        if (row.stubs != 0) text += " stubs " + std::to_string(row.stubs);
    }
    return text;
}

std::string problem_of(const DeviceCode& code) { return code.problems.empty() ? "" : code.problems.front(); }

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const std::string plain = write_fatbin({sass_image(87), ptx_image(87, 8, 5)});

}  // namespace

TEST_CASE("a library says for which GPUs it has code, and what it needs") {
    const DeviceCode code = code_of(library_with({{".nv_fatbin", plain}}).bytes);
    CHECK(code.form == FileForm::elf);
    CHECK(code.machine == "aarch64");
    CHECK(code.bits == 64);
    CHECK(code.soname == "libkernels.so.1");
    CHECK(code.needed == std::vector<std::string>{"libcudart.so.12", "libc.so.6"});
    CHECK(code.runpath == "$ORIGIN");
    CHECK_FALSE(code.rpath.has_value());
    CHECK_FALSE(code.executable);
    CHECK_FALSE(code.object);
    CHECK(code.section_table);
    CHECK(code.containers == 1);
    CHECK(rows_of(code) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
    CHECK(code.rows[0].bytes == write_entry(sass_image(87)).size());
    CHECK(code.problems.empty());
    CHECK(code.remarks.empty());
}

TEST_CASE("equal images share a row, and everything that tells them apart gives another") {
    using namespace image_flags;
    const DeviceCode code = code_of(write_fatbin(
        {sass_image(110, 8), sass_image(110, 8), sass_image(110, 8, this_architecture), sass_image(110, 8, this_family),
         sass_image(87, 7), sass_image(87, 8), packed(sass_image(87, 8), lz4), packed(sass_image(87, 8), zstd),
         ptx_image(87, 8, 5), ptx_image(87, 7, 8), packed(ptx_image(87, 7, 8), zstd)}));
    CHECK(code.form == FileForm::fatbin);
    CHECK(rows_of(code) ==
          "sass sm_87 7 x1, sass sm_87 8 x1, sass sm_87 8 lz4 x1, sass sm_87 8 zstd x1, sass sm_110 8 x2, sass sm_110a "
          "8 x1, "
          "sass sm_110f 8 x1, ptx compute_87 7.8 x1, ptx compute_87 7.8 zstd x1, ptx compute_87 8.5 x1");
    CHECK(code.machine.empty());
}

TEST_CASE("code is found in ordinary data, as NVIDIA's own libraries keep it") {
    const WrittenElf file = library_with({{".nv_fatbin", write_fatbin({stub_image(75)})},
                                          {".cask_resource", "PPPPPPPP" + plain},
                                          {".ldata", write_fatbins({plain, "some tables", plain}, 256)}});
    const DeviceCode code = code_of(file.bytes);
    CHECK(rows_of(code) == "sass sm_75 7 stubs 1, sass sm_87 7 x3, ptx compute_87 8.5 x3");
    CHECK(code.problems.empty());
}

TEST_CASE("containers that hold the same rows are counted together") {
    const std::string both = write_fatbin({sass_image(87), ptx_image(72, 6, 3)});
    const std::string other = write_fatbin({ptx_image(72, 6, 3), sass_image(72)});
    const std::string stub_only = write_fatbin({stub_image(87)});
    const DeviceCode code =
        code_of(library_with({{".nv_fatbin", write_fatbins({other, both, both, stub_only, both})}}).bytes);
    CHECK(rows_of(code) == "sass sm_72 7 x1, sass sm_87 7 x3 stubs 1, ptx compute_72 6.3 x4");
    REQUIRE(code.mixes.size() == 2);
    CHECK(code.mixes[0].rows == std::vector<std::uint16_t>{0, 2});
    CHECK(code.mixes[0].containers == 1);
    CHECK(code.mixes[1].rows == std::vector<std::uint16_t>{1, 2});
    CHECK(code.mixes[1].containers == 3);
    CHECK(code_of(write_cubin({.sm = 87})).mixes.empty());
}

TEST_CASE("more sorts of containers than an honest file has are not told") {
    std::vector<std::string> containers;
    for (std::uint32_t sm = 1; sm <= DeviceCode::most_mixes + 1; ++sm)
        containers.push_back(write_fatbin({sass_image(sm)}));
    CHECK(code_of(write_fatbins(containers)).mixes.empty());
    containers.pop_back();
    CHECK(code_of(write_fatbins(containers)).mixes.size() == DeviceCode::most_mixes);
}

TEST_CASE("a cubin that is cut off is told, and counts as no code") {
    const std::string whole = write_cubin({.sm = 87});
    for (const std::size_t size : {std::size_t{64}, whole.size() / 2, whole.size() - 1}) {
        CAPTURE(size);
        const DeviceCode code = code_of(whole.substr(0, size));
        CHECK(code.form == FileForm::cubin);
        CHECK(code.rows.empty());
        REQUIRE_FALSE(code.problems.empty());
        CHECK(contains(code.problems.back(), "the cubin's sections"));
    }
}

TEST_CASE("machine code of the host is not searched") {
    CHECK(rows_of(code_of(library_with({{".text", plain}}).bytes)).empty());
    CHECK_FALSE(rows_of(code_of(library_with({{".tex", plain}}).bytes)).empty());
}

TEST_CASE("aarch64 files pad containers to 256 bytes") {
    const DeviceCode code = code_of(library_with({{".nv_fatbin", write_fatbins({plain, plain, plain}, 256)}}).bytes);
    CHECK(rows_of(code) == "sass sm_87 7 x3, ptx compute_87 8.5 x3");
    CHECK(code.problems.empty());
}

TEST_CASE("leftovers of the device link are no code for their GPU") {
    const DeviceCode code = code_of(
        library_with({{".nv_fatbin", write_fatbins({write_fatbin({stub_image(87), stub_image(72)}), plain})}}).bytes);
    CHECK(rows_of(code) == "sass sm_72 7 stubs 1, sass sm_87 7 x1 stubs 1, ptx compute_87 8.5 x1");
}

TEST_CASE("compressed leftovers are known by their size") {
    using namespace image_flags;
    const DeviceCode code =
        code_of(write_fatbin({packed(sass_image(87, 7), lz4, 1072), packed(sass_image(87, 7), lz4, 1864),
                              packed(sass_image(87, 8), zstd, 1680), packed(sass_image(87, 8), zstd, 2560)}));
    CHECK(rows_of(code) == "sass sm_87 7 lz4 x1 stubs 1, sass sm_87 8 zstd x1 stubs 1");
}

TEST_CASE("relocatable code beside linked code is told apart") {
    ImageRecipe relocatable = sass_image(87);
    relocatable.payload = write_cubin({.relocatable = true});
    const std::string to_link = write_fatbin({relocatable, packed(sass_image(87), image_flags::lz4)});
    const DeviceCode code = code_of(library_with({{"__nv_relfatbin", to_link}, {".nv_fatbin", plain}}).bytes);
    CHECK(rows_of(code) == "sass sm_87 7 x2 to link 1, sass sm_87 7 lz4 x1 to link 1, ptx compute_87 8.5 x1");
    CHECK_FALSE(code.linked_at_load);
}

TEST_CASE("a program of nothing but relocatable PTX is linked when it is loaded") {
    const std::string to_link = write_fatbin({ptx_image(87, 8, 5)});
    const DeviceCode code =
        code_of(library_with({{".nv_fatbin", write_fatbin({})}, {"__nv_relfatbin", to_link}}).bytes);
    CHECK(rows_of(code) == "ptx compute_87 8.5 x1 to link 1");
    CHECK(code.linked_at_load);
    CHECK(code.containers == 2);
    CHECK(code.empty_containers == 1);
    CHECK(code.problems.empty());
}

TEST_CASE("link-time code and kinds without a name have their rows") {
    ImageRecipe lto = packed(sass_image(87), image_flags::zstd);
    lto.kind = 8;
    lto.payload = "packed in a way of its own";
    ImageRecipe unknown = sass_image(87);
    unknown.kind = 64;
    const DeviceCode code = code_of(write_fatbin({lto, unknown, unknown}));
    CHECK(rows_of(code) == "lto lto_87 zstd x1, other sm_87 x2");
    CHECK(code.rows[1].kind_number == 64);
    CHECK(code.problems.empty());
    REQUIRE(code.remarks.size() == 1);
    CHECK(contains(code.remarks[0], "images of kind 64"));
}

TEST_CASE("a file without section table is searched by its segments") {
    ElfRecipe recipe;
    recipe.soname = "libstripped.so";
    recipe.section_table = false;
    recipe.sections = {{".nv_fatbin", plain}};
    const DeviceCode code = code_of(write_shared_object(recipe).bytes);
    CHECK_FALSE(code.section_table);
    CHECK(code.soname == "libstripped.so");
    CHECK(rows_of(code) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
    CHECK(code.problems.empty());
}

TEST_CASE("an object file is told from a library") {
    ElfRecipe recipe;
    recipe.sections = {{"__nv_relfatbin", plain}};
    const DeviceCode code = code_of(write_kernel_module(recipe).bytes);
    CHECK(code.object);
    CHECK_FALSE(code.linked_at_load);
    CHECK(rows_of(code) == "sass sm_87 7 x1 to link 1, ptx compute_87 8.5 x1 to link 1");
}

TEST_CASE("a bare cubin, of either ABI, with its suffix from the assembler's note") {
    const DeviceCode old = code_of(write_cubin({.sm = 87, .abi = 7}));
    CHECK(old.form == FileForm::cubin);
    CHECK(old.machine.empty());
    CHECK(rows_of(old) == "sass sm_87 7 x1");
    CHECK(rows_of(code_of(write_cubin({.sm = 110, .abi = 8, .note = "ptxas -arch sm_110a"}))) == "sass sm_110a 8 x1");
    CHECK(rows_of(code_of(write_cubin({.code = false}))) == "sass sm_87 7 stubs 1");
    CHECK(rows_of(code_of(write_cubin({.relocatable = true}))) == "sass sm_87 7 x1 to link 1");
    const DeviceCode unknown = code_of(write_cubin({.abi = 9}));
    CHECK(rows_of(unknown) == "other sm_0 9 x1");
    REQUIRE(unknown.remarks.size() == 1);
    CHECK(contains(unknown.remarks[0], "a cubin of ABI 9"));
}

TEST_CASE("PTX text") {
    const DeviceCode code = code_of("// made by hand\n.version 6.3\n.target sm_72\n.address_size 64\n");
    CHECK(code.form == FileForm::ptx);
    CHECK(rows_of(code) == "ptx compute_72 6.3 x1");
    CHECK(contains(problem_of(code_of(".version 6.3\n")), "no .target"));
}

TEST_CASE("other files are no problem and hold nothing") {
    for (const std::string& bytes :
         {std::string(), std::string("P"), std::string("#!/bin/sh\n"), std::string(100'000, 'x')}) {
        const DeviceCode code = code_of(bytes);
        CHECK(code.form == FileForm::other);
        CHECK(code.problems.empty());
        CHECK(code.rows.empty());
    }
}

TEST_CASE("files of other machines say so") {
    ElfRecipe recipe;
    recipe.machine = 62;
    CHECK(code_of(write_shared_object(recipe).bytes).machine == "x86_64");
    recipe.machine = 4711;
    CHECK(code_of(write_shared_object(recipe).bytes).machine == "ELF machine 4711");
    std::string small = write_shared_object(recipe).bytes;
    small[4] = 1;
    small[18] = 40;
    small[19] = 0;
    const DeviceCode code = code_of(small);
    CHECK(code.machine == "arm");
    CHECK(code.bits == 32);
    CHECK(code.problems.empty());
    REQUIRE(code.remarks.size() == 1);
    CHECK(contains(code.remarks[0], "32-bit"));
}

TEST_CASE("names for people") {
    CHECK(name_of(CodeKind::sass) == "sass");
    CHECK(name_of(CodeKind::other) == "other");
    CHECK(name_of(CodeCompression::zstd) == "zstd");
    CHECK(name_of(FileForm::cubin) == "cubin");
}

TEST_CASE("a member of an archive is read as a file of its own") {
    const std::string library = library_with({{".nv_fatbin", plain}}).bytes;
    const std::string archive = "!<arch>\n" + library + plain;
    const MemorySource whole(archive);
    CHECK(rows_of(find_device_code(PartSource(whole, {8}, library.size()))) ==
          "sass sm_87 7 x1, ptx compute_87 8.5 x1");
    CHECK_THROWS_AS(PartSource(whole, {9}, archive.size()), Malformed);
}

// ---- damage ----

TEST_CASE("library cut short: what is there is listed, and what is missing is named") {
    const WrittenElf file = library_with({{".nv_fatbin", write_fatbins({plain, plain, plain})}});
    const std::size_t end = file.places.at(".nv_fatbin") + 2 * plain.size() + 100;
    const DeviceCode code = code_of(std::string_view(file.bytes).substr(0, end));
    CHECK(code.soname == "libkernels.so.1");
    CHECK(rows_of(code) == "sass sm_87 7 x2, ptx compute_87 8.5 x2");
    CHECK(std::any_of(code.problems.begin(), code.problems.end(),
                      [](const std::string& text) { return contains(text, "section header table leaves the file"); }));
    CHECK(std::any_of(code.problems.begin(), code.problems.end(),
                      [](const std::string& text) { return contains(text, "a segment leaves the file"); }));
}
TEST_CASE("section that leaves the file") {
    WrittenElf file = library_with({{".nv_fatbin", plain}});
    for (std::size_t at = file.places.at("section headers") + 64; at < file.bytes.size(); at += 64) {
        if (ByteView{file.bytes}.u64(at + 24) == file.places.at(".nv_fatbin")) {
            detail::set(file.bytes, at + 32, std::uint64_t{1} << 40U, 8);
        }
    }
    const DeviceCode code = code_of(file.bytes);
    CHECK(rows_of(code) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
    CHECK(contains(problem_of(code), "section .nv_fatbin leaves the file: 1099511627776 bytes at offset"));
}
TEST_CASE("ELF header whose tables make no sense") {
    WrittenElf file = library_with({{".nv_fatbin", plain}});
    detail::set(file.bytes, 54, 7, 2);
    const DeviceCode code = code_of(file.bytes);
    CHECK(contains(problem_of(code), "program headers of 7 bytes"));
    CHECK(rows_of(code) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
}
TEST_CASE("names that cannot be read do not hide the code") {
    WrittenElf file = library_with({{".nv_fatbin", plain}});
    std::size_t at = file.places.at(".dynamic");
    while (ByteView{file.bytes}.u64(at) != 5) at += 16;
    detail::set(file.bytes, at + 8, 0x10, 8);
    const DeviceCode code = code_of(file.bytes);
    CHECK(contains(problem_of(code), "lies in no loaded segment"));
    CHECK(rows_of(code) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
}
TEST_CASE("ELF file cut in its header") {
    CHECK(problem_of(code_of("\177ELF\2\1\1")) == "file too short");
    const DeviceCode code = code_of(std::string_view(library_with({}).bytes).substr(0, 40));
    CHECK(problem_of(code) == "file too short");
    CHECK(code.machine == "aarch64");
}
TEST_CASE("image with zeros in place of its content") {
    ImageRecipe hole = sass_image(87);
    hole.payload.assign(4000, '\0');
    ImageRecipe packed_hole = packed(sass_image(87), image_flags::lz4);
    packed_hole.payload.assign(4000, '\0');
    const DeviceCode code = code_of(write_fatbin({hole, packed_hole, sass_image(72)}));
    CHECK(rows_of(code) == "sass sm_72 7 x1");
    REQUIRE(code.problems.size() == 2);
    CHECK(code.problems[0] == "the image at offset 16: has zeros in place of its content");
}
TEST_CASE("image that is not what its entry says") {
    ImageRecipe text = sass_image(87);
    text.payload = ".version 8.5";
    CHECK(contains(problem_of(code_of(write_fatbin({text}))), "too short for a cubin"));
    text.payload.resize(200, 'x');
    CHECK(contains(problem_of(code_of(write_fatbin({text}))), "no ELF file, where a cubin is one"));
    ImageRecipe frame = packed(sass_image(87), image_flags::zstd);
    frame.payload[0] = 'x';
    CHECK(contains(problem_of(code_of(write_fatbin({frame}))), "is no zstd frame"));
    ImageRecipe empty = ptx_image(87, 8, 5);
    empty.payload.clear();
    CHECK(contains(problem_of(code_of(write_fatbin({empty}))), "has no content"));
}
TEST_CASE("damage everywhere is told in few sentences and is not read to its end") {
    ImageRecipe hole = sass_image(87);
    hole.payload.assign(8, '\0');
    std::vector<ImageRecipe> holes(100, hole);
    const DeviceCode some = code_of(write_fatbin(holes));
    REQUIRE(some.problems.size() == DeviceCode::most_problems);
    CHECK(some.problems.back() == "and 37 more problems");
    holes.resize(20'000, hole);
    holes.push_back(sass_image(72));
    const DeviceCode many = code_of(write_fatbin(holes));
    REQUIRE(many.problems.size() == DeviceCode::most_problems);
    CHECK(contains(many.problems.back(), "more damage than is worth reading"));
    CHECK(many.rows.empty());
}
TEST_CASE("more kinds of images than a file can have") {
    std::vector<ImageRecipe> images;
    for (std::uint32_t sm = 1; sm <= DeviceCode::most_rows + 10; ++sm) images.push_back(ptx_image(sm, 8, 5));
    const DeviceCode code = code_of(write_fatbin(images));
    CHECK(code.rows.size() == DeviceCode::most_rows);
    CHECK(contains(problem_of(code), "10 images are in none of the 4096 rows"));
}
TEST_CASE("a thousand sections at the same place are searched once") {
    std::vector<std::pair<std::string, std::string>> sections{{".data", plain}};
    for (int i = 0; i < 1000; ++i) sections.emplace_back(".data" + std::to_string(i), "x");
    WrittenElf file = library_with(sections);
    for (std::size_t at = file.places.at("section headers") + 64; at < file.bytes.size(); at += 64) {
        if (ByteView{file.bytes}.u64(at + 32) != 1) continue;
        detail::set(file.bytes, at + 24, file.places.at(".data"), 8);
        detail::set(file.bytes, at + 32, plain.size(), 8);
    }
    CHECK(rows_of(code_of(file.bytes)) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
}

TEST_CASE("a sparse file of 8 TB ends at once") {
    const TempRoot folder;
    WrittenElf file = library_with({{".nv_fatbin", plain}, {".data", "x"}});
    constexpr std::uint64_t huge = std::uint64_t{1} << 43U;
    // Both sections claim everything from their place to the end of the file.
    for (std::size_t at = file.places.at("section headers") + 64; at < file.bytes.size(); at += 64) {
        const std::uint64_t offset = ByteView{file.bytes}.u64(at + 24);
        if (offset == file.places.at(".nv_fatbin") || offset == file.places.at(".data")) {
            detail::set(file.bytes, at + 32, huge - offset, 8);
        }
    }
    folder.write("/huge.so", file.bytes);
    std::filesystem::resize_file(folder.on_host("/huge.so"), huge);
    const DeviceCode code = find_device_code(FileSource(folder.on_host("/huge.so")));
    CHECK(rows_of(code) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
    CHECK(contains(problem_of(code), "something else than device code"));

    folder.write("/huge.fatbin", plain);
    std::filesystem::resize_file(folder.on_host("/huge.fatbin"), huge);
    const DeviceCode bare = find_device_code(FileSource(folder.on_host("/huge.fatbin")));
    CHECK(rows_of(bare) == "sass sm_87 7 x1, ptx compute_87 8.5 x1");
    CHECK(contains(problem_of(bare), "bytes of zeros in place of device code"));
}

TEST_CASE("a file that becomes shorter while it is read is a problem and no crash") {
    const TempRoot folder;
    folder.write("/lib.so", library_with({{".nv_fatbin", plain}}).bytes);
    const FileSource source(folder.on_host("/lib.so"));
    std::filesystem::resize_file(folder.on_host("/lib.so"), 200);
    CHECK(contains(problem_of(find_device_code(source)), "became shorter while it was read"));
}

TEST_CASE("what cannot be read any more is a problem") {
    class FailingSource final : public ByteSource {
    public:
        explicit FailingSource(std::string_view bytes) : bytes_(bytes) {}
        [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
        mutable int reads = 0;

    private:
        void fill(FileOffset at, std::string& bytes, std::string_view) const override {
            if (++reads > 4) throw std::system_error(EIO, std::generic_category(), "pread");
            bytes.assign(bytes_.substr(static_cast<std::size_t>(at.value), bytes.size()));
        }
        std::string_view bytes_;
    };
    const std::string bytes = library_with({{".nv_fatbin", plain}}).bytes;
    CHECK(contains(problem_of(find_device_code(FailingSource(bytes))), "cannot be read to its end"));
}

TEST_CASE("random bytes and mutated files end in an answer, never in a crash") {
    const std::vector<std::string> good = {
        library_with({{"__nv_relfatbin", plain}, {".nv_fatbin", write_fatbins({plain, plain}, 256)}}).bytes,
        write_fatbins({plain, write_fatbin({stub_image(87), packed(sass_image(110, 8), image_flags::zstd)})}),
        write_cubin({.abi = 8, .note = "-arch sm_110a"}), "// x\n.version 8.5\n.target sm_87a\n"};
    for (const std::string& bytes : good) REQUIRE(code_of(bytes).problems.empty());
    int flawed = 0;
    for (unsigned seed = 0; seed < 4000; ++seed) {
        flawed += code_of(mutated(good[seed % good.size()], seed)).problems.empty() ? 0 : 1;
        (void)code_of("\177ELF\2\1\1" + random_bytes(seed, 400));
    }
    CHECK(flawed > 400);
}
