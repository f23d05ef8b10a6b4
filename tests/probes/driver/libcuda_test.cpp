// Where libcuda is looked for, and of which release it is.

#include "probes/driver/libcuda.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string nvidia_folder = "/usr/lib/aarch64-linux-gnu/nvidia";

std::string driver_bytes() {
    ElfRecipe recipe;
    recipe.soname = "libcuda.so.1";
    recipe.needed = {"libc.so.6", "libnvrm_gpu.so"};
    recipe.build_id = "0123";
    recipe.exports = {"cuInit"};
    return write_shared_object(recipe).bytes;
}

// A driver folder as packages lay it out: the real file and its link.
void put_driver(const TempRoot& board, const std::string& folder, const std::string& bytes) {
    board.write(folder + "/libcuda.so.1.1", bytes);
    board.link(folder + "/libcuda.so.1", "libcuda.so.1.1");
}

LibcudaPlaces ubuntu(int line) {
    LibcudaPlaces places;
    places.distribution = Distribution::ubuntu;
    places.line = line;
    places.gpu_variant = "nvgpu";
    return places;
}

Fact<LibcudaFile> find(const TempRoot& board, const LibcudaPlaces& places) {
    return find_libcuda(SystemRoot(board.directory()), places);
}

Catalog small_catalog() {
    Catalog catalog;
    for (const int line : {35, 36, 39}) {
        LineRecord record;
        record.line = line;
        catalog.lines.push_back(record);
    }
    ReleaseRecord release;
    release.l4t = L4tRelease{36, 5, 0};
    release.driver_version = "540.5.0";
    catalog.releases = {release};
    return catalog;
}

Fact<DpkgPackages> packages(const std::vector<std::pair<std::string, std::string>>& names) {
    DpkgPackages result;
    for (const auto& [name, version] : names) result.packages.push_back({name, version, "arm64", "installed", true});
    return {result, "/var/lib/dpkg/status"};
}

const Fact<DpkgPackages> no_packages = Missing{Lack::not_there, "no dpkg here", "/var/lib/dpkg/status"};

Fact<DriverRelease> release_of(const TempRoot& board, const LibcudaPlaces& places, const Fact<DpkgPackages>& known,
                               bool in_container = false) {
    const SystemRoot root(board.directory());
    return read_libcuda_release(root, small_catalog(), find_libcuda(root, places), known, in_container);
}

}  // namespace

TEST_CASE("each line of Ubuntu has its own place, and it goes before the others") {
    const TempRoot board;
    put_driver(board, "/usr/lib/aarch64-linux-gnu/tegra", driver_bytes());
    put_driver(board, nvidia_folder, driver_bytes());
    put_driver(board, "/opt/nvidia/l4t-gpu-libs/nvgpu", driver_bytes());
    put_driver(board, "/opt/nvidia/l4t-gpu-libs/openrm", driver_bytes());
    CHECK(find(board, ubuntu(35))->real_path == "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1.1");
    CHECK(find(board, ubuntu(36))->real_path == nvidia_folder + "/libcuda.so.1.1");
    CHECK(find(board, ubuntu(38))->real_path == nvidia_folder + "/libcuda.so.1.1");
    CHECK(find(board, ubuntu(39))->real_path == "/opt/nvidia/l4t-gpu-libs/nvgpu/libcuda.so.1.1");
    LibcudaPlaces thor = ubuntu(39);
    thor.gpu_variant = "openrm";
    CHECK(find(board, thor)->real_path == "/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1.1");
    CHECK(find(board, thor)->path == "/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1");
}

TEST_CASE("NixOS and Yocto have one place each") {
    const TempRoot nixos;
    const std::string store = "/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-nvidia-l4t-cuda-36.5.0-20260115194252";
    put_driver(nixos, store + "/lib", driver_bytes());
    nixos.link("/run/opengl-driver", store);
    LibcudaPlaces places;
    places.distribution = Distribution::nixos;
    const Fact<LibcudaFile> file = find(nixos, places);
    REQUIRE(file.known());
    CHECK(file->path == "/run/opengl-driver/lib/libcuda.so.1");
    CHECK(file->real_path == store + "/lib/libcuda.so.1.1");
    CHECK(file->tegra_place);

    const TempRoot yocto;
    put_driver(yocto, "/usr/lib", driver_bytes());
    places.distribution = Distribution::yocto;
    CHECK(find(yocto, places)->tegra_place);
    CHECK(find(yocto, places)->path == "/usr/lib/libcuda.so.1");

    const TempRoot multilib;
    put_driver(multilib, "/usr/lib64", driver_bytes());
    REQUIRE(find(multilib, places).known());
    CHECK(find(multilib, places)->path == "/usr/lib64/libcuda.so.1");
    CHECK(find(multilib, places)->tegra_place);
}

TEST_CASE("a NixOS image that is not running names its driver in a rule of its system profile") {
    const TempRoot board;
    const std::string store = "/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-nvidia-l4t-cuda-36.5.0-20260115194252";
    put_driver(board, store + "/lib", driver_bytes());
    board.write("/nix/var/nix/profiles/system/etc/tmpfiles.d/graphics-driver.conf",
                "'L+' /run/opengl-driver - - - - '" + store + "'\n");
    LibcudaPlaces places;
    places.distribution = Distribution::nixos;
    CHECK_FALSE(find(board, places).known());
    places.at_rest = true;
    CHECK(find(board, places)->real_path == store + "/lib/libcuda.so.1.1");
}

TEST_CASE("nothing in any place is not-there, and the clause names the first place") {
    const TempRoot board;
    const Fact<LibcudaFile> file = find(board, ubuntu(36));
    REQUIRE(file.lacks(Lack::not_there));
    CHECK(file.missing().why.find(nvidia_folder + "/libcuda.so.1 ") != std::string::npos);
    board.link(nvidia_folder + "/libcuda.so.1", "libcuda.so.1.1");  // leads nowhere
    CHECK(find(board, ubuntu(36)).lacks(Lack::not_there));
}

TEST_CASE("the real file without the name that the loader asks for is not found") {
    const TempRoot board;
    board.write(nvidia_folder + "/libcuda.so.1.1", driver_bytes());
    CHECK(find(board, ubuntu(36)).lacks(Lack::not_there));
}

TEST_CASE("links in a circle are not understood, and do not hide a driver in a later place") {
    const TempRoot board;
    board.link(nvidia_folder + "/libcuda.so.1", "libcuda.so.1");
    CHECK(find(board, ubuntu(36)).lacks(Lack::not_understood));
    put_driver(board, "/usr/lib/aarch64-linux-gnu/tegra", driver_bytes());
    CHECK(find(board, ubuntu(36)).known());
}

TEST_CASE("R39 at rest: the variant of the SoC counts, although its links are made at boot") {
    const TempRoot board;
    board.write("/opt/nvidia/l4t-gpu-libs/nvgpu/libcuda.so.1.1", driver_bytes());
    board.write("/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1.1", driver_bytes());
    LibcudaPlaces places = ubuntu(39);
    CHECK(find(board, places).lacks(Lack::not_there));  // running, and nothing linked it
    places.at_rest = true;
    CHECK(find(board, places)->linked_at_boot);
    CHECK(find(board, places)->path == "/opt/nvidia/l4t-gpu-libs/nvgpu/libcuda.so.1.1");
    places.gpu_variant.clear();
    CHECK(find(board, places).lacks(Lack::not_asked));  // two drivers and no SoC: none is guessed

    board.link("/usr/lib/aarch64-linux-gnu/libcuda.so.1", "/opt/nvidia/l4t-gpu-libs/nvgpu/libcuda.so.1.1");
    CHECK_FALSE(find(board, ubuntu(39))->linked_at_boot);
    CHECK(find(board, ubuntu(39))->tegra_place);
}

TEST_CASE("R39 with one variant needs no SoC") {
    const TempRoot board;
    put_driver(board, "/opt/nvidia/l4t-gpu-libs/openrm", driver_bytes());
    LibcudaPlaces places = ubuntu(39);
    places.gpu_variant.clear();
    CHECK(find(board, places)->real_path == "/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1.1");
}

TEST_CASE("a desktop's driver is found, and lies in no place of a Tegra driver") {
    const TempRoot board;
    board.write("/usr/lib/aarch64-linux-gnu/libcuda.so.535.261.03", driver_bytes());
    board.link("/usr/lib/aarch64-linux-gnu/libcuda.so.1", "libcuda.so.535.261.03");
    const Fact<LibcudaFile> file = find(board, ubuntu(36));
    REQUIRE(file.known());
    CHECK(file->elf);
    CHECK_FALSE(file->tegra_place);
    const Fact<DriverRelease> release = release_of(board, ubuntu(36), packages({{"nvidia-l4t-cuda", "36.5.0-1"}}));
    REQUIRE(release.known());
    CHECK(release->driver_version == "535.261.03");
    CHECK_FALSE(release->l4t.has_value());
}

TEST_CASE("a desktop's driver that was put into the driver's own folder is told by its name") {
    const TempRoot board;
    board.write(nvidia_folder + "/libcuda.so.535.261.03", driver_bytes());
    board.link(nvidia_folder + "/libcuda.so.1", "libcuda.so.535.261.03");
    CHECK_FALSE(find(board, ubuntu(36))->tegra_place);
    const TempRoot debian;
    debian.write(nvidia_folder + "/current/libcuda.so.1.1", driver_bytes());
    debian.link("/usr/lib/aarch64-linux-gnu/libcuda.so.1", "nvidia/current/libcuda.so.1.1");
    CHECK_FALSE(find(debian, ubuntu(36))->tegra_place);
}

// ---- release ----

TEST_CASE("on Ubuntu the package names the release and the companion the driver's number") {
    const TempRoot board;
    put_driver(board, nvidia_folder, driver_bytes());
    board.write(nvidia_folder + "/libnvidia-ptxjitcompiler.so.540.5.0", "");
    board.link(nvidia_folder + "/libnvidia-ptxjitcompiler.so.1", "libnvidia-ptxjitcompiler.so.540.5.0");
    const Fact<DriverRelease> release =
        release_of(board, ubuntu(36), packages({{"nvidia-l4t-cuda", "36.5.0-20260115194252"}}));
    REQUIRE(release.known());
    CHECK(release->l4t == L4tRelease{36, 5, 0});
    CHECK(release->driver_version == "540.5.0");
    CHECK(release.source() ==
          "package nvidia-l4t-cuda 36.5.0-20260115194252, " + nvidia_folder + "/libnvidia-ptxjitcompiler.so.540.5.0");
}

TEST_CASE("a driver's number alone names no release: several releases share one") {
    const TempRoot board;
    put_driver(board, "/usr/lib", driver_bytes());
    board.write("/usr/lib/libnvidia-ptxjitcompiler.so.540.5.0", "");
    LibcudaPlaces places;
    places.distribution = Distribution::yocto;
    const Fact<DriverRelease> release = release_of(board, places, no_packages);
    REQUIRE(release.known());
    CHECK_FALSE(release->l4t.has_value());
    CHECK(release->driver_version == "540.5.0");
}

TEST_CASE("up to R35 the companion carries the release itself") {
    const TempRoot board;
    put_driver(board, "/usr/lib/aarch64-linux-gnu/tegra", driver_bytes());
    board.write("/usr/lib/aarch64-linux-gnu/tegra/libnvidia-ptxjitcompiler.so.35.6.4", "");
    const Fact<DriverRelease> release = release_of(board, ubuntu(35), no_packages);
    REQUIRE(release.known());
    CHECK(release->l4t == L4tRelease{35, 6, 4});
    CHECK(release->driver_version.empty());
}

TEST_CASE("R39 has one package a variant, and the companion stays in the old folder") {
    const TempRoot board;
    put_driver(board, "/opt/nvidia/l4t-gpu-libs/openrm", driver_bytes());
    board.write(nvidia_folder + "/libnvidia-ptxjitcompiler.so.595.78", "");
    LibcudaPlaces places = ubuntu(39);
    places.gpu_variant = "openrm";
    const Fact<DriverRelease> release = release_of(board, places,
                                                   packages({{"nvidia-l4t-cuda", "39.2.0-1"},
                                                             {"nvidia-l4t-cuda-nvgpu", "39.2.0-1"},
                                                             {"nvidia-l4t-cuda-openrm", "39.2.1-1"}}));
    REQUIRE(release.known());
    CHECK(release->l4t == L4tRelease{39, 2, 1});
    CHECK(release->driver_version == "595.78");
}

TEST_CASE("in a container the image's packages say nothing about the host's library") {
    const TempRoot board;
    put_driver(board, nvidia_folder, driver_bytes());
    CHECK_FALSE(release_of(board, ubuntu(36), packages({{"nvidia-l4t-cuda", "36.4.0-1"}}), true).known());
}

TEST_CASE("the store path names the release") {
    const TempRoot board;
    const std::string store = "/nix/store/2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s7v-nvidia-l4t-cuda-36.5.0-20260115194252";
    put_driver(board, store + "/lib", driver_bytes());
    board.link("/run/opengl-driver", store);
    LibcudaPlaces places;
    places.distribution = Distribution::nixos;
    CHECK(release_of(board, places, no_packages)->l4t == L4tRelease{36, 5, 0});
}

TEST_CASE("of compilers that differ, the one that the release has speaks for libcuda, and else none") {
    const TempRoot board;
    put_driver(board, nvidia_folder, driver_bytes());
    board.write(nvidia_folder + "/libnvidia-ptxjitcompiler.so.540.4.0", "");
    board.write(nvidia_folder + "/libnvidia-nvvm.so.540.5.0", "");
    const Fact<DriverRelease> known =
        release_of(board, ubuntu(36), packages({{"nvidia-l4t-cuda", "36.5.0-20260115194252"}}));
    CHECK(known->driver_version == "540.5.0");
    const Fact<DriverRelease> unheard = release_of(board, ubuntu(36), packages({{"nvidia-l4t-cuda", "36.99.0-1"}}));
    CHECK(unheard->driver_version.empty());
    CHECK(release_of(board, ubuntu(36), no_packages).lacks(Lack::not_there));
}

TEST_CASE("two companions of different versions name none") {
    const TempRoot board;
    put_driver(board, nvidia_folder, driver_bytes());
    board.write(nvidia_folder + "/libnvidia-ptxjitcompiler.so.540.5.0", "");
    board.write(nvidia_folder + "/libnvidia-ptxjitcompiler.so.540.4.0", "");
    CHECK(release_of(board, ubuntu(36), no_packages).lacks(Lack::not_there));
}
