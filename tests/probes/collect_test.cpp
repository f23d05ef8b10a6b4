// All sources at once, on a little board: that each is asked, once, and that facts reach those who build on them.

#include "probes/collect.hpp"

#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string driver_folder = "/usr/lib/aarch64-linux-gnu/nvidia";
const std::string modules = "/usr/lib/modules/5.15.185-tegra";

std::string with_nul(std::initializer_list<std::string_view> words) {
    std::string result;
    for (const std::string_view word : words) result.append(word).push_back('\0');
    return result;
}

// An Orin NX of L4T 36.5.0, as far as the sources look.
struct Board36 {
    TempRoot root;
    Board36() {
        root.write("/etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n");
        root.write("/etc/nv_tegra_release",
                   "# R36 (release), REVISION: 5.0, GCID: 43688277, BOARD: generic, EABI: aarch64, DATE: Fri Jan 16 "
                   "03:50:45 UTC 2026\n");
        root.write("/etc/group", "video:x:44:inference\nrender:x:104:\n");
        root.write("/etc/passwd", "inference:x:900:900::/:/usr/sbin/nologin\n");
        root.write("/proc/modules", "nvgpu 2654208 23 - Live 0x0 (O)\n");
        root.write("/proc/sys/kernel/osrelease", "5.15.185-tegra\n");
        root.write("/proc/device-tree/compatible",
                   with_nul({"nvidia,p3768-0000+p3767-0000", "nvidia,p3767-0000", "nvidia,tegra234"}));
        root.write("/proc/device-tree/model", with_nul({"NVIDIA Jetson Orin NX"}));
        root.write("/sys/devices/virtual/dmi/id/bios_version", "36.5.0-gcid-43688277\n");
        root.write("/sys/module/nvgpu/initstate", "live\n");
        root.write("/var/lib/dpkg/status",
                   "Package: nvidia-l4t-core\nStatus: install ok installed\nArchitecture: arm64\nVersion: "
                   "36.5.0-20260115194252\n\n"
                   "Package: nvidia-l4t-cuda\nStatus: install ok installed\nArchitecture: arm64\nVersion: "
                   "36.5.0-20260115194252\n\n"
                   "Package: nvidia-l4t-kernel-oot-modules\nStatus: install ok installed\nArchitecture: "
                   "arm64\nVersion: 5.15.185-tegra-36.5.0-20260115194252\n\n");
        root.write("/var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list",
                   "/.\n/lib/modules/5.15.185-tegra/updates/nvgpu.ko\n");
        ElfRecipe module;
        module.modinfo = {{"name", "nvgpu"}, {"vermagic", "5.15.185-tegra SMP"}};
        root.write(modules + "/updates/nvgpu.ko", write_kernel_module(module).bytes);
        root.write(modules + "/modules.dep", "updates/nvgpu.ko:\n");
        root.link("/lib", "usr/lib");
        ElfRecipe library;
        library.soname = "libcuda.so.1";
        library.needed = {"libc.so.6"};
        root.write(driver_folder + "/libcuda.so.1.1", write_shared_object(library).bytes);
        root.link(driver_folder + "/libcuda.so.1", "libcuda.so.1.1");
        root.write(driver_folder + "/libnvidia-ptxjitcompiler.so.540.5.0", "");
        root.write("/.jetcuda-root.json",
                   R"({"nodes": [{"path": "/dev/nvmap", "type": "c", "major": 10, "minor": 122, "mode": "0660",
                                  "uid": 0, "gid": 44}], "dirs": []})");
    }
};

const Catalog& catalog() {
    static const Catalog loaded = load_catalog(JETCUDA_SOURCE_DIR "/config/data", "/nonexistent");
    return loaded;
}

Facts collected(const TempRoot& root, CollectRequest request = {}) {
    return collect(SystemRoot(root.directory()), catalog(), request);
}

// A program in place of jetcuda-probe that answers nothing but its end.
std::string silent_probe(const TempRoot& folder) {
    folder.write("/probe", "#!/bin/sh\necho '{\"done\":true}'\n");
    std::filesystem::permissions(folder.on_host("/probe"), std::filesystem::perms::owner_all);
    return folder.on_host("/probe").string();
}

}  // namespace

TEST_CASE("a whole board is known, from what it is to its driver") {
    const Board36 board;
    CollectRequest request;
    request.service_users = {"inference"};
    const Facts facts = collected(board.root, request);
    CHECK(facts.scope.root == board.root.directory());
    CHECK_FALSE(facts.scope.live);
    CHECK_FALSE(facts.scope.at_rest);
    CHECK_FALSE(facts.scope.in_container);
    REQUIRE(facts.distribution.known());
    CHECK(*facts.distribution == Distribution::ubuntu);
    REQUIRE(facts.board.known());
    REQUIRE(facts.board->soc.has_value());
    CHECK(facts.board->soc->id == "T234");
    REQUIRE(facts.release.known());
    CHECK(facts.release->l4t == L4tRelease{36, 5, 0});
    REQUIRE(facts.line.known());
    CHECK(facts.line->line == 36);
    CHECK(facts.line->least_driver_cuda == CudaVersion{12, 6});
    REQUIRE(facts.reference.known());
    CHECK(facts.reference->jetpack == "6.2.2");
    CHECK_FALSE(facts.reference.source().empty());
    CHECK(facts.firmware->l4t == L4tRelease{36, 5, 0});
    CHECK(*facts.kernel_release == "5.15.185-tegra");
    REQUIRE(facts.gpu_module.known());
    CHECK(facts.gpu_module->running.presence == ModulePresence::loaded);
    CHECK(facts.gpu_module->file.known());
    CHECK(facts.gpu_module->release->l4t == L4tRelease{36, 5, 0});
    CHECK(facts.device_nodes->at("/dev/nvmap")->group == "video");
    CHECK(facts.service_users->front().groups == std::vector<std::string>{"video"});
    REQUIRE(facts.libcuda.known());
    CHECK(facts.libcuda->real_path == driver_folder + "/libcuda.so.1.1");
    CHECK(facts.libcuda_release->l4t == L4tRelease{36, 5, 0});
    CHECK(facts.libcuda_release->driver_version == "540.5.0");
}

TEST_CASE("no file is read twice") {
    const Board36 board;
    const SystemRoot root(board.root.directory());
    CollectRequest request;
    request.service_users = {"inference"};
    (void)collect(root, catalog(), request);
    for (const char* path : {"/etc/group", "/var/lib/dpkg/status", "/etc/nv_tegra_release"}) {
        REQUIRE(root.read_counts().count(path) == 1);
    }
    for (const auto& [path, count] : root.read_counts()) {
        CAPTURE(path);
        CHECK(count == 1);
    }
}

TEST_CASE("a release that the data do not know has at least the driver of one before it") {
    const auto least = [](const std::string& revision) {
        const Board36 board;
        board.root.write("/etc/nv_tegra_release", "# R36 (release), REVISION: " + revision +
                                                      ", GCID: 1, BOARD: generic, EABI: aarch64, DATE: Thu Jan 1\n");
        const Facts facts = collected(board.root);
        REQUIRE(facts.line.known());
        return facts.line->least_driver_cuda;
    };
    CHECK(least("3.9") == CudaVersion{12, 2});
    CHECK(least("99.0") == CudaVersion{12, 6});
    CHECK(least("1.0") == CudaVersion{12, 2});
}

TEST_CASE("what files carry is read only where something rests on it") {
    const Board36 board;
    const std::string cudnn = "/usr/lib/aarch64-linux-gnu/libcudnn.so.9";
    board.root.write(cudnn, write_shared_object({.soname = "libcudnn.so.9"}).bytes);
    CollectRequest request;
    request.programs = {cudnn, "/opt/gone"};
    Facts facts = collected(board.root, request);
    CHECK(facts.cuda_library_files.lacks(Lack::not_asked));
    CHECK(facts.programs.lacks(Lack::not_asked));
    request.look_into_libraries = true;
    facts = collected(board.root, request);
    REQUIRE(facts.cuda_library_files.known());
    REQUIRE(facts.cuda_library_files->size() == 1);
    CHECK(facts.cuda_library_files->front().file.content.known());
    CHECK(facts.programs.lacks(Lack::not_asked));
    request.look_into_libraries = false;
    request.look_into_programs = true;
    facts = collected(board.root, request);
    CHECK(facts.cuda_library_files.lacks(Lack::not_asked));
    REQUIRE(facts.programs.known());
    REQUIRE(facts.programs->size() == 2);
    CHECK(facts.programs->front().looked_at == 1);
    CHECK(facts.programs->back().missing.has_value());
}

// A dpkg database of `count` packages, as long as a real one's, beside those that the board has.
void add_packages(const TempRoot& root, int count) {
    std::string status =
        "Package: cuda-cudart-12-6\nStatus: install ok installed\nArchitecture: arm64\nVersion: 12.6.68-1\n\n"
        "Package: libcublas-12-6\nStatus: install ok installed\nArchitecture: arm64\nVersion: 12.6.1.4-1\n\n"
        "Package: nvidia-l4t-core\nStatus: install ok installed\nArchitecture: arm64\nVersion: "
        "36.5.0-20260115194252\n\n";
    for (int number = 0; number < count; ++number) {
        status.append("Package: libsomething").append(std::to_string(number));
        status.append("\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 1234\n");
        status.append("Maintainer: Somebody <somebody@example.org>\nArchitecture: arm64\nVersion: 1.2.3-4\n");
        status.append("Depends: libc6 (>= 2.34), libstdc++6 (>= 11), libgcc-s1 (>= 3.0)\nDescription: a library\n");
        for (int line = 0; line < 12; ++line) status.append(" Long words about what it does, and for whom it is.\n");
        status.append("Homepage: https://example.org\n\n");
    }
    root.write("/var/lib/dpkg/status", status);
    root.write("/var/lib/dpkg/info/cuda-cudart-12-6.list", "/usr/local/cuda-12.6/targets/aarch64-linux/lib\n");
}

TEST_CASE("of three thousand packages, the few that matter are known, and each file was read once") {
    const Board36 board;
    add_packages(board.root, 3000);
    board.root.write("/usr/local/cuda-12.6/version.json", R"({"cuda": {"version": "12.6.20240801"}})");
    board.root.link("/usr/local/cuda", "cuda-12.6");
    const SystemRoot root(board.root.directory());
    const Facts facts = collect(root, catalog(), {});
    REQUIRE(facts.software.known());
    CHECK(facts.software->components.size() == 2);
    CHECK(facts.software->components.front().build == CudaBuild::tegra);
    CHECK(facts.software->l4t.size() == 1);
    REQUIRE(facts.toolkits.known());
    REQUIRE(facts.toolkits->size() == 1);
    CHECK(facts.toolkits->front().is_default);
    REQUIRE(root.read_counts().count("/var/lib/dpkg/status") == 1);
    CHECK(root.read_counts().at("/var/lib/dpkg/info/cuda-cudart-12-6.list") == 1);
    CHECK(root.read_counts().at("/usr/local/cuda-12.6/version.json") == 1);
    for (const auto& [path, count] : root.read_counts()) {
        CAPTURE(path);
        CHECK(count == 1);
    }
}

TEST_CASE("progress names each source once, and ends before the driver where none is asked") {
    const Board36 board;
    std::vector<std::string> names;
    CollectRequest request;
    request.on_progress = [&](std::string_view name) { names.emplace_back(name); };
    (void)collected(board.root, request);
    CHECK(names.size() >= 8);
    CHECK(std::find(names.begin(), names.end(), "libcuda") != names.end());
    CHECK(std::find(names.begin(), names.end(), "driver") == names.end());
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("an empty root is an image of nothing: everything missing, nothing thrown") {
    const TempRoot root;
    const Facts facts = collected(root);
    CHECK(facts.scope.at_rest);
    CHECK(facts.release.lacks(Lack::not_there));
    CHECK(facts.line.lacks(Lack::not_there));
    CHECK_FALSE(facts.gpu_module.known());
    CHECK(facts.libcuda.lacks(Lack::not_there));
    CHECK_FALSE(facts.libcuda_release.known());
    CHECK(facts.device_nodes.known());
    CHECK(facts.software.lacks(Lack::not_there));
    CHECK(facts.toolkits->empty());
    CHECK(facts.driver_probe.lacks(Lack::not_asked));
}

TEST_CASE("a release that the data do not know has no reference, and a new line no line") {
    const Board36 board;
    board.root.write("/etc/nv_tegra_release", "# R36 (release), REVISION: 99.0, GCID: 1, BOARD: generic\n");
    Facts facts = collected(board.root);
    CHECK(facts.line.known());
    CHECK(facts.reference.lacks(Lack::not_there));
    board.root.write("/etc/nv_tegra_release", "# R77 (release), REVISION: 1.0, GCID: 1, BOARD: generic\n");
    facts = collected(board.root);
    CHECK(facts.line.lacks(Lack::not_there));
    CHECK(facts.line.missing().why == "the data know no L4T line R77");
    board.root.write("/etc/nv_tegra_release", "garbage\n");
    facts = collected(board.root);
    CHECK(facts.line.lacks(Lack::not_understood));
    CHECK(facts.libcuda.known());  // places are looked at without a line, too
}

TEST_CASE("--soc serves an image that cannot say it") {
    const Board36 board;
    board.root.remove("/proc");
    CollectRequest request;
    request.soc = "T234";
    const Facts facts = collected(board.root, request);
    CHECK(facts.scope.at_rest);
    REQUIRE(facts.gpu_module.known());
    CHECK(facts.gpu_module->running.presence == ModulePresence::absent);
    CHECK(facts.libcuda.known());
}

TEST_CASE("the packages of a NixOS disk at rest are those of the system that starts next") {
    const std::string store = "/nix/store/" + std::string(32, 'a');
    TempRoot root;
    root.write("/etc/os-release", "ID=nixos\n");
    root.link("/nix/var/nix/profiles/system", "system-1-link");
    root.link("/nix/var/nix/profiles/system-1-link", store + "-nixos-system-orin-26.05");
    root.write(store + "-cuda12.6-cuda_cudart-12.6.77-lib/lib/libcudart.so.12", "");
    root.link(store + "-nixos-system-orin-26.05/sw/lib/libcudart.so.12",
              store + "-cuda12.6-cuda_cudart-12.6.77-lib/lib/libcudart.so.12");
    const Facts at_rest = collected(root);
    REQUIRE(at_rest.software.known());
    REQUIRE(at_rest.software->components.size() == 1);
    CHECK(at_rest.software->components[0].id == "cuda_cudart");
    // Where something runs, what is current counts, and the profile may be ahead of it.
    root.write("/proc/modules", "");
    CHECK_FALSE(collected(root).software.known());
}

TEST_CASE("another root's driver is asked only where --driver names a file of this machine") {
    const Board36 board;
    const TempRoot folder;
    CollectRequest request;
    request.probe_program = silent_probe(folder);
    Facts facts = collected(board.root, request);
    CHECK_FALSE(facts.scope.probe_wanted);
    CHECK(facts.driver_probe.lacks(Lack::not_asked));

    request.driver = "/opt/some/libcuda.so.1";
    facts = collected(board.root, request);
    CHECK(facts.scope.probe_wanted);
    CHECK(facts.scope.driver_override == "/opt/some/libcuda.so.1");
    REQUIRE(facts.driver_probe.known());
    CHECK(facts.driver_probe->library == "/opt/some/libcuda.so.1");
    CHECK(facts.libcuda->real_path == driver_folder + "/libcuda.so.1.1");  // nothing else changes

    request.probe = false;
    facts = collected(board.root, request);
    CHECK_FALSE(facts.scope.probe_wanted);
    CHECK(facts.driver_probe.missing().why == "the request was to ask no driver");
}
