// Which libcuda programs get on small boards: the cache, what ldconfig will change, units, and every other one about.

#include "probes/loader/libcuda_search.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/loader/cache_writer.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string cuda = "libcuda.so.1";
const std::string nvidia = "/usr/lib/aarch64-linux-gnu/nvidia";
const std::string toolkit = "/usr/local/cuda/lib64";

std::string driver() {
    ElfRecipe recipe;
    recipe.soname = cuda;
    recipe.needed = {"libc.so.6"};
    return write_shared_object(recipe).bytes;
}

std::string stub() {
    ElfRecipe recipe;
    recipe.soname = cuda;
    return write_shared_object(recipe).bytes;
}

void put_driver(const TempRoot& board, const std::string& folder) {
    board.write(folder + "/libcuda.so.1.1", driver());
    board.link(folder + "/libcuda.so.1", "libcuda.so.1.1");
}

// An Ubuntu board with its driver configured and cached.
void make_board(const TempRoot& board) {
    put_driver(board, nvidia);
    board.write("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
    board.write("/etc/ld.so.conf.d/nvidia-tegra.conf", nvidia + "\n");
    board.write("/etc/ld.so.cache", write_cache({{cuda, nvidia + "/libcuda.so.1"}}));
}

LibcudaSearch search(const TempRoot& board, Distribution distribution = Distribution::ubuntu) {
    const SystemRoot root(board.directory());
    const Fact<LibcudaSearch> found = search_libcuda(root, read_ld_so_conf(root), distribution);
    REQUIRE(found.known());
    return *found;
}

}  // namespace

TEST_CASE("on a healthy board the cache leads to the driver, and nothing else is about") {
    const TempRoot board;
    make_board(board);
    const LibcudaSearch found = search(board);
    CHECK(found.cache_read);
    CHECK(found.plain.path == nvidia + "/libcuda.so.1");
    CHECK(found.plain.real_path == nvidia + "/libcuda.so.1.1");
    CHECK(found.plain.steps.back().source == "/etc/ld.so.cache");
    CHECK_FALSE(found.after_ldconfig);
    CHECK(found.units.empty());
    REQUIRE(found.all.size() == 1);
    CHECK(found.all[0].file.elf);
}

TEST_CASE("one file under two names is seen once") {
    const TempRoot board;
    make_board(board);
    board.link("/usr/lib/aarch64-linux-gnu/tegra", "nvidia");
    board.link("/usr/lib/aarch64-linux-gnu/libcuda.so.1", "nvidia/libcuda.so.1");
    board.write("/etc/ld.so.cache", write_cache({{cuda, nvidia + "/libcuda.so.1"},
                                                 {cuda, "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1"},
                                                 {cuda, "/usr/lib/aarch64-linux-gnu/libcuda.so.1"}}));
    CHECK(search(board).all.size() == 1);
}

TEST_CASE("a stub in a configured folder is what programs get after the next ldconfig") {
    const TempRoot board;
    make_board(board);
    board.write(toolkit + "/libcuda.so.1", stub());
    board.write("/etc/ld.so.conf.d/000_cuda.conf", toolkit + "\n");
    const LibcudaSearch found = search(board);
    CHECK(found.plain.real_path == nvidia + "/libcuda.so.1.1");
    REQUIRE(found.after_ldconfig);
    CHECK(found.after_ldconfig->real_path == toolkit + "/libcuda.so.1");
    REQUIRE(found.all.size() == 2);
    CHECK(found.all[1].named_by == "/etc/ld.so.conf.d/000_cuda.conf, line 1");
    CHECK(found.all[1].file.stub);
    // And with it: who put it there is named.
    board.write("/etc/ld.so.cache", write_cache({{cuda, toolkit + "/libcuda.so.1"}, {cuda, nvidia + "/libcuda.so.1"}}));
    const LibcudaSearch now = search(board);
    CHECK(now.plain.path == toolkit + "/libcuda.so.1");
    CHECK_FALSE(now.after_ldconfig);
    REQUIRE(now.all.size() == 2);
    CHECK(now.all[1].path == nvidia + "/libcuda.so.1");
}

TEST_CASE("a cache from before the driver was installed leads nowhere, and ldconfig would mend it") {
    const TempRoot board;
    make_board(board);
    board.write("/etc/ld.so.cache", write_cache({}));
    const LibcudaSearch found = search(board);
    CHECK(found.plain.path.empty());
    REQUIRE(found.after_ldconfig);
    CHECK(found.after_ldconfig->real_path == nvidia + "/libcuda.so.1.1");
}

TEST_CASE("units with a path of their own are asked, and what they lead to is seen") {
    const TempRoot board;
    make_board(board);
    board.write(toolkit + "/stubs/libcuda.so.1", stub());
    board.write("/etc/systemd/system/a.service",
                "[Service]\nEnvironment=LD_LIBRARY_PATH=/opt/none:" + toolkit + "/stubs\n");
    board.write("/etc/systemd/system/b.service", "[Service]\nEnvironment=LD_LIBRARY_PATH=/opt/none\n");
    board.write("/etc/systemd/system/c.service", "[Service]\nEnvironment=LD_PRELOAD=" + nvidia + "/libcuda.so.1\n");
    const LibcudaSearch found = search(board);
    REQUIRE(found.units.size() == 3);
    CHECK(found.units[0].asker == "a.service");
    CHECK(found.units[0].path == toolkit + "/stubs/libcuda.so.1");
    CHECK(found.units[1].real_path == nvidia + "/libcuda.so.1.1");
    CHECK(found.units[2].real_path == nvidia + "/libcuda.so.1.1");
    CHECK(found.units[2].steps[0].source == "LD_PRELOAD of c.service, from /etc/systemd/system/c.service, line 2");
    REQUIRE(found.all.size() == 2);
    CHECK(found.all[1].named_by == "LD_LIBRARY_PATH of a.service, from /etc/systemd/system/a.service, line 2");
    CHECK(found.all[0].named_by == "/etc/ld.so.cache, from /etc/ld.so.conf.d/nvidia-tegra.conf, line 1");
}

TEST_CASE("without a cache the configuration speaks for it") {
    const TempRoot board;
    make_board(board);
    board.remove("/etc/ld.so.cache");
    const LibcudaSearch found = search(board);
    CHECK_FALSE(found.cache_read);
    CHECK(found.plain.real_path == nvidia + "/libcuda.so.1.1");
    CHECK(found.plain.steps.back().source == "/etc/ld.so.conf, as ldconfig would enter it");
    const TempRoot empty;
    CHECK(search(empty).plain.path.empty());
    CHECK(search(empty).all.empty());
}

TEST_CASE("an empty file ends the search") {
    const TempRoot board;
    make_board(board);
    board.write(nvidia + "/libcuda.so.1.1", "");
    const LibcudaSearch found = search(board);
    CHECK(found.plain.path.empty());
    CHECK(found.plain.steps.back().outcome == LoaderStep::Outcome::no_library);
    REQUIRE(found.all.size() == 1);
    CHECK(found.all[0].file.flaw == "empty");
}

TEST_CASE("on NixOS programs bring the path") {
    const TempRoot board;
    const std::string store = "/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-nvidia-l4t-cuda-36.5.0-20260115194252";
    put_driver(board, store + "/lib");
    board.link("/run/opengl-driver", store);
    const LibcudaSearch found = search(board, Distribution::nixos);
    CHECK(found.plain.path == "/run/opengl-driver/lib/libcuda.so.1");
    CHECK(found.plain.asker.find("nixpkgs") != std::string::npos);
    CHECK(found.all.size() == 1);
}

TEST_CASE("what is preloaded for all programs counts") {
    const TempRoot board;
    make_board(board);
    board.write(toolkit + "/libcuda.so.1", stub());
    board.write("/etc/ld.so.preload", "# all\n" + toolkit + "/libcuda.so.1\n");
    CHECK(search(board).plain.path == toolkit + "/libcuda.so.1");
}

TEST_CASE("damaged caches and libraries give some answer") {
    const TempRoot board;
    make_board(board);
    const std::string cache = write_cache({{cuda, nvidia + "/libcuda.so.1"}, {"libc.so.6", "/lib/libc.so.6"}});
    const std::string library = driver();
    for (unsigned seed = 0; seed < 200; ++seed) {
        board.write("/etc/ld.so.cache", mutated(cache, seed));
        board.write(nvidia + "/libcuda.so.1.1", seed % 2 == 0 ? library : mutated(library, seed));
        CHECK(search(board).all.size() < 5);
    }
}
