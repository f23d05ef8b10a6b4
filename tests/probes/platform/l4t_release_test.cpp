#include "probes/platform/l4t_release.hpp"

#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/platform/our_catalog.hpp"

namespace jetcuda {
namespace {

using testing::our_catalog;
using testing::TempRoot;

constexpr std::string_view header =
    "# R36 (release), REVISION: 5.0, GCID: 43688277, BOARD: generic, EABI: aarch64, DATE: Fri Jan 16 03:50:45 UTC "
    "2026\n";
constexpr std::string_view companion = "/libnvidia-ptxjitcompiler.so.";

Fact<Release> release_of(const TempRoot& board) {
    const SystemRoot root(board.directory());
    return read_release(root, our_catalog(), read_dpkg(root, {"nvidia-l4t-"}));
}

void put_driver(const TempRoot& board, const std::string& folder, const std::string& version) {
    board.write(folder + "/libcuda.so.1.1", "elf");
    board.write(folder + std::string(companion) + version, "elf");
}

}  // namespace

TEST_CASE("every published form of the file is read as it was meant") {
    std::ifstream file(std::filesystem::path(JETCUDA_SOURCE_DIR) /
                       "tests/probes/platform/nv_tegra_release_samples.json");
    const nlohmann::json samples = nlohmann::json::parse(file)["samples"];
    REQUIRE(samples.size() > 30);
    const auto text_at = [](const nlohmann::json& sample, const char* key) {
        return sample[key].is_null() ? std::string() : sample[key].get<std::string>();
    };
    for (const nlohmann::json& sample : samples) {
        const std::string text = sample["text"];
        CAPTURE(text);
        const std::optional<ReleaseFileText> parsed = parse_release_file(text);
        REQUIRE(parsed.has_value() == !sample["l4t"].is_null());
        const TempRoot board;
        board.write("/etc/nv_tegra_release", text);
        const Fact<Release> release = release_of(board);
        if (!parsed) {
            CHECK(release.lacks(Lack::not_understood));
            continue;
        }
        CHECK(parsed->l4t.text() == text_at(sample, "l4t"));
        CHECK(parsed->gcid == text_at(sample, "gcid"));
        CHECK(parsed->board == text_at(sample, "board"));
        CHECK(parsed->eabi == text_at(sample, "eabi"));
        CHECK(parsed->date == text_at(sample, "date"));
        REQUIRE(release.known());
        CHECK(release->l4t == parsed->l4t);
        CHECK(release->line == parsed->l4t.line);
        CHECK(release->origin == ReleaseOrigin::release_file);
        CHECK(release->gcid == parsed->gcid);
        CHECK(release.source() == "/etc/nv_tegra_release, line 1");
    }
}

TEST_CASE("the synthetic file of jetson-containers is a release file like others") {
    const auto parsed = parse_release_file(
        "# R36 (release), REVISION: 4.0, GCID: 12345678, BOARD: generic, EABI: aarch64, DATE: Fri Sep 13 04:36:44 UTC "
        "2024\n"
        "# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\n"
        "TARGET_USERSPACE_LIB_DIR_PATH=/usr/lib/aarch64-linux-gnu/nvidia\n");
    REQUIRE(parsed.has_value());
    CHECK(parsed->l4t == L4tRelease{36, 4, 0});
}

TEST_CASE("line ends of Windows and blank lines before the header do no harm") {
    CHECK(parse_release_file("# R36 (release), REVISION: 4.7, GCID: 42132812\r\n# KERNEL_VARIANT: oot\r\n")->l4t ==
          L4tRelease{36, 4, 7});
    const TempRoot board;
    board.write("/etc/nv_tegra_release", "\n\n" + std::string(header));
    CHECK(release_of(board).source() == "/etc/nv_tegra_release, line 3");
}

TEST_CASE("what does not begin with a whole header is garbled") {
    for (const char* text :
         {"R36", "# R (release), REVISION: 5.0", "# R36, REVISION: 5.0", "# R36 (release)",
          "# R36 (release), REVISION:", "# R36 (release), REVISION: x", "# R36 (release), REVISION: 5",
          "# R36 (release), REVISION: 5.0.1", "# R36 (release), REVISION: -5.0", "# R36x (release), REVISION: 5.0",
          "# R-36 (release), REVISION: 5.0", "# R0 (release), REVISION: 5.0", "# R99999999999 (release), REVISION: 5.0",
          "JetPack 6.2", "TARGET_USERSPACE_LIB_DIR=nvidia\n# R36 (release), REVISION: 5.0", "\xff\xfe",
          "# R36 (release), REVISION: 5.0x"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_release_file(text).has_value());
    }
}

TEST_CASE("a garbled file is not overruled by what else hints at the release") {
    const TempRoot board;
    board.write("/etc/nv_tegra_release", "# R36\x01 (rel");
    put_driver(board, "/usr/lib/aarch64-linux-gnu/nvidia", "540.5.0");
    board.write("/var/lib/dpkg/status",
                "Package: nvidia-l4t-core\nStatus: install ok installed\nArchitecture: arm64\n"
                "Version: 36.5.0-20260115194252\n\n");
    const Fact<Release> release = release_of(board);
    REQUIRE(release.lacks(Lack::not_understood));
    CHECK(release.missing().why == "/etc/nv_tegra_release does not begin with a release: \"# R36? (rel\"");

    board.write("/etc/nv_tegra_release", " \n");
    CHECK(release_of(board).missing().why == "/etc/nv_tegra_release is empty");
    board.remove("/etc/nv_tegra_release");
    board.make_directory("/etc/nv_tegra_release");
    CHECK(release_of(board).lacks(Lack::not_understood));
    board.remove("/etc/nv_tegra_release");
    board.link("/etc/nv_tegra_release", "nv_tegra_release");
    CHECK(release_of(board).lacks(Lack::not_understood));
}

TEST_CASE("without the file the store path of libcuda names the release") {
    const TempRoot board;
    const std::string package = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nvidia-l4t-cuda-36.5.0-20260115194252";
    board.write(package + "/lib/libcuda.so.1.1", "elf");
    board.link(package + "/lib/libcuda.so.1", "libcuda.so.1.1");
    board.link("/nix/store/1123456789abcdfghijklmnpqrsvwxyz-graphics-drivers/lib", package + "/lib");
    board.link("/run/opengl-driver", "/nix/store/1123456789abcdfghijklmnpqrsvwxyz-graphics-drivers");
    const Fact<Release> release = release_of(board);
    REQUIRE(release.known());
    CHECK(release->l4t == L4tRelease{36, 5, 0});
    CHECK(release->origin == ReleaseOrigin::store_path);
    CHECK(release.source() == package + "/lib/libcuda.so.1.1");
}

TEST_CASE("store paths of the driver's packages carry a release, others do not") {
    const std::string hash = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-";
    CHECK(l4t_of_store_path(hash + "nvidia-l4t-cuda-35.6.4-20260126234748/lib/libcuda.so.1.1") == L4tRelease{35, 6, 4});
    CHECK(l4t_of_store_path(hash + "nvidia-l4t-3d-core-39.2.0-20260601141651") == L4tRelease{39, 2, 0});
    CHECK(l4t_of_store_path(hash + "l4t-oot-modules-36.5.0/lib/modules") == L4tRelease{36, 5, 0});
    CHECK(l4t_of_store_path(hash + "nvidia-l4t-core-36.5.0-20260115194252-lib/lib") == L4tRelease{36, 5, 0});
    for (const std::string& path :
         {hash + "linux-5.15.185/lib", hash + "cuda12.6-cuda_cudart-12.6.68-lib", hash + "nvidia-l4t-cuda", hash,
          std::string("/usr/lib/libcuda.so.1"), std::string("/nix/store/nvidia-l4t-cuda-36.5.0"), std::string()}) {
        CAPTURE(path);
        CHECK_FALSE(l4t_of_store_path(path).has_value());
    }
}

TEST_CASE("versions of L4T packages begin or end with the release") {
    CHECK(parse_l4t_package_version("36.5.0-20260115194252") == L4tRelease{36, 5, 0});
    CHECK(parse_l4t_package_version("5.15.185-tegra-36.5.0-20260115194252") == L4tRelease{36, 5, 0});
    CHECK(parse_l4t_package_version("6.8.12-1021-tegra-39.2.0-20260601141651") == L4tRelease{39, 2, 0});
    CHECK(parse_l4t_package_version("36.4.4") == L4tRelease{36, 4, 4});
    CHECK_FALSE(parse_l4t_package_version("5.15.185-tegra").has_value());
    CHECK_FALSE(parse_l4t_package_version("6.2.2+b24").has_value());
    CHECK_FALSE(parse_l4t_package_version("").has_value());
}

TEST_CASE("without file and store path the package nvidia-l4t-core names the release") {
    const TempRoot board;
    const std::string package = "Package: nvidia-l4t-core\nStatus: install ok ";
    const std::string version = "\nArchitecture: arm64\nVersion: 36.4.7-20250918154033\n\n";
    board.write("/var/lib/dpkg/status", package + "installed" + version);
    const Fact<Release> release = release_of(board);
    REQUIRE(release.known());
    CHECK(release->l4t == L4tRelease{36, 4, 7});
    CHECK(release->origin == ReleaseOrigin::package);
    CHECK(release.source() == "/var/lib/dpkg/status, package nvidia-l4t-core 36.4.7-20250918154033");

    board.write("/var/lib/dpkg/status", package + "config-files" + version);
    CHECK(release_of(board).lacks(Lack::not_there));
    board.write("/var/lib/dpkg/status", package + "half-installed" + version);
    CHECK(release_of(board).lacks(Lack::not_there));
}

TEST_CASE("without all of these the driver's own files name the line, and no more") {
    struct Case {
        std::string folder, version;
        int line;
    };
    for (const auto& [folder, version, line] :
         {Case{"/usr/lib", "540.5.0", 36}, Case{"/usr/lib/aarch64-linux-gnu/tegra", "35.6.4", 35},
          Case{"/usr/lib/aarch64-linux-gnu/nvidia", "580.00", 38},
          Case{"/opt/nvidia/l4t-gpu-libs/openrm", "595.78", 39}, Case{"/opt/nvidia/l4t-gpu-libs/nvgpu", "595.90", 39},
          Case{"/usr/lib64", "540.9.9", 36}}) {
        CAPTURE(version);
        const TempRoot board;
        put_driver(board, folder, version);
        const Fact<Release> release = release_of(board);
        REQUIRE(release.known());
        CHECK(release->line == line);
        CHECK_FALSE(release->l4t.has_value());
        CHECK(release->origin == ReleaseOrigin::driver_files);
        CHECK(release.source() == folder + std::string(companion) + version);
    }
}

TEST_CASE("a driver that no data know, or a desktop's, names no line") {
    TempRoot board;
    put_driver(board, "/usr/lib", "999.1");
    CHECK(release_of(board).lacks(Lack::not_there));
    const TempRoot desktop;
    desktop.write("/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.595.78", "elf");
    desktop.write("/usr/lib/aarch64-linux-gnu/nvidia" + std::string(companion) + "595.78", "elf");
    const Fact<Release> release = release_of(desktop);
    REQUIRE(release.lacks(Lack::not_there));
    CHECK(release.missing().source == "/etc/nv_tegra_release");
}

TEST_CASE("driver files of two lines decide nothing") {
    const TempRoot board;
    put_driver(board, "/usr/lib/aarch64-linux-gnu/nvidia", "540.5.0");
    board.write("/usr/lib/aarch64-linux-gnu/nvidia/libnvidia-nvvm.so.580.00", "elf");
    CHECK(release_of(board).lacks(Lack::not_understood));
}

TEST_CASE("no content of the file makes the parsers misbehave") {
    for (unsigned seed = 0; seed < 4000; ++seed) {
        for (const std::string& text : {testing::random_bytes(seed, 120), testing::mutated(header, seed)}) {
            const auto parsed = parse_release_file(text);
            if (parsed) CHECK(parsed->l4t.line > 0);
            static_cast<void>(l4t_of_store_path(text));
            static_cast<void>(parse_l4t_package_version(text));
        }
    }
}

}  // namespace jetcuda
