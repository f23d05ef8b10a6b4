// The ELF reader against files made here, against a library of this machine, and against damage: each flaw is a
// case named for it, and then thousands of random ones.

#include "probes/elf/elf_file.hpp"

#include <system_error>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "probes/elf/file_source.hpp"
#include "tests/harness/counting_source.hpp"
#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

ElfRecipe driver_recipe() {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.needed = {"libc.so.6", "libnvrm_gpu.so"};
    recipe.runpath = "/opt/a:$ORIGIN/b";
    recipe.build_id = std::string("\x00\x01\xab\xff", 4);
    recipe.exports = {"cuInit", "cuDriverGetVersion", "jetcuda_simulated_driver"};
    recipe.imports = {"malloc"};
    return recipe;
}

// Asks everything that can be asked. Returns what the file was found guilty of, or nothing.
std::string flaw_of(std::string_view bytes) {
    try {
        const MemorySource source(bytes);
        const ElfFile file(source);
        std::string flaw;
        const auto ask = [&](auto question) {
            try {
                question();
            } catch (const Malformed& problem) {
                if (flaw.empty()) flaw = problem.what();
            }
        };
        ask([&] { (void)file.dynamic(); });
        ask([&] { (void)file.exports("cuInit"); });
        ask([&] { (void)file.build_id(); });
        ask([&] {
            for (const ElfSection& section : file.sections()) (void)file.content(section);
        });
        return flaw;
    } catch (const Malformed& problem) {
        return problem.what();
    }
}

void set(std::string& bytes, std::size_t at, std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) bytes.at(at + i) = static_cast<char>(value >> (8 * i));
}

// The place of the value that belongs to `tag` in the dynamic section.
std::size_t dynamic_value(const WrittenElf& file, std::uint64_t tag) {
    std::size_t at = file.places.at(".dynamic");
    while (ByteView{file.bytes}.u64(at) != tag) at += 16;
    return at + 8;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a shared object says what it is") {
    const WrittenElf written = write_shared_object(driver_recipe());
    const MemorySource source(written.bytes);
    const ElfFile file(source);
    CHECK(file.machine() == ElfFile::machine_aarch64);
    CHECK(file.type() == ElfFile::type_shared);
    const ElfDynamic dynamic = file.dynamic();
    CHECK(dynamic.soname == "libcuda.so.1");
    CHECK(dynamic.needed == std::vector<std::string>{"libc.so.6", "libnvrm_gpu.so"});
    CHECK(dynamic.runpath == "/opt/a:$ORIGIN/b");
    CHECK_FALSE(dynamic.rpath.has_value());
    CHECK(file.build_id() == "0001abff");
    CHECK(file.section(".dynstr").has_value());
    CHECK_FALSE(file.section(".text").has_value());
}

TEST_CASE("exported names are found through either hash table, and imported ones are not") {
    ElfRecipe recipe = driver_recipe();
    for (int i = 0; i < 300; ++i) recipe.exports.push_back("name" + std::to_string(i));
    for (const HashTable hash : {HashTable::gnu, HashTable::sysv}) {
        recipe.hash = hash;
        const WrittenElf written = write_shared_object(recipe);
        const MemorySource source(written.bytes);
        const ElfFile file(source);
        CHECK(file.exports("jetcuda_simulated_driver"));
        CHECK(file.exports("name299"));
        CHECK_FALSE(file.exports("malloc"));
        CHECK_FALSE(file.exports("cuIni"));
        CHECK_FALSE(file.exports("cuInit2"));
        CHECK_FALSE(file.exports(""));
    }
    recipe.hash = HashTable::none;
    const WrittenElf written = write_shared_object(recipe);
    const MemorySource source(written.bytes);
    CHECK_FALSE(ElfFile(source).exports("cuInit"));
}

TEST_CASE("a library without section table still answers, as it does to the loader") {
    ElfRecipe recipe = driver_recipe();
    recipe.section_table = false;
    const WrittenElf written = write_shared_object(recipe);
    const MemorySource source(written.bytes);
    const ElfFile file(source);
    CHECK(file.sections().empty());
    CHECK(file.dynamic().soname == "libcuda.so.1");
    CHECK(file.build_id() == "0001abff");
    CHECK(file.exports("cuInit"));
}

TEST_CASE("a kernel module has sections and notes and no dynamic part") {
    ElfRecipe recipe;
    recipe.build_id = "0123";
    recipe.modinfo = {{"vermagic", "5.15.185-tegra SMP preempt mod_unload aarch64"}, {"name", "nvgpu"}};
    const WrittenElf written = write_kernel_module(recipe);
    const MemorySource source(written.bytes);
    const ElfFile file(source);
    CHECK(file.type() == ElfFile::type_relocatable);
    CHECK(file.build_id() == "30313233");
    CHECK(file.dynamic().needed.empty());
    CHECK_FALSE(file.exports("x"));
    const auto modinfo = file.section(".modinfo");
    REQUIRE(modinfo.has_value());
    CHECK(file.content(*modinfo) ==
          std::string("vermagic=5.15.185-tegra SMP preempt mod_unload aarch64\0name=nvgpu\0", 66));
}

TEST_CASE("sections of data are told from the linker's own and from code") {
    ElfRecipe recipe = driver_recipe();
    recipe.sections = {{".data", "12345"}, {".text", "code"}, {std::string(100, 'n'), "x"}, {".bss", ""}};
    WrittenElf written = write_shared_object(recipe);
    const std::size_t headers = written.places.at("section headers");
    const auto names = [&] {
        const MemorySource source(written.bytes);
        std::vector<std::string> result;
        for (const ElfSection& section : ElfFile(source).data_sections()) result.push_back(section.name);
        return result;
    };
    const std::vector<std::string> expected{".data", std::string(64, 'n')};
    CHECK(names() == expected);
    // The count in the first, empty section, as where there are too many for the file's header.
    set(written.bytes, headers + 32, ByteView{written.bytes}.u16(60), 8);
    set(written.bytes, headers + 40, ByteView{written.bytes}.u16(62), 4);
    set(written.bytes, 60, 0, 2);
    set(written.bytes, 62, 0xffff, 2);
    CHECK(names() == expected);
    set(written.bytes, headers + 32, std::uint64_t{1} << 60U, 8);
    CHECK_THROWS_AS((void)names(), Malformed);
}

TEST_CASE("machine code is known by its section") {
    ElfRecipe recipe;
    recipe.sections = {{".data", "x"}};
    const std::string without = write_kernel_module(recipe).bytes;
    recipe.sections.emplace_back(".text.f", "x");
    const std::string with = write_kernel_module(recipe).bytes;
    const MemorySource data(without), code(with);
    CHECK_FALSE(ElfFile(data).has_machine_code());
    CHECK(ElfFile(code).has_machine_code());
}

TEST_CASE("the interpreter of a program, where it asks for one") {
    const std::string bytes = write_shared_object(driver_recipe()).bytes;
    const MemorySource library(bytes);
    CHECK(ElfFile(library).interpreter().empty());
    for (const char* path : {"/bin/true", "/bin/sh"}) {
        const FileSource source{std::filesystem::path(path)};
        CHECK(contains(ElfFile(source).interpreter(), "/ld-linux"));
        CHECK_FALSE(ElfFile(source).loaded_ranges().empty());
    }
}

TEST_CASE("an open descriptor is a source, too") {
    const TempRoot folder;
    folder.write("/libcuda.so.1.1", write_shared_object(driver_recipe()).bytes);
    const FileSource source(::open(folder.on_host("/libcuda.so.1.1").c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(ElfFile(source).dynamic().soname == "libcuda.so.1");
    CHECK(source.data_from({3}).value == 3);
    CHECK(source.data_from({source.size()}).value == source.size());
    CHECK_THROWS_AS(FileSource{-1}, std::system_error);
}

TEST_CASE("a file is read in parts, and only the parts asked for") {
    ElfRecipe recipe = driver_recipe();
    recipe.padding = std::size_t{1} << 22;
    const WrittenElf written = write_shared_object(recipe);
    const CountingSource source(written.bytes);
    const ElfFile file(source);
    CHECK(file.dynamic().needed.size() == 2);
    CHECK(file.exports("cuInit"));
    CHECK(file.build_id() == "0001abff");
    CHECK(source.fetched < 4096);
}

TEST_CASE("a file on the medium answers as one in memory") {
    const TempRoot folder;
    folder.write("/libcuda.so.1.1", write_shared_object(driver_recipe()).bytes);
    const FileSource source(folder.on_host("/libcuda.so.1.1"));
    const ElfFile file(source);
    CHECK(file.dynamic().soname == "libcuda.so.1");
    CHECK(file.exports("cuDriverGetVersion"));
}

TEST_CASE("what is no regular file is refused without waiting") {
    const TempRoot folder;
    CHECK_THROWS_AS(FileSource{folder.on_host("/none")}, std::system_error);
    CHECK_THROWS_AS(FileSource{folder.directory()}, std::system_error);
    REQUIRE(::mkfifo(folder.on_host("/fifo").c_str(), 0600) == 0);
    CHECK_THROWS_AS(FileSource{folder.on_host("/fifo")}, std::system_error);
}

TEST_CASE("a file that became shorter since it was opened is malformed, not a crash") {
    const TempRoot folder;
    const WrittenElf written = write_shared_object(driver_recipe());
    folder.write("/lib.so", written.bytes);
    const FileSource source(folder.on_host("/lib.so"));
    const ElfFile file(source);
    std::filesystem::resize_file(folder.on_host("/lib.so"), 100);
    CHECK_THROWS_WITH_AS((void)file.dynamic(), doctest::Contains("became shorter"), Malformed);
}

TEST_CASE("the C library of this machine is read right") {
    for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"}) {
        if (!std::filesystem::exists(path)) continue;
        const FileSource source(path);
        const ElfFile file(source);
        CHECK(file.dynamic().soname == "libc.so.6");
        CHECK(file.exports("malloc"));
        CHECK_FALSE(file.exports("cuInit"));
        CHECK(file.build_id().size() == 40);
    }
}

// ---- flaws, each named for what is wrong ----

TEST_CASE("empty file") { CHECK(flaw_of("") == "empty"); }
TEST_CASE("magic only") { CHECK(flaw_of("\177ELF") == "file too short"); }
TEST_CASE("header cut in the middle") {
    CHECK(flaw_of(std::string_view(write_shared_object({}).bytes).substr(0, 40)) == "file too short");
}
TEST_CASE("linker script in place of a library") {
    CHECK(flaw_of("/* GNU ld script */ INPUT(libcuda.so.1)") == "not an ELF file");
}
TEST_CASE("long text in place of a library") { CHECK(flaw_of(std::string(5000, 'x')) == "not an ELF file"); }

TEST_CASE("32-bit class") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    bytes[4] = 1;
    CHECK(flaw_of(bytes) == "32-bit ELF file");
}
TEST_CASE("big-endian data") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    bytes[5] = 2;
    CHECK(flaw_of(bytes) == "big-endian ELF file");
}
TEST_CASE("program header table behind the end of the file") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    set(bytes, 32, 1U << 30U, 8);
    CHECK(contains(flaw_of(bytes), "program header table leaves the file"));
}
TEST_CASE("program header offset near 2^64") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    set(bytes, 32, ~std::uint64_t{0} - 8, 8);
    CHECK(contains(flaw_of(bytes), "program header table leaves the file"));
}
TEST_CASE("program headers of a foreign size") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    set(bytes, 54, 32, 2);
    CHECK(contains(flaw_of(bytes), "program headers of 32 bytes"));
}
TEST_CASE("dynamic section behind the end of the file") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, file.places["program headers"] + 56 + 8, file.bytes.size() - 4, 8);
    CHECK(contains(flaw_of(file.bytes), "dynamic section leaves the file"));
}
TEST_CASE("dynamic section of 2^63 bytes") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, file.places["program headers"] + 56 + 32, std::uint64_t{1} << 63U, 8);
    CHECK(contains(flaw_of(file.bytes), "dynamic section leaves the file"));
}
TEST_CASE("string table at an address that nothing loads") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, dynamic_value(file, 5), 0x10, 8);
    CHECK(contains(flaw_of(file.bytes), "lies in no loaded segment"));
}
TEST_CASE("NEEDED name behind the end of the file") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, dynamic_value(file, 1), std::uint64_t{1} << 40U, 8);
    CHECK(contains(flaw_of(file.bytes), "a NEEDED entry has no end"));
}
TEST_CASE("NEEDED offset that overflows") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, dynamic_value(file, 1), ~std::uint64_t{0}, 8);
    CHECK(contains(flaw_of(file.bytes), "overflows"));
}
TEST_CASE("SONAME without an end") {
    ElfRecipe recipe = driver_recipe();
    recipe.section_table = false;
    WrittenElf file = write_shared_object(recipe);
    const std::size_t at = file.bytes.size();
    file.bytes += std::string(70'000, 'a');
    // The text begins in the last loaded bytes and runs on through what follows.
    set(file.bytes, dynamic_value(file, 14), at - file.places[".dynstr"], 8);
    CHECK(contains(flaw_of(file.bytes), "the SONAME has no end"));
}
TEST_CASE("GNU hash table without buckets defines nothing") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, file.places[".gnu.hash"], 0, 4);
    const MemorySource source(file.bytes);
    CHECK_FALSE(ElfFile(source).exports("cuInit"));
}
TEST_CASE("GNU hash table with 2^32 bloom words") {
    WrittenElf file = write_shared_object(driver_recipe());
    set(file.bytes, file.places[".gnu.hash"] + 8, 0xffffffffU, 4);
    CHECK(contains(flaw_of(file.bytes), "GNU hash table leaves the file"));
}
TEST_CASE("hash chain that runs in a circle") {
    ElfRecipe recipe = driver_recipe();
    recipe.hash = HashTable::sysv;
    WrittenElf file = write_shared_object(recipe);
    const std::size_t chains = file.places[".hash"] + 12;
    set(file.bytes, chains + 4, 1, 4);  // the first link leads to itself, and is no cuInit
    CHECK(contains(flaw_of(file.bytes), "chain of the hash table does not end"));
}
TEST_CASE("section table behind the end of the file leaves the dynamic part readable") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    set(bytes, 40, 1U << 30U, 8);
    CHECK(contains(flaw_of(bytes), "section header table leaves the file"));
    const MemorySource source(bytes);
    CHECK(ElfFile(source).dynamic().soname == "libcuda.so.1");
}
TEST_CASE("section of section names that does not exist") {
    std::string bytes = write_shared_object(driver_recipe()).bytes;
    set(bytes, 62, 999, 2);
    CHECK(contains(flaw_of(bytes), "section of section names does not exist"));
}
TEST_CASE("section larger than the file") {
    WrittenElf file = write_kernel_module({.modinfo = {{"name", "nvgpu"}}});
    set(file.bytes, file.places["section headers"] + 64 + 32, std::uint64_t{1} << 50U, 8);
    CHECK(contains(flaw_of(file.bytes), "section .modinfo leaves the file"));
}
TEST_CASE("section whose name has no end") {
    WrittenElf file = write_kernel_module({.modinfo = {{"name", "nvgpu"}}});
    set(file.bytes, file.places["section headers"] + 64, 0xffffff, 4);
    CHECK(contains(flaw_of(file.bytes), "bytes"));
}
TEST_CASE("no section is allocated by a size that only a sparse file has") {
    const TempRoot folder;
    WrittenElf file = write_kernel_module({.modinfo = {{"name", "nvgpu"}}});
    set(file.bytes, file.places["section headers"] + 64 + 32, std::uint64_t{1} << 38U, 8);
    folder.write("/huge.ko", file.bytes);
    std::filesystem::resize_file(folder.on_host("/huge.ko"), std::uint64_t{1} << 39U);
    const FileSource source(folder.on_host("/huge.ko"));
    const ElfFile elf(source);
    CHECK_THROWS_WITH_AS((void)elf.content(*elf.section(".modinfo")), doctest::Contains("larger than"), Malformed);
}

TEST_CASE("note that claims more than its section holds is cut, and is no build id") {
    std::string bytes = detail::note("GNU", 3, "0123456789");
    set(bytes, 4, 41, 4);
    const std::vector<ElfNote> notes = read_notes(ByteView{bytes});
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].cut);
    CHECK(notes[0].payload.substr(0, 10) == "0123456789");
    CHECK(build_id_of(notes).empty());
}
TEST_CASE("note whose name is longer than its section ends the list") {
    std::string bytes = detail::note("First", 1, "x") + detail::note("GNU", 3, "0123");
    set(bytes, 24, 0xffffffffU, 4);
    const std::vector<ElfNote> notes = read_notes(ByteView{bytes});
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].owner == "First");
}
TEST_CASE("the build id is found behind other notes") {
    const std::string bytes = detail::note("Xen", 6, "linux") + detail::note("GNU", 1, "abi.") +
                              detail::note("GNU", 3, std::string("\xde\xad", 2));
    CHECK(build_id_of(read_notes(ByteView{bytes})) == "dead");
}

TEST_CASE("random bytes and mutated files end in an answer or in Malformed, never in a crash") {
    ElfRecipe sysv = driver_recipe();
    sysv.hash = HashTable::sysv;
    const std::vector<std::string> good = {
        write_shared_object(driver_recipe()).bytes, write_shared_object(sysv).bytes,
        write_kernel_module({.build_id = "0123", .modinfo = {{"name", "nvgpu"}}}).bytes};
    for (const std::string& bytes : good) REQUIRE(flaw_of(bytes).empty());
    int flawed = 0;
    for (unsigned seed = 0; seed < 6000; ++seed) {
        flawed += flaw_of(mutated(good[seed % good.size()], seed)).empty() ? 0 : 1;
        (void)flaw_of("\177ELF\2\1\1" + random_bytes(seed, 600));
        (void)read_notes(ByteView{random_bytes(seed, 100)}, seed % 2 == 0 ? 4 : 8);
    }
    CHECK(flawed > 600);
}
