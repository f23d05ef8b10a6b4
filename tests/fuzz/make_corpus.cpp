// Writes the first files of each corpus, named for their flaw, from which the fuzzers set out. Files that a fuzzer
// found are added by hand, named for what they had broken; nothing here removes or changes them.
//
//     make-corpus tests/fuzz/corpus

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/harness/archive_writer.hpp"
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
    ImageRecipe around = sass_image(72);
    around.payload = std::string(80, 'x') + two + std::string(80, 'x');
    add("container-in-a-payload", write_fatbins({two, write_fatbin({around}), two}));
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
    write("device_code/cubin-cut-behind-its-header", write_cubin({}).substr(0, 100));
    write("device_code/cubin-of-abi-9", write_cubin({.abi = 9}));
    write("device_code/sound-ptx", "// x\n/* y */ .version 8.5\n.target sm_87a\n");
    write("device_code/ptx-without-target", ".version 8.5\n");
    write("device_code/ptx-with-a-comment-without-end", "/* .version 8.5\n");
}

// The first byte of a file of corpus/archive/, which picks its name: see archive_target.cpp.
constexpr char wheel = '\0';
constexpr char tarball = '\1';
constexpr char static_library = '\2';

std::string compressed(const std::string& bytes, int (*add_filter)(archive*)) {
    std::string out(bytes.size() + (1 << 16), '\0');
    std::size_t used = 0;
    archive* made = archive_write_new();
    archive_entry* entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    const bool kept = archive_write_set_format_raw(made) == ARCHIVE_OK && add_filter(made) == ARCHIVE_OK &&
                      archive_write_open_memory(made, out.data(), out.size(), &used) == ARCHIVE_OK &&
                      archive_write_header(made, entry) == ARCHIVE_OK &&
                      archive_write_data(made, bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size()) &&
                      archive_write_close(made) == ARCHIVE_OK;
    archive_entry_free(entry);
    archive_write_free(made);
    if (!kept) throw std::runtime_error("nothing can be compressed");
    out.resize(used);
    return out;
}

std::string field(std::string text, std::size_t size, char filling = '\0') {
    text.resize(size, filling);
    return text;
}

std::string with_checksum(std::string header) {
    header.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char byte : header) sum += static_cast<unsigned char>(byte);
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum);
    return header.replace(148, 8, std::string(text, 7) + ' ');
}

// A member as GNU tar writes it. A size that starts with 0x80 is a number of base 256.
std::string tar_member(const std::string& name, const std::string& content, char type = '0', std::string size = {}) {
    if (size.empty()) {
        char text[12];
        std::snprintf(text, sizeof text, "%011zo", content.size());
        size = text;
    }
    std::string header = field(name, 100) + field("0000644", 8) + field("0000000", 8) + field("0000000", 8) +
                         field(std::move(size), 12) + field("00000000000", 12) + std::string(8, ' ') + type +
                         field(type == '1' || type == '2' ? "/etc/passwd" : "", 100) + "ustar  ";
    std::string padded = content;
    detail::align(padded, 512);
    return with_checksum(field(std::move(header), 512)) + padded;
}

// One whose content has holes: `pieces` are offsets and sizes, in the header's own form.
std::string sparse_tar_member(const std::string& name, const std::string& content, const std::string& pieces,
                              const std::string& real_size) {
    std::string member = tar_member(name, content, 'S');
    member.replace(386, pieces.size(), pieces);
    member.replace(483, real_size.size(), real_size);
    return with_checksum(member.substr(0, 512)) + member.substr(512);
}

std::string tar_of(const std::string& members) { return members + std::string(1024, '\0'); }

std::string ar_member(const std::string& name, const std::string& content, std::string size = {}) {
    if (size.empty()) size = std::to_string(content.size());
    std::string member = field(name, 16, ' ') + field("0", 12, ' ') + "0     0     644     " +
                         field(std::move(size), 10, ' ') + "`\n" + content;
    if (content.size() % 2 == 1) member += '\n';
    return member;
}

// What both headers of a zip file's member say of it.
struct ZipMember {
    std::string name, stored;
    std::uint64_t flags = 0, method = 0, crc = 0, size = 0;  // crc 0: not said
};

std::string write_zip(const std::vector<ZipMember>& members) {
    std::string bytes, directory;
    for (const ZipMember& member : members) {
        const std::size_t at = bytes.size();
        std::string common;
        detail::put(common, 20, 2);
        detail::put(common, member.flags, 2);
        detail::put(common, member.method, 2);
        detail::put(common, 0x00210000, 4);  // 1980-01-01
        detail::put(common, member.crc, 4);
        detail::put(common, member.stored.size(), 4);
        detail::put(common, member.size, 4);
        detail::put(common, member.name.size(), 2);
        detail::put(common, 0, 2);
        bytes += "PK\3\4" + common + member.name + member.stored;
        directory += std::string("PK\1\2\x14\3", 6) + common + std::string(6, '\0');
        detail::put(directory, std::uint64_t{0100644} << 16U, 4);
        detail::put(directory, at, 4);
        directory += member.name;
    }
    const std::size_t at = bytes.size();
    bytes += directory + std::string("PK\5\6\0\0\0\0", 8);
    detail::put(bytes, members.size(), 2);
    detail::put(bytes, members.size(), 2);
    detail::put(bytes, directory.size(), 4);
    detail::put(bytes, at, 4);
    detail::put(bytes, 0, 2);
    return bytes;
}

std::uint64_t crc32_of(const std::string& bytes) {
    std::uint32_t sum = ~0U;
    for (const char byte : bytes) {
        sum ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ (0xEDB88320U & (0U - (sum & 1U)));
    }
    return ~sum;
}

ZipMember stored(const std::string& name, const std::string& content) {
    return {name, content, 0, 0, crc32_of(content), content.size()};
}

std::string changed(std::string bytes, const std::string& before, std::size_t at, std::uint64_t value, unsigned width) {
    const std::size_t place = bytes.find(before);
    if (place == std::string::npos) throw std::runtime_error("there is nothing to change");
    return with(std::move(bytes), place + at, value, width);
}

void add_archive(char first, const std::string& name, const std::string& bytes) {
    write("archive/" + name, first + bytes);
}

std::string small_library() {
    ElfRecipe recipe = library();
    recipe.sections = {{".nv_fatbin", write_fatbin({sass_image(87)})}};
    return write_shared_object(recipe).bytes;
}

void write_zips() {
    const std::string elf = small_library();
    const std::string bomb =
        "\x7F"
        "ELF" +
        std::string(std::size_t{2} << 20U, '\0');
    const std::string sound = write_archive(ArchiveForm::zip, {{"k/__init__.py", "import k"}, {"k/k.so", elf}});
    const std::string plain = write_zip({stored("k/k.so", elf), stored("k/k.py", "import k")});
    const std::string cubin = write_cubin({});
    const auto add = [](const std::string& name, const std::string& bytes) { add_archive(wheel, name, bytes); };
    add("sound-wheel", sound);
    add("sound-wheel-that-is-stored", plain);
    add("sound-zip-without-members", std::string("PK\5\6", 4) + std::string(18, '\0'));
    add("sound-wheel-in-a-zip", write_archive(ArchiveForm::zip, {{"a.whl", plain}}));
    add("wheel-cut-in-a-member", sound.substr(0, 300));
    add("wheel-cut-in-its-directory", plain.substr(0, plain.size() - 60));
    add("wheel-without-its-beginning", "PK\3\4" + plain.substr(200));
    add("zip-whose-member-unpacks-to-2-mb", write_archive(ArchiveForm::zip, {{"bomb.so", bomb}}));
    const std::string inner = write_archive(ArchiveForm::zip, {{"a.so", bomb.substr(0, 900'000)}});
    add("zip-of-zips-that-unpack-to-7-mb-together", write_archive(ArchiveForm::zip, {{"1.zip", inner},
                                                                                     {"2.zip", inner},
                                                                                     {"3.zip", inner},
                                                                                     {"4.zip", inner},
                                                                                     {"5.zip", inner},
                                                                                     {"6.zip", inner},
                                                                                     {"7.zip", inner},
                                                                                     {"8.zip", inner}}));
    std::vector<std::pair<std::string, std::string>> many;
    many.reserve(40);
    for (int i = 0; i < 40; ++i) many.emplace_back(std::to_string(i), "x");
    const std::string forty = write_archive(ArchiveForm::tar_gz, many);
    add("zip-of-archives-of-120-files-together",
        write_archive(ArchiveForm::zip, {{"1.tgz", forty}, {"2.tgz", forty}, {"3.tgz", forty}}));
    std::string deep = sound;
    for (int depth = 0; depth < 5; ++depth) deep = write_archive(ArchiveForm::zip, {{"in.zip", deep}});
    add("zip-of-six-floors", deep);
    add("zip-with-a-size-of-2-32", changed(changed(plain, "PK\1\2", 20, 0xfffffff0U, 4), "PK\1\2", 24, 0xfffffff0U, 4));
    add("zip-with-a-size-below-that-of-its-member", changed(plain, "PK\1\2", 24, 10, 4));
    add("zip-with-a-wrong-checksum", changed(changed(plain, "PK\1\2", 16, 7, 4), "PK\3\4", 14, 7, 4));
    add("zip-with-an-encrypted-member", write_zip({{"k.so", std::string(12, 'k') + elf, 1, 0, 1, elf.size()}}));
    add("zip-with-an-encryption-of-its-own", write_zip({{"k.so", elf, 0x41, 99, 1, elf.size()}}));
    add("zip-of-method-77", write_zip({{"k.so", elf, 0, 77, 1, elf.size()}}));
    add("zip-of-deflated-noise", write_zip({{"k.so", elf, 0, 8, 1, elf.size()}}));
    add("zip-of-lzma-with-a-dictionary-of-4-gb",
        write_zip({{"k.so", std::string("\5\2\5\0\x5D\xff\xff\xff\xff", 9) + std::string(60, '\0'), 0, 14, 1, 4096}}));
    add("zip-whose-members-lie-on-one-another", changed(plain, "PK\1\2", 46 + 6 + 42, 0, 4));
    add("zip-whose-member-lies-behind-its-end", changed(plain, "PK\1\2", 42, 0x7fffffffU, 4));
    add("zip-of-65535-members", changed(plain, "PK\5\6", 10, 0xffff, 2));
    add("zip-whose-directory-lies-behind-its-end", changed(plain, "PK\5\6", 16, 0x7fffffffU, 4));
    add("zip-whose-directory-is-larger-than-it", changed(plain, "PK\5\6", 12, 0x70000000U, 4));
    std::string large = std::string("PK\6\6\x2C", 5) + std::string(43, '\0');
    detail::put(large, 1, 8);  // where the directory begins
    std::string locator = std::string("PK\6\7", 4) + std::string(4, '\0');
    detail::put(locator, plain.find("PK\5\6"), 8);
    detail::put(locator, 1, 4);
    const std::size_t end = plain.find("PK\5\6");
    add("zip-of-large-form-whose-directory-begins-in-a-member",
        plain.substr(0, end) + large + locator + plain.substr(end));
    add("zip-without-sizes-or-directory", sound.substr(0, sound.find("PK\1\2")));
    add("zip-with-an-absolute-name", write_zip({stored("/etc/k.so", cubin)}));
    add("zip-with-a-name-that-climbs-out", write_zip({stored("../../../../etc/k.so", cubin)}));
    add("zip-with-an-empty-name", write_zip({stored("", cubin)}));
    add("zip-with-a-name-of-5000-bytes", write_zip({stored(std::string(5'000, 'n'), cubin)}));
    add("zip-with-a-name-that-is-no-text", write_zip({stored("\x1B[2J\n\xff\xfe.so", cubin)}));
    ZipMember unicode = stored("k\xC3\xA4se.so", cubin);
    unicode.flags = 0x800;
    add("sound-wheel-with-a-name-in-utf-8", write_zip({unicode}));
    unicode.name = "k\xC3.so";
    add("zip-with-a-name-that-is-no-utf-8-though-it-says-so", write_zip({unicode}));
    std::string link = write_zip({stored("link.so", "/etc/passwd"), stored("k.so", cubin)});
    add("zip-with-a-symbolic-link", changed(link, "PK\1\2", 38, std::uint64_t{0120777} << 16U, 4));
    add("zip-with-a-name-twice", write_zip({stored("k.so", cubin), stored("k.so", elf)}));
}

void write_tarballs() {
    const std::string elf = small_library();
    const std::string cubin = write_cubin({});
    const std::string two = tar_of(tar_member("a.cubin", cubin) + tar_member("k.so", elf));
    const auto add = [](const std::string& name, const std::string& bytes) { add_archive(tarball, name, bytes); };
    const auto gz = [](const std::string& bytes) { return compressed(bytes, archive_write_add_filter_gzip); };
    add("sound-tar", two);
    add("sound-tar-gz", gz(two));
    add("sound-tar-bz2", compressed(two, archive_write_add_filter_bzip2));
    add("sound-tar-xz", compressed(two, archive_write_add_filter_xz));
    add("sound-tar-zst", compressed(two, archive_write_add_filter_zstd));
    add("sound-tar-gz-of-a-wheel", gz(tar_of(tar_member("a.whl", write_zip({stored("k.so", elf)})))));
    add("sound-tar-of-a-tar-gz", tar_of(tar_member("in.tar.gz", gz(two))));
    add("tar-cut-in-a-member", two.substr(0, 700));
    add("tar-cut-in-a-header", two.substr(0, 300));
    add("tar-gz-cut-in-the-middle", gz(two).substr(0, gz(two).size() / 2));
    add("tar-gz-with-a-wrong-checksum", with(gz(two), gz(two).size() - 8, 0, 4));
    add("tar-gz-that-is-no-tar", gz("neither a tar nor anything else"));
    add("tar-gz-of-a-gz-of-a-gz", gz(gz(gz(two))));
    const std::string bomb(std::size_t{3} << 20U, '\0');
    add("tar-gz-of-3-mb-that-nobody-wants", gz(tar_of(tar_member("zeros", bomb) + tar_member("k.so", elf))));
    std::string folders;
    for (int i = 0; i < 2600; ++i) folders += tar_member("d/", "", '5');
    add("tar-gz-of-2600-folders", gz(tar_of(folders + tar_member("k.so", elf))));
    add("tar-gz-of-3-mb-of-no-header",
        gz(tar_member("a.cubin", cubin) + std::string(std::size_t{3} << 20U, 'x') + tar_of(tar_member("k.so", elf))));
    add("tar-bz2-that-unpacks-to-3-mb", compressed(tar_of(tar_member("b.so",
                                                                     "\x7F"
                                                                     "ELF" +
                                                                         bomb)),
                                                   archive_write_add_filter_bzip2));
    std::string damaged = two;
    damaged[tar_member("a.cubin", cubin).size() + 1] = '!';
    add("tar-with-a-wrong-checksum", damaged);
    add("tar-with-a-size-of-2-63-bytes",
        tar_of(tar_member("k.so", elf, '0', "\x80" + std::string(3, '\0') + "\x7f" + std::string(7, '\xff'))));
    add("tar-with-a-size-below-zero", tar_of(tar_member("k.so", elf, '0', std::string(12, '\xff'))));
    add("tar-with-a-size-of-8-gb", tar_of(tar_member("k.so", elf, '0', "77777777777")));
    add("tar-with-a-size-that-is-no-number", tar_of(tar_member("k.so", elf, '0', "size")));
    const std::string zero = "00000000000" + std::string(1, '\0');
    add("tar-with-holes-of-1-tb",
        tar_of(sparse_tar_member("k.so", elf, zero + field("00000001000", 12),
                                 "\x80" + std::string(5, '\0') + "\1" + std::string(5, '\0'))));
    add("tar-with-holes-in-the-wrong-order",
        tar_of(sparse_tar_member(
            "k.so", elf, "00000010000" + zero.substr(11) + field("00000001000", 12) + zero + field("00000001000", 12),
            "00000020000")));
    add("tar-with-a-symbolic-link", tar_of(tar_member("k.so", "", '2') + tar_member("a.cubin", cubin)));
    add("tar-with-a-hard-link", tar_of(tar_member("k.so", "", '1') + tar_member("a.cubin", cubin)));
    add("tar-with-a-hard-link-that-has-content", tar_of(tar_member("k.so", elf, '1') + tar_member("a.cubin", cubin)));
    add("tar-with-a-device-and-a-fifo", tar_of(tar_member("null", "", '3') + tar_member("fifo", "", '6')));
    add("tar-with-an-absolute-name", tar_of(tar_member("/etc/k.so", elf)));
    add("tar-with-a-name-that-climbs-out", tar_of(tar_member("../../etc/k.so", elf)));
    add("tar-with-an-empty-name", tar_of(tar_member("", elf)));
    add("tar-gz-with-a-name-of-60000-bytes",
        gz(tar_of(tar_member("././@LongLink", std::string(60'000, 'n'), 'L') + tar_member("k.so", elf))));
    add("tar-with-a-long-name-of-8-gb", tar_of(tar_member("././@LongLink", "n", 'L', "77777777777")));
    add("tar-with-a-pax-record-of-no-length", tar_of(tar_member("pax", "path=k.so\n", 'x') + tar_member("k.so", elf)));
    add("tar-with-a-pax-record-longer-than-its-header",
        tar_of(tar_member("pax", "999999 path=k.so\n", 'x') + tar_member("k.so", elf)));
    add("sound-tar-with-a-pax-name-in-utf-8",
        tar_of(tar_member("pax", "16 path=k\xC3\xA4se.o\n", 'x') + tar_member("k.so", elf)));
    add("tar-with-a-pax-size-of-2-62",
        tar_of(tar_member("pax", "28 size=4611686018427387904\n", 'x') + tar_member("k.so", elf)));
}

void write_static_libraries() {
    const std::string elf = small_library();
    const auto add = [](const std::string& name, const std::string& bytes) {
        add_archive(static_library, name, "!<arch>\n" + bytes);
    };
    const std::string names = ar_member("//", "a-name-of-more-than-16-bytes.o/\n");
    const std::string sound =
        ar_member("/", std::string(4, '\0')) + names + ar_member("/0", elf) + ar_member("b.o/", elf);
    add("sound-static-library", sound);
    add("sound-static-library-of-bsd", ar_member("#1/20", field("a-long-name.o", 20) + elf));
    add("static-library-without-members", "");
    add("static-library-cut-in-a-member", sound.substr(0, sound.size() - 300));
    add("static-library-cut-in-a-header", sound.substr(0, 90));
    add("static-library-with-a-size-of-10-gb", ar_member("a.o/", elf, "9999999999"));
    add("static-library-with-a-size-that-is-no-number", ar_member("a.o/", elf, "size"));
    add("static-library-whose-name-lies-behind-its-names", names + ar_member("/9999", elf));
    add("static-library-without-its-names", ar_member("/0", elf));
    add("static-library-with-names-of-10-gb", ar_member("//", "a.o/\n", "9999999999"));
    add("static-library-with-names-of-1-gb", ar_member("//", "a.o/\n", "999999999y"));
    add("static-library-with-a-bsd-name-longer-than-its-member", ar_member("#1/99999", elf));
    add("static-library-with-an-empty-name", ar_member("", elf));
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
    write_zips();
    write_tarballs();
    write_static_libraries();
    return 0;
}
