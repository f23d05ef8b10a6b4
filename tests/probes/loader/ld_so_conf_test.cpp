// The configuration of ldconfig: includes, what it would enter, and who is to be blamed for a folder.

#include "probes/loader/ld_so_conf.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::string library(const std::string& soname, std::uint16_t machine = 183) {
    ElfRecipe recipe;
    recipe.machine = machine;
    recipe.soname = soname;
    return write_shared_object(recipe).bytes;
}

std::vector<std::string> paths(const LdSoConf& conf) {
    std::vector<std::string> result;
    for (const ConfFolder& folder : conf.folders) result.push_back(folder.path);
    return result;
}

LoaderTraits ubuntu() {
    LoaderTraits traits;
    traits.default_folders = {"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib"};
    return traits;
}

std::vector<ConfLibrary> libraries(const TempRoot& board) {
    const SystemRoot root(board.directory());
    return libraries_for_ldconfig(root, read_ld_so_conf(root), ubuntu(), "libcuda.so.1");
}

}  // namespace

TEST_CASE("includes are followed in the order of their names, and each folder has its line") {
    const TempRoot board;
    board.write("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n\n/opt/last/\n");
    board.write("/etc/ld.so.conf.d/b.conf", "# b\n/opt/b  # why\n");
    board.write("/etc/ld.so.conf.d/a.conf", "\t/opt/a\n/opt/b\nhwcap 0 nosegneg\n");
    board.write("/etc/ld.so.conf.d/c.list", "/opt/not\n");
    const LdSoConf conf = read_ld_so_conf(SystemRoot(board.directory()));
    CHECK(paths(conf) == std::vector<std::string>{"/opt/a", "/opt/b", "/opt/last"});
    CHECK(conf.folders[0].source == "/etc/ld.so.conf.d/a.conf, line 1");
    CHECK(conf.folders[1].source == "/etc/ld.so.conf.d/a.conf, line 2");
    CHECK(conf.folders[2].source == "/etc/ld.so.conf, line 3");
    CHECK(conf.files.size() == 3);
}

TEST_CASE("relative patterns are relative to their file, and a file that includes itself ends") {
    const TempRoot board;
    board.write("/etc/ld.so.conf", "include ld.so.conf.d/?.conf ld.so.conf\n");
    board.write("/etc/ld.so.conf.d/a.conf", "include ../ld.so.conf\ninclude *.conf\n/opt/a\nnot/absolute\n=\n");
    board.write("/etc/ld.so.conf.d/.hidden.conf", "/opt/hidden\n");
    CHECK(paths(read_ld_so_conf(SystemRoot(board.directory()))) == std::vector<std::string>{"/opt/a"});
    CHECK(read_ld_so_conf(SystemRoot(TempRoot().directory().parent_path())).folders.size() < 100);
}

TEST_CASE("sets in brackets count, and no pattern takes long") {
    const TempRoot board;
    std::string stars;
    for (int i = 0; i < 40; ++i) stars += "*a";
    board.write("/etc/ld.so.conf", "include d/[ab].conf\ninclude d/" + stars + "b\ninclude d/" + stars + "[b]\n");
    board.write("/etc/d/a.conf", "/opt/a\n");
    board.write("/etc/d/c.conf", "/opt/c\n");
    board.write("/etc/d/" + std::string(240, 'a'), "/opt/long\n");
    CHECK(paths(read_ld_so_conf(SystemRoot(board.directory()))) == std::vector<std::string>{"/opt/a"});
}

TEST_CASE("none is an empty one") {
    const TempRoot board;
    CHECK(read_ld_so_conf(SystemRoot(board.directory())).folders.empty());
}

TEST_CASE("a folder under two names is one, and is found by a library's path under either") {
    const TempRoot board;
    board.make_directory("/usr/lib/nvidia");
    board.link("/lib", "usr/lib");
    board.link("/usr/lib/tegra", "nvidia");
    board.write("/etc/ld.so.conf", "/usr/lib/tegra\n/lib/nvidia\n");
    const SystemRoot root(board.directory());
    const LdSoConf conf = read_ld_so_conf(root);
    REQUIRE(conf.folders.size() == 1);
    CHECK(folder_of_library(conf, root, "/lib/nvidia/libcuda.so.1") == &conf.folders[0]);
    CHECK(folder_of_library(conf, root, "/usr/lib/tegra/libcuda.so.1") == &conf.folders[0]);
    CHECK(folder_of_library(conf, root, "/usr/lib/libcuda.so.1") == nullptr);
    CHECK(folder_of_library(conf, root, "/opt/libcuda.so.1") == nullptr);
}

TEST_CASE("ldconfig enters what carries the name, the configured folders before its own") {
    const TempRoot board;
    board.write("/etc/ld.so.conf", "/opt/driver\n/opt/empty\n/opt/intel\n");
    board.write("/opt/driver/libcuda.so.1.1", library("libcuda.so.1"));  // without a link of the name
    board.write("/opt/empty/libcuda.so.1", "");
    board.write("/opt/intel/libcuda.so.1", library("libcuda.so.1", 62));
    board.write("/usr/lib/libcuda.so.1", library("libcuda.so.1"));
    const std::vector<ConfLibrary> found = libraries(board);
    REQUIRE(found.size() == 2);
    CHECK(found[0].path == "/opt/driver/libcuda.so.1");
    CHECK(found[0].file == "/opt/driver/libcuda.so.1.1");
    CHECK(found[0].source == "/etc/ld.so.conf, line 1");
    CHECK(found[1].source == "ldconfig itself");
}

TEST_CASE("the link to build programs with is entered under its own name only") {
    const TempRoot board;
    board.write("/opt/driver/libcuda.so.1.1", library("libcuda.so.1"));
    board.link("/usr/lib/aarch64-linux-gnu/libcuda.so", "/opt/driver/libcuda.so.1.1");
    CHECK(libraries(board).empty());
    board.write("/usr/lib/stubs/libcuda.so", library("libcuda.so.1"));  // a stub is a file of that name
    board.write("/etc/ld.so.conf", "/usr/lib/stubs\n");
    REQUIRE(libraries(board).size() == 1);
    CHECK(libraries(board)[0].file == "/usr/lib/stubs/libcuda.so");
}

TEST_CASE("damaged configurations are read in bounded time") {
    const std::string good = "include /etc/ld.so.conf.d/*.conf\n/opt/a\n\t/opt/b # x\nhwcap 1 x\ninclude *\n";
    const TempRoot board;
    for (unsigned seed = 0; seed < 300; ++seed) {
        board.write("/etc/ld.so.conf", seed % 2 == 0 ? mutated(good, seed) : random_bytes(seed, 500));
        board.write("/etc/ld.so.conf.d/x.conf", mutated(good, seed + 1000));
        for (const ConfFolder& folder : read_ld_so_conf(SystemRoot(board.directory())).folders) {
            CHECK(folder.path.front() == '/');
        }
    }
}
