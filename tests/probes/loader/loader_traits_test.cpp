// What the loader's own file says, and what is taken where it says nothing.

#include "probes/loader/loader_traits.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

using List = std::vector<std::string>;

std::string loader_file(const std::string& words) {
    return std::string("\177ELF code\0", 10) + words + std::string("\0more\0", 6);
}

const std::string debian_folders("/lib/aarch64-linux-gnu/\0/usr/lib/aarch64-linux-gnu/\0/lib/\0/usr/lib/", 67);

LoaderTraits arm(const TempRoot& board) {
    return read_loader_traits(SystemRoot(board.directory()), ElfMachine::aarch64);
}

}  // namespace

TEST_CASE("folders and version are read from the loader") {
    const TempRoot board;
    board.write("/lib/ld-linux-aarch64.so.1",
                loader_file(debian_folders + std::string(1, '\0') +
                            "ld.so (Ubuntu GLIBC 2.35-0ubuntu3) stable release version 2.35.\n"));
    const LoaderTraits traits = arm(board);
    CHECK(traits.default_folders == List{"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib"});
    CHECK(traits.glibc_minor == 35);
    CHECK(traits.lib == "lib/aarch64-linux-gnu");
    CHECK(traits.platform == "aarch64");
    CHECK(traits.subfolders ==
          List{"tls/aarch64/atomics", "tls/aarch64", "tls/atomics", "tls", "aarch64/atomics", "aarch64", "atomics"});
    CHECK(machine_of_loader(SystemRoot(board.directory())) == ElfMachine::aarch64);
}

TEST_CASE("up to 2.31 the version stands in the file's name only") {
    const TempRoot board;
    board.write("/lib/aarch64-linux-gnu/ld-2.31.so", loader_file(debian_folders));
    board.link("/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld-2.31.so");
    CHECK(arm(board).glibc_minor == 31);
}

TEST_CASE("a loader of the Nix store has one folder") {
    const TempRoot board;
    const std::string path = "/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-glibc-2.40/lib/ld-linux-aarch64.so.1";
    board.write(path, loader_file("/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-glibc-2.40/lib/"));
    const LoaderTraits traits = read_loader_traits(SystemRoot(board.directory()), ElfMachine::aarch64, path);
    REQUIRE(traits.default_folders.size() == 1);
    CHECK(traits.lib == "lib");
}

TEST_CASE("without a loader the folders are those of the distribution") {
    const TempRoot yocto;
    CHECK(arm(yocto).default_folders == List{"/lib64", "/usr/lib64", "/lib", "/usr/lib"});
    CHECK(arm(yocto).subfolders.empty());
    const TempRoot ubuntu;
    ubuntu.make_directory("/usr/lib/aarch64-linux-gnu");
    CHECK(arm(ubuntu).default_folders.front() == "/lib/aarch64-linux-gnu");
}

TEST_CASE("on x86-64 the CPU says which subfolders count") {
    const TempRoot board;
    board.write("/lib64/ld-linux-x86-64.so.2", loader_file("stable release version 2.36."));
    const SystemRoot root(board.directory());
    CHECK(machine_of_loader(root) == ElfMachine::x86_64);
    CHECK(read_loader_traits(root, ElfMachine::x86_64).named_hwcaps.empty());
    const std::string flags =
        "flags\t\t: cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave\n";
    board.write("/proc/cpuinfo", "processor : 0\nvendor_id\t: GenuineIntel\n" + flags);
    const LoaderTraits traits = read_loader_traits(root, ElfMachine::x86_64);
    CHECK(traits.named_hwcaps == List{"x86-64-v3", "x86-64-v2"});
    CHECK(traits.platform == "haswell");
    CHECK(traits.subfolders.front() == "glibc-hwcaps/x86-64-v3");
    CHECK(traits.subfolders[2] == "tls/haswell/x86_64");
    // The same CPU of another maker has glibc-hwcaps, and the kernel's name for its platform.
    board.write("/proc/cpuinfo", "processor : 0\nvendor_id\t: AuthenticAMD\n" + flags);
    const LoaderTraits other = read_loader_traits(root, ElfMachine::x86_64);
    CHECK(other.named_hwcaps == traits.named_hwcaps);
    CHECK(other.platform == "x86_64");
    CHECK(other.platform_bit == 0);
    CHECK(other.subfolders[2] == "tls/x86_64/x86_64");
    board.write("/lib64/ld-linux-x86-64.so.2", loader_file("stable release version 2.39."));
    CHECK(read_loader_traits(SystemRoot(board.directory()), ElfMachine::x86_64).subfolders ==
          List{"glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2"});
}

TEST_CASE("random and damaged loaders leave folders that can be searched") {
    const TempRoot board;
    for (unsigned seed = 0; seed < 500; ++seed) {
        board.write("/lib/ld-linux-aarch64.so.1", seed % 2 == 0 ? mutated(loader_file(debian_folders), seed)
                                                                : std::string(1, '\0') + random_bytes(seed, 300));
        const LoaderTraits traits = arm(board);
        REQUIRE_FALSE(traits.default_folders.empty());
        for (const std::string& folder : traits.default_folders) CHECK(folder.front() == '/');
    }
}
