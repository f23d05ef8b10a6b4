// Which compat folders a board has, of which product each is, and who uses it.

#include "probes/compat/compat.hpp"

#include <doctest/doctest.h>

#include "probes/loader/libcuda_search.hpp"
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

// What the loader is told to have answered.
LoaderAnswer ends_at(const std::string& asker, const std::string& path, const std::string& real_path) {
    LoaderAnswer answer;
    answer.asker = asker;
    answer.path = path;
    answer.real_path = real_path;
    const auto outcome = real_path.empty() ? LoaderStep::Outcome::no_library : LoaderStep::Outcome::taken;
    answer.steps = {{"LD_LIBRARY_PATH of " + asker, path, outcome}};
    if (real_path.empty()) answer.path.clear();
    return answer;
}

LibcudaSearch search_with(const LoaderAnswer& plain, std::vector<LoaderAnswer> units = {}) {
    LibcudaSearch search;
    search.plain = plain;
    search.units = std::move(units);
    if (!plain.path.empty()) search.all.push_back({plain.path, plain.real_path, "a test", {}});
    for (const LoaderAnswer& unit : search.units) search.all.push_back({unit.path, unit.real_path, "a test", {}});
    return search;
}

const LoaderAnswer native_answer = ends_at("a program", native + "/libcuda.so.1", native + "/libcuda.so.1.1");

Compat read(const TempRoot& board, const Fact<DpkgPackages>& known = no_packages,
            const Fact<LibcudaSearch>& search = {}, const Fact<Software>& software = {}) {
    const CompatQuestion question{std::nullopt, std::nullopt, known, search, software};
    const Fact<Compat> compat = read_compat(SystemRoot(board.directory()), Catalog{}, question);
    REQUIRE(compat.known());
    return *compat;
}

Compat searched(const TempRoot& board, const LibcudaSearch& search) {
    return read(board, no_packages, Fact<LibcudaSearch>(search, "/etc/ld.so.cache"));
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
        const Compat compat = read(board, known);
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
    compat = read(other, packages(other, "cuda-compat-13-2", "595.58.03-1ubuntu1", "/usr/local/cuda-13.2/compat"));
    CHECK(compat.folders.front().product == CompatProduct::sbsa);
    CHECK(compat.folders.front().version == "595.58.03");
}

TEST_CASE("the product for Orin, by its folder or its package, whatever its file is called") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-13.2/compat_orin", "libcuda.so.595.58.03");
    const Compat compat =
        read(board, packages(board, "cuda-compat-orin-13-2", "13.2.44290101-1", "/usr/local/cuda-13.2/compat_orin"));
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
    const Compat compat =
        searched(board, search_with(native_answer, {ends_at("ollama.service", "/srv/own/compat/libcuda.so.1",
                                                            "/srv/own/compat/libcuda.so.1.1")}));
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
    const std::string real = "/usr/local/cuda-12.9/compat/libcuda.so.1.1";
    const std::string named_by = "/etc/ld.so.cache, from /etc/ld.so.conf.d/00-compat.conf, line 2";
    LibcudaSearch search = search_with(ends_at("a program", "/usr/local/cuda/compat/libcuda.so.1", real),
                                       {ends_at("a.service", "/usr/local/cuda-12/compat/libcuda.so.1", real)});
    search.all = {{"/usr/local/cuda/compat/libcuda.so.1", real, named_by, {}}};
    const Compat compat = searched(board, search);
    REQUIRE(compat.folders.size() == 1);
    CHECK(compat.folders.front().directory == "/usr/local/cuda-12.9/compat");
    // The unit gets what every program gets.
    REQUIRE(compat.folders.front().enabled_by.size() == 1);
    CHECK(compat.folders.front().enabled_by.front().who == "every program");
    CHECK(compat.folders.front().enabled_by.front().every_program);
    CHECK(compat.folders.front().enabled_by.front().source == named_by);
}

TEST_CASE("enabled is the one that a search ends at, and only for who searches so") {
    const TempRoot board;
    const std::string folder = "/usr/local/cuda-12.9/compat";
    put_compat(board, folder);
    put_compat(board, native);
    CHECK(searched(board, search_with(native_answer)).folders.front().enabled_by.empty());
    const Compat by_unit = searched(
        board,
        search_with(native_answer, {ends_at("ollama.service", folder + "/libcuda.so.1", folder + "/libcuda.so.1.1")}));
    REQUIRE(by_unit.folders.front().enabled_by.size() == 1);
    CHECK(by_unit.folders.front().enabled_by.front().who == "ollama.service");
    CHECK(by_unit.folders.front().enabled_by.front().source == "LD_LIBRARY_PATH of ollama.service");
    CHECK_FALSE(by_unit.folders.front().enabled_by.front().every_program);
    // Of a library that the search did not tell of, the last step is the source.
    LibcudaSearch untold = search_with(ends_at("a program", folder + "/libcuda.so.1", folder + "/libcuda.so.1.1"));
    untold.all.clear();
    const Compat by_all = searched(board, untold);
    CHECK(by_all.folders.front().enabled_by.front().source == "LD_LIBRARY_PATH of a program");
}

TEST_CASE("a search that breaks at a compat which is no library has it enabled") {
    const TempRoot board;
    const std::string folder = "/usr/local/cuda-12.9/compat";
    put_compat(board, folder, "libcuda.so.1.1", "");
    const Compat compat = searched(board, search_with(ends_at("a program", folder + "/libcuda.so.1", "")));
    REQUIRE(compat.folders.size() == 1);
    CHECK(compat.folders.front().enabled_by.size() == 1);
}

TEST_CASE("the loader's own search enables what its configuration names first") {
    const TempRoot board;
    put_compat(board, "/usr/local/cuda-12.9/compat");
    put_compat(board, native);
    const auto enabled = [&] {
        const SystemRoot root(board.directory());
        const Fact<LibcudaSearch> search = search_libcuda(root, read_ld_so_conf(root), Distribution::ubuntu);
        return read(board, no_packages, search).folders.front().enabled_by;
    };
    board.write("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
    board.write("/etc/ld.so.conf.d/nvidia-tegra.conf", native + "\n");
    CHECK(enabled().empty());
    board.write("/etc/ld.so.conf.d/zz-compat.conf", "/usr/local/cuda-12.9/compat\n");
    CHECK(enabled().empty());
    board.write("/etc/ld.so.conf.d/00-compat.conf", "/usr/local/cuda-12.9/compat\n");
    REQUIRE(enabled().size() == 1);
    CHECK(enabled().front().every_program);
    CHECK(enabled().front().source ==
          "/etc/ld.so.conf, as ldconfig would enter it, from /etc/ld.so.conf.d/00-compat.conf, line 1");
    board.remove("/etc/ld.so.conf.d/00-compat.conf");
    board.write("/etc/environment", "LD_LIBRARY_PATH=/usr/local/cuda-12.9/compat\n");
    REQUIRE(enabled().size() == 1);
    CHECK(enabled().front().who == "every login session");
    CHECK_FALSE(enabled().front().every_program);
}

TEST_CASE("on NixOS what the system is made of is enabled, and what merely lies in the store is not") {
    const TempRoot board;
    put_compat(board, store_32 + "cuda12.9-cuda_compat-12.9.40580548/compat");
    put_compat(board, store_32 + "cuda12.8-cuda_compat-12.8.39468522-lib/compat");
    Software software;
    InstalledComponent component;
    component.id = "cuda_compat";
    component.kind = ComponentKind::compat;
    component.package = "cuda12.9-cuda_compat-12.9.40580548";
    component.source = "/nix/var/nix/db/db.sqlite";
    software.components = {component};
    const Compat compat = read(board, no_packages, {}, Fact<Software>(software, "the store"));
    REQUIRE(compat.folders.size() == 2);
    for (const CompatFolder& folder : compat.folders) {
        CAPTURE(folder.directory);
        const bool used = folder.cuda == CudaVersion{12, 9};
        REQUIRE(folder.enabled_by.size() == (used ? 1U : 0U));
        if (!used) CHECK(folder.version == "12.8.39468522");
        if (used) CHECK(folder.enabled_by.front().by_nixpkgs);
        if (used) CHECK(folder.enabled_by.front().source == "their RUNPATH; /nix/var/nix/db/db.sqlite");
    }
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
    const auto read_for = [&](std::optional<std::string> soc, int line) {
        const Fact<LibcudaSearch> search;
        const Fact<Software> software;
        const CompatQuestion question{std::move(soc), line, no_packages, search, software};
        return *read_compat(SystemRoot(board.directory()), catalog, question);
    };
    const Compat orin = read_for("T234", 36);
    CHECK(orin.records.size() >= 4);
    REQUIRE(orin.window.has_value());
    CHECK(orin.window->lowest == CudaVersion{12, 4});
    CHECK(orin.window->highest == CudaVersion{12, 9});
    CHECK_FALSE(orin.window_source.empty());
    CHECK_FALSE(read_for("T264", 38).window.has_value());
    CHECK(read_for(std::nullopt, 38).records.empty());
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
        const LibcudaSearch search = search_with(ends_at(random_bytes(seed, 9), random_bytes(seed, 40), folder));
        CHECK(read(board, known, Fact<LibcudaSearch>(search, "x")).folders.size() >= 1);
    }
    const TempRoot many;
    for (int i = 0; i < 400; ++i) put_compat(many, "/usr/local/cuda-9." + std::to_string(i) + "/compat");
    CHECK(read(many).folders.size() == 200);
    const TempRoot loop;
    loop.link("/usr/local/cuda-12.9/compat", "../cuda-12.9/compat");
    CHECK(read(loop).folders.empty());
}
