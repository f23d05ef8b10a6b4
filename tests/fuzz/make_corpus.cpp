// Writes the first files of each corpus, named for their flaw, from which the fuzzers set out. Files that a fuzzer
// found are added by hand, named for what they had broken; nothing here removes or changes them.
//
//     make-corpus tests/fuzz/corpus

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/harness/fatbin_writer.hpp"

using namespace jetcuda::testing;

namespace {

std::filesystem::path top;

void write(const std::string& name, const std::string& bytes) {
    const std::filesystem::path file = top / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::string with(std::string bytes, std::size_t at, std::uint64_t value, unsigned width) {
    detail::set(bytes, at, value, width);
    return bytes;
}

ElfRecipe library() {
    ElfRecipe recipe;
    recipe.soname = "libk.so.1";
    recipe.needed = {"libcudart.so.12"};
    recipe.runpath = "$ORIGIN";
    recipe.build_id = "0123";
    recipe.exports = {"cuInit", "f"};
    recipe.imports = {"malloc"};
    return recipe;
}

void write_elf() {
    const WrittenElf sound = write_shared_object(library());
    ElfRecipe sysv = library();
    sysv.hash = HashTable::sysv;
    const WrittenElf old = write_shared_object(sysv);
    ElfRecipe stripped = library();
    stripped.section_table = false;
    const std::string& bytes = sound.bytes;
    const std::size_t segments = sound.places.at("program headers");
    write("elf/sound-library", bytes);
    write("elf/sound-library-with-sysv-hash", old.bytes);
    write("elf/sound-without-section-table", write_shared_object(stripped).bytes);
    write("elf/sound-kernel-module",
          write_kernel_module({.build_id = "0123", .modinfo = {{"name", "nvgpu"}, {"vermagic", "5.15"}}}).bytes);
    write("elf/header-cut-in-the-middle", bytes.substr(0, 40));
    write("elf/file-cut-before-the-section-table", bytes.substr(0, bytes.size() - 100));
    write("elf/class-of-32-bits", with(bytes, 4, 1, 1));
    write("elf/big-endian", with(bytes, 5, 2, 1));
    write("elf/program-header-table-near-2-64", with(bytes, 32, ~std::uint64_t{0} - 8, 8));
    write("elf/program-headers-of-32-bytes", with(bytes, 54, 32, 2));
    write("elf/dynamic-section-of-2-63-bytes", with(bytes, segments + 56 + 32, std::uint64_t{1} << 63U, 8));
    write("elf/dynamic-section-behind-the-end", with(bytes, segments + 56 + 8, bytes.size() - 4, 8));
    write("elf/section-names-that-do-not-exist", with(bytes, 62, 999, 2));
    write("elf/section-of-2-50-bytes",
          with(bytes, sound.places.at("section headers") + 64 + 32, std::uint64_t{1} << 50U, 8));
    write("elf/gnu-hash-without-buckets", with(bytes, sound.places.at(".gnu.hash"), 0, 4));
    write("elf/gnu-hash-with-2-32-bloom-words", with(bytes, sound.places.at(".gnu.hash") + 8, 0xffffffffU, 4));
    write("elf/sysv-hash-chain-in-a-circle", with(old.bytes, old.places.at(".hash") + 12 + 4, 1, 4));
}

void write_notes() {
    const std::string sound = detail::note("GNU", 3, "0123456789abcdef0123") + detail::note("Xen", 6, "linux");
    write("notes/sound", "\4" + sound);
    write("notes/aligned-to-8", "\x8" + sound);
    write("notes/payload-longer-than-the-section", "\4" + with(sound, 4, 0xffffffffU, 4));
    write("notes/name-longer-than-the-section", "\4" + with(sound, 0, 0xfffffff0U, 4));
    write("notes/name-of-0-bytes", "\4" + with(sound, 0, 0, 4));
    write("notes/cut-in-a-header", "\4" + sound.substr(0, sound.size() - 20));
}

void write_fatbins_of(const std::string& folder, const std::string& before) {
    using namespace image_flags;
    ImageRecipe padded = sass_image(110, 8, this_architecture);
    padded.header_size = 112;
    ImageRecipe lto = packed(sass_image(75), lz4);
    lto.kind = 8;
    const std::string two = write_fatbin({sass_image(87), ptx_image(87, 8, 5)});
    const std::string many =
        write_fatbin({padded, stub_image(87), packed(sass_image(110, 8), zstd), packed(ptx_image(87, 7, 8), lz4), lto});
    const auto add = [&](const std::string& name, const std::string& bytes) {
        write(folder + "/" + name, before + bytes);
    };
    add("sound-two-images", two);
    add("sound-many-kinds", many);
    add("sound-padded-to-256", write_fatbins({two, write_fatbin({}), two}, 256));
    add("file-cut-in-an-image", two.substr(0, two.size() - 100));
    add("file-cut-in-a-header", two.substr(0, 40));
    add("container-of-version-2", with(two, 4, 2, 2));
    add("container-with-a-header-of-24-bytes", with(two, 6, 24, 2));
    add("container-of-2-63-bytes", with(two, 8, std::uint64_t{1} << 63U, 8));
    add("container-that-ends-in-an-image", with(two, 8, 100, 8));
    add("entry-of-another-version", with(two, 18, 0x0202, 2));
    add("entry-with-a-header-of-0-bytes", with(two, 20, 0, 4));
    add("entry-with-a-header-of-2-32-bytes", with(two, 20, 0xffffffffU, 4));
    add("entry-of-2-64-bytes", with(two, 24, ~std::uint64_t{0}, 8));
    add("entry-with-more-compressed-bytes-than-stored", with(two, 32, 1U << 30U, 4));
    add("image-of-kind-77", with(two, 16, 77, 2));
    add("image-of-zeros", with(two, 16 + 64, 0, 4));
    add("cubin-of-another-machine", with(two, 16 + 64 + 18, 62, 2));
    add("cubin-whose-section-table-leaves-it", with(two, 16 + 64 + 40, 1U << 20U, 8));
}

void write_device_code() {
    write_fatbins_of("device_code", "");
    const std::string two = write_fatbin({sass_image(87), ptx_image(87, 8, 5)});
    ElfRecipe recipe = library();
    recipe.sections = {{".nv_fatbin", two}, {".data", "xxxxxxxx" + two}, {"__nv_relfatbin", two}};
    const WrittenElf sound = write_shared_object(recipe);
    write("device_code/sound-library", sound.bytes);
    write("device_code/library-cut-in-its-code", sound.bytes.substr(0, sound.places.at(".data") + 30));
    write("device_code/library-without-program-headers", with(sound.bytes, 56, 0, 2));
    recipe.section_table = false;
    write("device_code/sound-without-section-table", write_shared_object(recipe).bytes);
    recipe.sections = {{".nv_fatbin", write_fatbin({})}, {"__nv_relfatbin", two}};
    recipe.section_table = true;
    write("device_code/sound-linked-at-load", write_shared_object(recipe).bytes);
    write("device_code/sound-cubin-of-abi-7", write_cubin({}));
    write("device_code/sound-cubin-of-abi-8", write_cubin({.sm = 110, .abi = 8, .note = "-arch sm_110a"}));
    write("device_code/cubin-of-abi-9", write_cubin({.abi = 9}));
    write("device_code/sound-ptx", "// x\n/* y */ .version 8.5\n.target sm_87a\n");
    write("device_code/ptx-without-target", ".version 8.5\n");
    write("device_code/ptx-with-a-comment-without-end", "/* .version 8.5\n");
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: make-corpus FOLDER\n", stderr);
        return 64;
    }
    top = arguments[1];
    write_elf();
    write_notes();
    write_fatbins_of("fatbin", "\1");
    write_device_code();
    return 0;
}
