#include "probes/packages/software.hpp"

#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/packages/nix_database_writer.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

const Catalog& our_catalog() {
    static const Catalog loaded = load_catalog(JETCUDA_SOURCE_DIR "/config/data", "/nonexistent");
    return loaded;
}

std::string stanza(const std::string& name, const std::string& version, const std::string& state = "installed",
                   const std::string& architecture = "arm64") {
    return "Package: " + name + "\nStatus: install ok " + state + "\nArchitecture: " + architecture +
           "\nVersion: " + version + "\nDescription: text\n\n";
}

Fact<Software> read(const TempRoot& board, std::optional<L4tRelease> l4t = L4tRelease{36, 5, 0}) {
    const SystemRoot root(board.directory());
    return read_software(root, our_catalog(), {read_dpkg(root), "/run/current-system", l4t});
}

Software read_dpkg_status(const std::string& status, std::optional<L4tRelease> l4t = L4tRelease{36, 5, 0}) {
    const TempRoot board;
    board.write("/var/lib/dpkg/status", status);
    Fact<Software> software = read(board, l4t);
    REQUIRE(software.known());
    return std::move(software.value());
}

const InstalledComponent& component(const Software& software, const std::string& package) {
    const auto& all = software.components;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const InstalledComponent& one) { return one.package == package; });
    REQUIRE_MESSAGE(found != all.end(), package);
    return *found;
}

const L4tPackage& l4t_package(const Software& software, const std::string& name) {
    const auto& all = software.l4t;
    const auto found = std::find_if(all.begin(), all.end(), [&](const L4tPackage& one) { return one.name == name; });
    REQUIRE_MESSAGE(found != all.end(), name);
    return *found;
}

// tests/probes/packages/feeds.json: what the four feeds and nixpkgs call each part.
nlohmann::json feeds() {
    std::ifstream stream(JETCUDA_SOURCE_DIR "/tests/probes/packages/feeds.json");
    return nlohmann::json::parse(stream).at("components");
}

}  // namespace

TEST_CASE("every name of the four feeds is recognised as what it is") {
    int names = 0;
    for (const auto& part : feeds()) {
        const std::string id = part.at("id");
        for (const auto& feed : part.at("deb").items()) {
            for (const auto& item : feed.value().items()) {
                CAPTURE(item.key());
                ++names;
                const Software software = read_dpkg_status(stanza(item.key(), item.value()), std::nullopt);
                const std::size_t found =
                    software.components.size() + software.l4t.size() + software.discrete_drivers.size();
                REQUIRE(found == 1);
                if (id == "l4t" || item.key().rfind("nvidia-l4t-", 0) == 0) {
                    REQUIRE(software.l4t.size() == 1);
                    const bool own_numbering = item.key() == "nvidia-l4t-cudadebuggingsupport";
                    CHECK(software.l4t[0].l4t.has_value() == !own_numbering);
                    CHECK(software.l4t[0].exempt.empty() == !own_numbering);
                } else if (id == "discrete") {
                    // It recommends a driver, and brings none.
                    CHECK(software.components.size() == (item.key() == "nvidia-driver-assistant" ? 1 : 0));
                } else {
                    REQUIRE(software.components.size() == 1);
                    CHECK(software.components[0].id == id);
                }
            }
        }
    }
    CHECK(names > 150);
}

TEST_CASE("every name of the four feeds that names a CUDA set is of that set") {
    for (const auto& part : feeds()) {
        for (const auto& feed : part.at("deb").items()) {
            const CudaVersion set = feed.key().find("R35") != std::string::npos   ? CudaVersion{11, 4}
                                    : feed.key().find("R36") != std::string::npos ? CudaVersion{12, 6}
                                    : feed.key().find("R38") != std::string::npos ? CudaVersion{13, 0}
                                                                                  : CudaVersion{13, 2};
            const std::string dashed = "-" + std::to_string(set.major) + "-" + std::to_string(set.minor);
            for (const auto& item : feed.value().items()) {
                if (item.key().find(dashed) == std::string::npos) continue;
                CAPTURE(item.key());
                const Software software = read_dpkg_status(stanza(item.key(), item.value()));
                REQUIRE(software.components.size() == 1);
                CHECK(software.components[0].cuda == set);
            }
        }
    }
}

TEST_CASE("every name of the store is recognised as what it is") {
    int names = 0;
    for (const auto& part : feeds()) {
        for (const auto& name : part.at("nix")) {
            CAPTURE(name);
            ++names;
            const TempRoot board;
            const std::string path = "/nix/store/" + std::string(32, 'a') + "-" + name.get<std::string>();
            board.make_directory(path);
            board.link("/run/current-system", path);
            const Fact<Software> software = read(board);
            REQUIRE(software.known());
            CHECK(software->databases == std::vector<PackageDatabase>{PackageDatabase::nix_store});
            if (part.at("id") == "l4t") {
                REQUIRE(software->l4t.size() == 1);
                CHECK(software->l4t[0].l4t.has_value());
            } else {
                REQUIRE(software->components.size() == 1);
                CHECK(software->components[0].id == part.at("id"));
                CHECK(software->components[0].cuda.has_value());
            }
        }
    }
    CHECK(names > 20);
}

TEST_CASE("JetPack 6 as dpkg has it") {
    const TempRoot board;
    board.write("/var/lib/dpkg/status",
                stanza("cuda-cudart-12-6", "12.6.68-1") + stanza("cuda-nvcc-12-6", "12.6.68-1", "half-configured") +
                    stanza("libcublas-12-6", "12.6.1.4-1") + stanza("libcudnn9-cuda-12", "9.3.0.75-1") +
                    stanza("libnvinfer10", "10.3.0.30-1+cuda12.5") + stanza("cuda-cudart-12-4", "12.4.127-1") +
                    stanza("cuda-cudart-12-2", "12.2.1-1", "config-files") + stanza("libcuda1", "535.1-1", "unpacked") +
                    stanza("nvidia-l4t-kernel", "5.15.185-tegra-36.5.0-20260115194252") +
                    stanza("nvidia-l4t-core", "36.4.3-20250107174145") + stanza("zlib1g", "1:1.2.13"));
    board.write("/var/lib/dpkg/info/cuda-cudart-12-6.list",
                "/.\n/usr/local/cuda-12.6/targets/aarch64-linux/lib/libcudart.so.12.6.68\n");
    board.write("/var/lib/dpkg/info/cuda-cudart-12-4.list",
                "/.\n/usr/local/cuda-12.4/targets/sbsa-linux/lib/libcudart.so.12.4.127\n");
    board.write("/var/lib/dpkg/info/libcublas-12-6.list", "/.\n/usr/local/cuda-12.6/targets/sbsa-linux/lib\n");
    const SystemRoot root(board.directory());
    const Fact<DpkgPackages> dpkg = read_dpkg(root);
    const Fact<Software> fact = read_software(root, our_catalog(), {dpkg, "/run/current-system", L4tRelease{36, 5, 0}});
    REQUIRE(fact.known());
    const Software& software = *fact;
    CHECK(fact.source() == "/var/lib/dpkg/status");
    CHECK(software.databases == std::vector<PackageDatabase>{PackageDatabase::dpkg});
    CHECK(software.components.size() == 6);

    const InstalledComponent& cudart = component(software, "cuda-cudart-12-6");
    CHECK(cudart.id == "cuda_cudart");
    CHECK(cudart.kind == ComponentKind::runtime);
    CHECK(cudart.version == "12.6.68");
    CHECK(cudart.cuda == CudaVersion{12, 6});
    CHECK(cudart.build == CudaBuild::tegra);
    CHECK(cudart.configured);
    CHECK(cudart.source == "/var/lib/dpkg/status");
    CHECK(component(software, "cuda-cudart-12-4").build == CudaBuild::sbsa);
    CHECK(component(software, "libcublas-12-6").build == CudaBuild::tegra);  // cudart speaks for its set
    CHECK_FALSE(component(software, "cuda-nvcc-12-6").configured);
    CHECK(component(software, "cuda-nvcc-12-6").state == "half-configured");
    CHECK(component(software, "libcudnn9-cuda-12").cuda == CudaVersion{12, -1});
    CHECK(component(software, "libcudnn9-cuda-12").build == CudaBuild::not_recorded);
    CHECK(component(software, "libnvinfer10").version == "10.3.0.30");
    CHECK(component(software, "libnvinfer10").cuda == CudaVersion{12, 5});

    CHECK(l4t_package(software, "nvidia-l4t-kernel").l4t == L4tRelease{36, 5, 0});
    CHECK(l4t_package(software, "nvidia-l4t-core").l4t == L4tRelease{36, 4, 3});
    CHECK(l4t_package(software, "nvidia-l4t-core").exempt.empty());
    REQUIRE(software.discrete_drivers.size() == 1);
    CHECK(software.discrete_drivers[0].name == "libcuda1");
    CHECK_FALSE(software.discrete_drivers[0].configured);

    CHECK(root.read_counts().at("/var/lib/dpkg/status") == 1);
    CHECK(root.read_counts().count("/var/lib/dpkg/info/libcublas-12-6.list") == 0);
}

TEST_CASE(
    "a build for desktops shows in the architecture, also of CUDA 13, and a set without cudart in another's list") {
    const TempRoot board;
    board.write("/var/lib/dpkg/status",
                stanza("cuda-cudart-13-0", "13.0.48-1", "installed", "amd64") + stanza("libcufft-12-6", "11.2.6.59-1") +
                    stanza("cuda-cudart-13-2", "13.2.75-1") + stanza("cuda-compat-12-6", "12.6.36890662-1"));
    board.write("/var/lib/dpkg/info/libcufft-12-6.list", "/usr/local/cuda-12.6/targets/x86_64-linux/lib\n");
    const Fact<Software> software = read(board);
    REQUIRE(software.known());
    CHECK(component(*software, "cuda-cudart-13-0:amd64").build == CudaBuild::desktop);
    CHECK(component(*software, "libcufft-12-6").build == CudaBuild::desktop);
    CHECK(component(*software, "cuda-cudart-13-2").build == CudaBuild::not_recorded);
}

TEST_CASE("a debugger of a newer set is a tool of that set, and no witness of a build while a library can be asked") {
    const TempRoot board;
    board.write("/var/lib/dpkg/status",
                stanza("cuda-cudart-12-6", "12.6.68-1") + stanza("cuda-gdb-13-2", "13.2.75-1") +
                    stanza("nsight-systems-2026.3.1", "2026.3.1.157-263138048394v0") +
                    stanza("nsight-compute-2026.1.1", "2026.1.1.2-1") + stanza("nvidia-nsight-systems", "7.2-b184") +
                    stanza("nvidia-cuda-gdb", "12.4.127~12.4.1-2") + stanza("cuda-gdb-12-9", "12.9.79-1") +
                    stanza("libcufft-12-9", "11.4.1.4-1"));
    board.write("/var/lib/dpkg/info/cuda-gdb-12-9.list", "/usr/local/cuda-12.9/bin/cuda-gdb\n");
    board.write("/var/lib/dpkg/info/libcufft-12-9.list", "/usr/local/cuda-12.9/targets/sbsa-linux/lib\n");
    const Fact<Software> software = read(board);
    REQUIRE(software.known());
    CHECK(software->components.size() == 8);
    CHECK(component(*software, "cuda-gdb-13-2").kind == ComponentKind::tool);
    CHECK(component(*software, "cuda-gdb-13-2").cuda == CudaVersion{13, 2});
    CHECK(component(*software, "nsight-systems-2026.3.1").kind == ComponentKind::tool);
    CHECK(component(*software, "nsight-systems-2026.3.1").version == "2026.3.1.157");
    CHECK_FALSE(component(*software, "nsight-systems-2026.3.1").cuda.has_value());
    CHECK_FALSE(component(*software, "nsight-compute-2026.1.1").cuda.has_value());
    CHECK(component(*software, "nvidia-nsight-systems").kind == ComponentKind::meta);
    CHECK(component(*software, "nvidia-cuda-gdb").cuda == CudaVersion{12, 4});
    CHECK(component(*software, "libcufft-12-9").build == CudaBuild::sbsa);
}

TEST_CASE("exceptions hold for the release that they were made for") {
    const std::string status = stanza("nvidia-l4t-core", "35.6.4-20260126234748") +
                               stanza("nvidia-l4t-jetson-orin-nano-qspi-updater", "36.4.3-20250107174145") +
                               stanza("nvidia-l4t-cudadebuggingsupport", "12.6-34622040.0");
    const Software software = read_dpkg_status(status, L4tRelease{35, 6, 4});
    CHECK(l4t_package(software, "nvidia-l4t-core").exempt.empty());
    CHECK_FALSE(l4t_package(software, "nvidia-l4t-jetson-orin-nano-qspi-updater").exempt.empty());
    CHECK_FALSE(l4t_package(software, "nvidia-l4t-cudadebuggingsupport").exempt.empty());
    CHECK_FALSE(l4t_package(software, "nvidia-l4t-cudadebuggingsupport").l4t.has_value());
    CHECK(l4t_package(read_dpkg_status(status, L4tRelease{36, 5, 0}), "nvidia-l4t-jetson-orin-nano-qspi-updater")
              .exempt.empty());
    const Software mixed = read_dpkg_status(
        stanza("nvidia-l4t-core", "38.2.2-1") + stanza("nvidia-l4t-init", "38.2.1-1"), L4tRelease{38, 2, 2});
    CHECK(l4t_package(mixed, "nvidia-l4t-core").exempt.empty());  // it is of the same release
    CHECK_FALSE(l4t_package(mixed, "nvidia-l4t-init").exempt.empty());
}

TEST_CASE("Yocto's recipes have the debs' versions, and no CUDA set in their names") {
    const TempRoot board;
    board.write("/var/lib/opkg/status",
                "Package: cuda-cudart\nVersion: 12.6.68-1-r0\nStatus: install user installed\n\n"
                "Package: libcublas\nVersion: 12.6.1.4-1-r0\nStatus: install user installed\n\n"
                "Package: cuda-cudart-dev\nVersion: 12.6.68-1-r0\nStatus: install user installed\n\n"
                "Package: tegra-libraries-cuda\nVersion: 36.5.0-20260115194252-r0\nStatus: install user installed\n\n"
                "Package: nsight-systems\nVersion: 2024.5.4.34-245434855735v0-r0\nStatus: install user installed\n\n"
                "Package: cuda-gdb\nVersion: 12.6.68-1-r0\nStatus: install user installed\n\n"
                "Package: libnvvpi3\nVersion: 3.2.4-r0\nStatus: install user installed\n\n"
                "Package: busybox\nVersion: 1.36.1-r0\nStatus: install user installed\n\n");
    const Fact<Software> software = read(board);
    REQUIRE(software.known());
    CHECK(software->databases == std::vector<PackageDatabase>{PackageDatabase::opkg});
    CHECK(component(*software, "cuda-cudart").cuda == CudaVersion{12, 6});
    CHECK(component(*software, "cuda-cudart").version == "12.6.68");
    CHECK(component(*software, "cuda-cudart-dev").kind == ComponentKind::development);
    CHECK(component(*software, "libcublas").version == "12.6.1.4");
    CHECK_FALSE(component(*software, "libcublas").cuda.has_value());
    CHECK(component(*software, "nsight-systems").kind == ComponentKind::tool);
    CHECK_FALSE(component(*software, "nsight-systems").cuda.has_value());
    CHECK(component(*software, "cuda-gdb").kind == ComponentKind::tool);
    CHECK(component(*software, "cuda-gdb").cuda == CudaVersion{12, 6});
    CHECK(component(*software, "libnvvpi3").version == "3.2.4");
    REQUIRE(software->l4t.size() == 1);
    CHECK(software->l4t[0].l4t == L4tRelease{36, 5, 0});
}

TEST_CASE("several outputs of a store package are one component, for running if any of them is") {
    const TempRoot board;
    const auto in_store = [](char letter, const std::string& name) {
        return "/nix/store/" + std::string(32, letter) + "-" + name;
    };
    const std::string system = in_store('s', "nixos-system-orin");
    board.make_directory(system);
    board.link("/run/current-system", system);
    testing::write_nix_database(
        board.on_host("/nix/var/nix/db/db.sqlite"),
        {{system,
          {in_store('a', "cuda12.6-cuda_cudart-12.6.77-dev"), in_store('b', "cuda12.6-cuda_cudart-12.6.77-lib"),
           in_store('c', "cuda12.6-cuda_cudart-12.6.77"), in_store('d', "cuda12.6-libcufft-11.3.0.4-dev"),
           in_store('e', "nvidia-l4t-core-36.5.0-20260115194252"),
           in_store('f', "nvidia-l4t-core-36.5.0-20260115194252"),
           in_store('g', "cuda12.9-cuda_cudart-12.9.79-lib")}}});
    const Fact<Software> software = read(board);
    REQUIRE(software.known());
    CHECK(software.source() == "/nix/var/nix/db/db.sqlite");
    CHECK(software->components.size() == 3);
    CHECK(component(*software, "cuda12.6-cuda_cudart-12.6.77").kind == ComponentKind::runtime);
    CHECK(component(*software, "cuda12.6-libcufft-11.3.0.4").kind == ComponentKind::development);
    CHECK(component(*software, "cuda12.9-cuda_cudart-12.9.79").cuda == CudaVersion{12, 9});
    CHECK(software->l4t.size() == 1);
}

TEST_CASE("no database at all is not there, and one that cannot be understood says so") {
    const TempRoot board;
    const Fact<Software> nothing = read(board);
    REQUIRE(nothing.lacks(Lack::not_there));
    CHECK(nothing.missing().why ==
          "neither dpkg's nor opkg's database exists, and /run/current-system names no Nix store path");
    board.write("/var/lib/dpkg/status", "garbage");
    CHECK(read(board).lacks(Lack::not_understood));
    board.write("/var/lib/opkg/status", "");
    CHECK(read(board).known());
    board.write("/var/lib/dpkg/status", "");
    CHECK(read(board)->databases.size() == 2);
    CHECK(read(board)->components.empty());
}

TEST_CASE("no status file makes it misbehave") {
    const std::string good = stanza("cuda-cudart-12-6", "12.6.68-1") + stanza("libnvinfer10", "10.3.0.30-1+cuda12.5") +
                             stanza("nvidia-l4t-core", "36.5.0-20260115194252") + stanza("libcuda1", "535.1-1");
    const TempRoot board;
    board.write("/var/lib/dpkg/info/cuda-cudart-12-6.list", testing::random_bytes(7, 5000));
    for (unsigned seed = 0; seed < 150; ++seed) {
        board.write("/var/lib/dpkg/status", testing::mutated(good, seed));
        const Fact<Software> software = read(board);
        if (software) CHECK(software->components.size() <= 2);
    }
}

}  // namespace jetcuda
