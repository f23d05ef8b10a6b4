// Which compat folders a board has, of which product each is, and who uses it.

#include "probes/compat/compat.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const Fact<DpkgPackages> no_packages = Missing{Lack::not_there, "no dpkg here", "/var/lib/dpkg/status"};
const std::string native = "/usr/lib/aarch64-linux-gnu/nvidia";
const std::string store_32 = "/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-";

std::string library(const std::string& note = {}) {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.needed = {"libc.so.6", "libnvrm_gpu.so"};
    recipe.exports = {"cuInit"};
    if (!note.empty()) {
        recipe.sections = {{".note.cuda.fwd_compatibility", detail::note("NVIDIA Corporation", 1, note)}};
    }
    return write_shared_object(recipe).bytes;
}

// A compat folder as NVIDIA's packages lay it out.
void put_compat(const TempRoot& board, const std::string& folder, const std::string& file = "libcuda.so.1.1",
                const std::string& bytes = library()) {
    board.write(folder + '/' + file, bytes);
    board.link(folder + "/libcuda.so.1", file);
    board.link(folder + "/libcuda.so", "libcuda.so.1");
}

Fact<DpkgPackages> packages(const TempRoot& board, const std::string& name, const std::string& version,
                            const std::string& folder, const std::string& suffix = {}) {
    board.write("/var/lib/dpkg/info/" + name + suffix + ".list",
                "/.\n/usr\n" + folder + '\n' + folder + "/libcuda.so\n" + folder + "/libcuda.so.1\n");
    DpkgPackages result;
    result.packages.push_back({name, version, "arm64", "installed", true});
    return {result, "/var/lib/dpkg/status"};
}

SearchedFolder by_conf(const std::string& directory, const std::string& file = "/etc/ld.so.conf.d/00-compat.conf") {
    return {directory, {"every program", file + ", line 1", true}};
}

SearchedFolder by_unit(const std::string& directory) {
    return {directory, {"ollama.service", "/etc/systemd/system/ollama.service, line 4"}};
}

Compat read(const TempRoot& board, const CompatPlaces& places = {}, const Fact<DpkgPackages>& known = no_packages) {
    const Fact<Compat> compat = read_compat(SystemRoot(board.directory()), Catalog{}, known, places);
    REQUIRE(compat.known());
    return *compat;
}

CompatPlaces searched(const std::vector<SearchedFolder>& folders) {
    CompatPlaces places;
    places.searched = folders;
    places.native_directory = native;
    return places;
}

}  // namespace

TEST_CASE("a board without compat has no folder, and a folder without libcuda is none") {
    const TempRoot board;
    CHECK(read(board).folders.empty());
    board.make_directory("/usr/local/cuda-12.6/compat");
    board.write("/usr/local/cuda-12.9/compat/readme", "x");
    board.link("/usr/local/cuda-11.8/compat/libcuda.so.1", "libcuda.so.1.1");  // leads nowhere
    CHECK(read(board).folders.empty());
}

TEST_CASE("the L4T product, by its package") {
    const TempRoot board;
    const std::string folder = "/usr/local/cuda-12.9/compat";
    put_compat(board, folder);
    for (const std::string suffix : {"", ":arm64"}) {
        board.remove("/var/lib/dpkg/info");
        const auto known = packages(board, "cuda-compat-12-9", "12.9.40580548-1", folder, suffix);
        const Compat compat = read(board, {}, known);
        REQUIRE(compat.folders.size() == 1);
        const CompatFolder& found = compat.folders.front();
        CHECK(found.directory == folder);
        CHECK(found.product == CompatProduct::l4t);
        CHECK(found.version == "12.9.40580548");
        CHECK(found.cuda == CudaVersion{12, 9});
        CHECK(found.package == "cuda-compat-12-9");
        CHECK(found.library.path == folder + "/libcuda.so.1");
        CHECK(found.library.real_path == folder + "/libcuda.so.1.1");
        CHECK(found.library.elf);
        CHECK(found.enabled_by.empty());
        CHECK(found.note.lacks(Lack::not_there));
    }
}

TEST_CASE("the SBSA product, by the number of a driver in its file's name or its package") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-13.0/compat", "libcuda.so.580.65.06");
    Compat compat = read(board);
    REQUIRE(compat.folders.size() == 1);
    CHECK(compat.folders.front().product == CompatProduct::sbsa);
    CHECK(compat.folders.front().version == "580.65.06");
    CHECK(compat.folders.front().cuda == CudaVersion{13, 0});
    CHECK(compat.folders.front().package.empty());

    const TempRoot other;
    put_compat(other, "/usr/local/cuda-13.2/compat");
    compat = read(other, {}, packages(other, "cuda-compat-13-2", "595.58.03-1ubuntu1", "/usr/local/cuda-13.2/compat"));
    CHECK(compat.folders.front().product == CompatProduct::sbsa);
    CHECK(compat.folders.front().version == "595.58.03");
}

TEST_CASE("the product for Orin, by its folder or its package, whatever its file is called") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-13.2/compat_orin", "libcuda.so.595.58.03");
    const Compat compat = read(
        board, {}, packages(board, "cuda-compat-orin-13-2", "13.2.44290101-1", "/usr/local/cuda-13.2/compat_orin"));
    REQUIRE(compat.folders.size() == 1);
    CHECK(compat.folders.front().product == CompatProduct::orin);
    CHECK(compat.folders.front().version == "13.2.44290101");
    CHECK(compat.folders.front().cuda == CudaVersion{13, 2});
    CHECK(compat.folders.front().package == "cuda-compat-orin-13-2");
}

TEST_CASE("without a package, folder and file say what they can") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.9/compat");
    put_compat(board, "/usr/local/cuda-13.2/compat");
    put_compat(board, "/srv/own/compat");
    const Compat compat = read(board, searched({by_unit("/srv/own/compat")}));
    REQUIRE(compat.folders.size() == 3);
    CHECK(compat.folders[0].directory == "/srv/own/compat");
    CHECK(compat.folders[0].product == CompatProduct::not_recorded);
    CHECK_FALSE(compat.folders[0].cuda.has_value());
    CHECK(compat.folders[1].product == CompatProduct::l4t);
    CHECK(compat.folders[1].cuda == CudaVersion{12, 9});
    CHECK(compat.folders[2].product == CompatProduct::not_recorded);  // of CUDA 13 it may be either
    CHECK(compat.folders[2].cuda == CudaVersion{13, 2});
}

TEST_CASE("the note beats the name of the folder") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.6/compat", "libcuda.so.1.1",
               library(R"({"format": 1, "CUDA version": "12.9", "driver": [535, 550]})"));
    const Compat compat = read(board);
    REQUIRE(compat.folders.front().note.known());
    CHECK(compat.folders.front().note->drivers == std::vector<int>{535, 550});
    CHECK(compat.folders.front().cuda == CudaVersion{12, 9});
}

TEST_CASE("a malformed note is not understood, and the folder is told all the same") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.9/compat", "libcuda.so.1.1", library(R"({"format": 1,})"));
    const Compat compat = read(board);
    REQUIRE(compat.folders.size() == 1);
    CHECK(compat.folders.front().note.lacks(Lack::not_understood));
    CHECK(compat.folders.front().cuda == CudaVersion{12, 9});
}

TEST_CASE("what is no library is told with its flaw") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.9/compat", "libcuda.so.1.1", "");
    const Compat compat = read(board);
    REQUIRE(compat.folders.size() == 1);
    CHECK_FALSE(compat.folders.front().library.elf);
    CHECK_FALSE(compat.folders.front().library.flaw.empty());
    CHECK(compat.folders.front().note.lacks(Lack::not_understood));
}

TEST_CASE("one folder by several links is one") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.9/compat");
    board.link("/etc/alternatives/cuda", "/usr/local/cuda-12.9");
    board.link("/usr/local/cuda", "/etc/alternatives/cuda");
    board.link("/usr/local/cuda-12", "/usr/local/cuda-12.9");
    const Compat compat =
        read(board, searched({by_conf("/usr/local/cuda/compat"), by_unit("/usr/local/cuda-12/compat")}));
    REQUIRE(compat.folders.size() == 1);
    CHECK(compat.folders.front().directory == "/usr/local/cuda-12.9/compat");
    REQUIRE(compat.folders.front().enabled_by.size() == 2);
    CHECK(compat.folders.front().enabled_by[0].who == "every program");
    CHECK(compat.folders.front().enabled_by[0].every_program);
    CHECK(compat.folders.front().enabled_by[1].who == "ollama.service");
}

TEST_CASE("a search that meets the release's own libcuda first does not go on to the compat") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.9/compat");
    put_compat(board, native);
    const std::string conf = "/usr/local/cuda-12.9/compat";
    CHECK(read(board, searched({by_conf(conf), by_conf(native)})).folders.front().enabled_by.size() == 1);
    CHECK(read(board, searched({by_conf(native), by_conf(conf)})).folders.front().enabled_by.empty());
    // Each asker has a search of its own.
    CHECK(read(board, searched({by_conf(native), by_unit(conf)})).folders.front().enabled_by.size() == 1);
    // One that only looks like it is another.
    CHECK(read(board, searched({by_conf("/usr/lib/other"), by_conf(conf)})).folders.front().enabled_by.size() == 1);
    CHECK(read(board, searched({by_conf(conf), by_conf(conf)})).folders.front().enabled_by.size() == 1);
}

TEST_CASE("a store path of nixpkgs names set, version and product") {
    const TempRoot board;
    put_compat(board, store_32 + "cuda12.9-cuda_compat-12.9.40580548/compat");
    put_compat(board, store_32 + "cuda13.2-cuda_compat-595.58.03/compat");
    board.make_directory(store_32 + "cuda12.9-cuda_cudart-12.9.79/lib");
    const Compat compat = read(board);
    REQUIRE(compat.folders.size() == 2);
    CHECK(compat.folders[0].package == "cuda12.9-cuda_compat-12.9.40580548");
    CHECK(compat.folders[0].version == "12.9.40580548");
    CHECK(compat.folders[0].cuda == CudaVersion{12, 9});
    CHECK(compat.folders[0].product == CompatProduct::l4t);
    CHECK(compat.folders[1].cuda == CudaVersion{13, 2});
    CHECK(compat.folders[1].product == CompatProduct::sbsa);
}

TEST_CASE("the records of the board's SoC come along, and the window is that of its line") {
    const TempRoot board;
    const Catalog catalog = load_catalog(std::filesystem::path(JETCUDA_SOURCE_DIR) / "config/data", "/no/such/folder");
    CompatPlaces places;
    places.soc = "T234";
    places.line = 36;
    const Fact<Compat> orin = read_compat(SystemRoot(board.directory()), catalog, no_packages, places);
    REQUIRE(orin.known());
    CHECK(orin->records.size() >= 4);
    REQUIRE(orin->window.has_value());
    CHECK(orin->window->lowest == CudaVersion{12, 4});
    CHECK(orin->window->highest == CudaVersion{12, 9});
    CHECK_FALSE(orin->window_source.empty());
    places.soc = "T264";
    places.line = 38;
    CHECK_FALSE(read_compat(SystemRoot(board.directory()), catalog, no_packages, places)->window.has_value());
    places.soc.reset();
    CHECK(read_compat(SystemRoot(board.directory()), catalog, no_packages, places)->records.empty());
}

TEST_CASE("names of folders and versions") {
    CHECK(is_compat_folder("/usr/local/cuda/compat"));
    CHECK(is_compat_folder("/usr/local/cuda/compat_orin/"));
    CHECK_FALSE(is_compat_folder("/usr/local/cuda/compatible"));
    CHECK_FALSE(is_compat_folder("compat/lib"));
    CHECK_FALSE(is_compat_folder(""));
    CHECK(is_driver_number("580.65.06"));
    CHECK(is_driver_number("595.78"));
    CHECK_FALSE(is_driver_number("12.9.40580548"));
    CHECK_FALSE(is_driver_number("580"));
    CHECK_FALSE(is_driver_number("580.65.06-ubuntu"));
    CHECK_FALSE(is_driver_number("1.1"));
    CHECK_FALSE(is_driver_number(""));
}

TEST_CASE("hostile names, packages and files are survived") {
    for (unsigned seed = 0; seed < 150; ++seed) {
        const TempRoot board;
        const std::string folder = "/usr/local/cuda-12.9/compat";
        put_compat(board, folder, "libcuda.so.1.1", mutated(library(R"({"format": 1, "CUDA version": "12.9"})"), seed));
        const auto known = packages(board, "cuda-compat-12-9", mutated("12.9.40580548-1", seed), folder);
        std::string name = mutated("cuda12.9-cuda_compat-12.9.40580548", seed);
        for (char& c : name) {
            if (c == '/' || c == '\0') c = '_';
        }
        put_compat(board, store_32 + name + "/compat");
        CHECK(read(board, searched({by_conf(random_bytes(seed, 40)), by_conf(folder)}), known).folders.size() >= 1);
    }
    const TempRoot many;
    for (int i = 0; i < 400; ++i) put_compat(many, "/usr/local/cuda-9." + std::to_string(i) + "/compat");
    CHECK(read(many).folders.size() == 200);
    const TempRoot loop;
    loop.link("/usr/local/cuda-12.9/compat", "../cuda-12.9/compat");
    CHECK(read(loop).folders.empty());
}
