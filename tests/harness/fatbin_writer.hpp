// Makes device code for tests: cubins of both ABIs, and fat binaries as nvcc writes them, with whatever flaw a test
// wants. Payloads are not real code; nothing that reads headers can tell.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/elf_writer.hpp"

namespace jetcuda::testing {

struct CubinRecipe {
    std::uint32_t sm = 87;
    std::uint8_t abi = 7;  // 8: of CUDA 13
    bool code = true;      // false: a stub, as the device link leaves them
    bool relocatable = false;
    std::string note = {};  // ptxas's command line: "-arch sm_110a"
    std::size_t code_size = 128;
};

inline std::string write_cubin(const CubinRecipe& recipe) {
    using namespace detail;
    WrittenElf file;
    file.bytes = header(recipe.relocatable ? 1 : 2, 190);
    file.bytes[7] = recipe.abi == 7 ? '\x33' : '\x41';
    file.bytes[8] = static_cast<char>(recipe.abi);
    set(file.bytes, 48, recipe.abi == 7 ? 0x500U | recipe.sm << 16U | recipe.sm : 0x6000004U | recipe.sm << 8U, 4);
    std::vector<Section> sections;
    const auto add = [&](const std::string& name, std::uint32_t type, std::string_view content) {
        align(file.bytes, 8);
        sections.push_back({name, type, 0, file.bytes.size(), content.size(), 0, 0});
        file.bytes += content;
    };
    add(".nv.info", 1, "something");
    if (!recipe.note.empty()) add(".note.nv.tkinfo", 7, note("NVIDIA Corp", 2000, recipe.note));
    if (recipe.code) add(".text._Z6kernelPf", 1, std::string(recipe.code_size, '\x18'));
    add_section_table(file, sections);
    return file.bytes;
}

struct ImageRecipe {
    std::uint16_t kind = 2;
    std::uint32_t sm = 87;
    std::uint16_t major = 1, minor = 7;
    std::uint64_t flags = 0x11;
    std::string payload = {};
    std::uint32_t header_size = 64;
    std::uint32_t compressed_size = 0;
    std::uint64_t unpacked_size = 0;
    std::uint16_t version = 0x0101;
};

namespace image_flags {
constexpr std::uint64_t lz4 = 0x2000, zstd = 0x8000, this_architecture = 0x100000, this_family = 0x200000;
}

inline ImageRecipe sass_image(std::uint32_t sm, std::uint8_t abi = 7, std::uint64_t flags = 0) {
    return {.sm = sm, .minor = abi, .flags = 0x11 | flags, .payload = write_cubin({.sm = sm, .abi = abi})};
}

inline ImageRecipe stub_image(std::uint32_t sm, std::uint8_t abi = 7) {
    return {.sm = sm, .minor = abi, .payload = write_cubin({.sm = sm, .abi = abi, .code = false})};
}

inline ImageRecipe ptx_image(std::uint32_t sm, std::uint16_t major, std::uint16_t minor, std::uint64_t flags = 0) {
    return {.kind = 1,
            .sm = sm,
            .major = major,
            .minor = minor,
            .flags = 0x11 | flags,
            .payload = ".version 8.5\n.target sm_87\n"};
}

// As a compressed image looks from outside; what was packed is not in it.
inline ImageRecipe packed(ImageRecipe image, std::uint64_t flag, std::uint64_t unpacked_size = 5000) {
    image.flags |= flag;
    image.payload =
        flag == image_flags::zstd ? std::string("\x28\xb5\x2f\xfd and a frame") : std::string("\xf0 and a block");
    image.compressed_size = static_cast<std::uint32_t>(image.payload.size());
    image.unpacked_size = unpacked_size;
    return image;
}

inline std::string write_entry(const ImageRecipe& image) {
    using namespace detail;
    std::string out;
    std::string payload = image.payload;
    align(payload, 8);
    put(out, image.kind, 2);
    put(out, image.version, 2);
    put(out, image.header_size, 4);
    put(out, payload.size(), 8);
    put(out, image.compressed_size, 4);
    put(out, 0, 4);
    put(out, image.minor, 2);
    put(out, image.major, 2);
    put(out, image.sm, 4);
    put(out, 0, 8);
    put(out, image.flags, 8);
    put(out, 0, 8);
    put(out, image.unpacked_size, 8);
    out.resize(image.header_size, '\0');
    return out + payload;
}

inline std::string write_fatbin(const std::vector<ImageRecipe>& images) {
    using namespace detail;
    std::string entries;
    for (const ImageRecipe& image : images) entries += write_entry(image);
    std::string out;
    put(out, 0xBA55ED50U, 4);
    put(out, 1, 2);
    put(out, 16, 2);
    put(out, entries.size(), 8);
    return out + entries;
}

// Containers one behind the other, with zeros between them up to the alignment.
inline std::string write_fatbins(const std::vector<std::string>& containers, std::size_t alignment = 8) {
    std::string out;
    for (const std::string& container : containers) {
        detail::align(out, alignment);
        out += container;
    }
    return out;
}

}  // namespace jetcuda::testing
