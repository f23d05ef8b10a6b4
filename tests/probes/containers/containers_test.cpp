// What containers are given of a little board: lists of both kinds, held against its files and the minimal set.

#include "probes/containers/containers.hpp"

#include <algorithm>
#include <chrono>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string lists = "/etc/nvidia-container-runtime/host-files-for-container.d/";
const std::string libraries = "/usr/lib/aarch64-linux-gnu/nvidia/";
const Fact<DpkgPackages> no_packages = Missing{Lack::not_there, "no dpkg here", "/var/lib/dpkg/status"};

std::vector<ContainerFileRecord> minimal_set() {
    const auto record = [](const char* id, const char* variant, bool csv, bool node, std::vector<std::string> names) {
        ContainerFileRecord made;
        made.id = id;
        made.variants = {variant};
        made.csv = csv;
        made.cdi = true;
        made.node = node;
        made.names = std::move(names);
        return made;
    };
    return {record("libcuda", "nvgpu", true, false, {"libcuda.so.1.1", "libcuda.so.1"}),
            record("ptx", "nvgpu", true, false, {"libnvidia-ptxjitcompiler.so.*"}),
            record("nvmap", "nvgpu", true, true, {"/dev/nvmap"}),
            record("ctrl", "nvgpu", true, true, {"/dev/nvgpu/igpu*/ctrl", "/dev/nvhost-ctrl-gpu"}),
            record("nvidia0", "openrm", false, true, {"/dev/nvidia0"}),
            record("uvm", "openrm", false, true, {"/dev/nvidia-uvm"})};
}

ContainerSurroundings orin() {
    ContainerSurroundings around;
    around.gpu_variant = "nvgpu";
    around.libcuda = libraries + "libcuda.so.1.1";
    around.driver_version = "540.5.0";
    around.l4t = "36.5.0";
    return around;
}

// Files stand in for device nodes here; they hold a byte, since an empty one is a fault.
struct LittleBoard {
    LittleBoard() {
        for (const char* node : {"/dev/nvmap", "/dev/nvgpu/igpu0/ctrl", "/dev/nvhost-ctrl-gpu", "/dev/dri/card0"}) {
            root.write(node, "x");
        }
        root.write(libraries + "libcuda.so.1.1", "x");
        root.write(libraries + "libnvidia-ptxjitcompiler.so.540.5.0", "x");
    }
    void list(const std::string& drivers, const std::string& devices = "dev, /dev/nvmap\ndev, /dev/nvhost-ctrl-gpu\n") {
        root.write(lists + "devices.csv", devices);
        root.write(lists + "drivers.csv", drivers);
    }
    void list_all() {
        list("lib, " + libraries + "libcuda.so.1.1\nlib, " + libraries + "libnvidia-ptxjitcompiler.so.540.5.0\n");
    }
    [[nodiscard]] Containers read(const ContainerSurroundings& around = orin()) const {
        const Fact<Containers> found =
            read_containers(SystemRoot(root.directory()), minimal_set(), no_packages, around);
        REQUIRE(found.known());
        return *found;
    }
    TempRoot root;
};

std::string withheld(const Containers& containers) {
    std::string text;
    for (const WithheldFile& file : containers.withheld) {
        text += std::string(name_of(file.list)) + ' ' + file.id + (file.listed ? " listed " : " unlisted ") +
                file.path + '\n';
    }
    return text;
}

}  // namespace

TEST_CASE("lists that name all of the minimal set leave nothing to tell") {
    LittleBoard board;
    board.list_all();
    const Containers read = board.read();
    CHECK(read.lists == std::vector<std::string>{lists + "devices.csv", lists + "drivers.csv"});
    CHECK(read.mounts.size() == 4);
    CHECK(withheld(read).empty());
    CHECK(std::all_of(read.mounts.begin(), read.mounts.end(), [](const ContainerMount& mount) {
        return mount.there && mount.essential && !mount.empty && mount.other_driver.empty();
    }));
    CHECK_FALSE(read.toolkit);
}

TEST_CASE("wildcards become the nodes they match, and stay where none does") {
    LittleBoard board;
    board.list("", "dev, /dev/dri/card*\ndev, /dev/fb*\n");
    const Containers read = board.read();
    REQUIRE(read.mounts.size() == 2);
    CHECK(read.mounts[0].path == "/dev/dri/card0");
    CHECK(read.mounts[0].there);
    CHECK(read.mounts[1].path == "/dev/fb*");
    CHECK_FALSE(read.mounts[1].there);
    CHECK_FALSE(read.mounts[1].essential);
}

TEST_CASE("what no list names and the board has is withheld, and so is what is named and not there") {
    LittleBoard board;
    board.list("lib, " + libraries + "libnvidia-ptxjitcompiler.so.540.4.0\n", "dev, /dev/nvmap\n");
    const Containers read = board.read();
    CHECK(withheld(read) == "CSV libcuda unlisted " + libraries + "libcuda.so.1.1\nCSV ptx listed " + libraries +
                                "libnvidia-ptxjitcompiler.so.540.4.0\nCSV ctrl unlisted /dev/nvgpu/igpu0/ctrl\n");
    CHECK(read.mounts.back().other_driver == "540.4.0");
    CHECK_FALSE(read.mounts.back().there);
}

TEST_CASE("one of several names is enough, and what the board does not have is nobody's fault") {
    LittleBoard board;
    board.list_all();
    board.root.write(lists + "devices.csv", "dev, /dev/nvmap\ndev, /dev/nvhost-ctrl-gpu\ndev, /dev/nvgpu/igpu7/ctrl\n");
    CHECK(withheld(board.read()).empty());
    board.root.remove("/dev/nvgpu");
    board.root.remove("/dev/nvhost-ctrl-gpu");
    board.root.write(lists + "devices.csv", "dev, /dev/nvmap\n");
    CHECK(withheld(board.read()).empty());
}

TEST_CASE("a folder that is given holds what is in it") {
    LittleBoard board;
    board.list("dir, /usr/lib/aarch64-linux-gnu/nvidia\n");
    CHECK(withheld(board.read()).empty());
    board.list("dir, /usr/lib/aarch64-linux-gnu/nvi\n");
    CHECK_FALSE(withheld(board.read()).empty());
}

TEST_CASE("empty files and other drivers' names are told; versions of their own are not") {
    LittleBoard board;
    board.root.write(libraries + "libnvos.so", "");
    board.root.write(libraries + "libnvidia-nvvm.so.595.78", "x");
    board.root.write(libraries + "libnvidia-tls.so.35.4.1", "x");
    board.list("lib, " + libraries + "libnvos.so\nlib, " + libraries + "libnvidia-nvvm.so.595.78\nlib, " + libraries +
               "libnvidia-egl-wayland.so.1.1.11\nlib, " + libraries + "libnvidia-ml.so.1\nlib, " + libraries +
               "libnvidia-tls.so.35.4.1\nlib, " + libraries + "libfoo.so.595.78\n");
    const Containers read = board.read();
    const auto at = [&](const std::string& name) {
        return *std::find_if(read.mounts.begin(), read.mounts.end(),
                             [&](const ContainerMount& mount) { return mount.path == libraries + name; });
    };
    CHECK(at("libnvos.so").empty);
    CHECK(at("libnvidia-nvvm.so.595.78").other_driver == "595.78");
    CHECK(at("libnvidia-tls.so.35.4.1").other_driver == "35.4.1");
    CHECK(at("libnvidia-egl-wayland.so.1.1.11").other_driver.empty());
    CHECK(at("libnvidia-ml.so.1").other_driver.empty());
    CHECK(at("libfoo.so.595.78").other_driver.empty());
    ContainerSurroundings unknown = orin();
    unknown.driver_version.clear();
    for (const ContainerMount& mount : board.read(unknown).mounts) {
        if (mount.path.find("595") != std::string::npos) CHECK(mount.other_driver.empty());
    }
}

TEST_CASE("a CDI spec made too early lacks what the board has") {
    const TempRoot thor;
    thor.write("/dev/nvidia0", "x");
    thor.write("/dev/nvidia-uvm", "x");
    thor.link("/var/run", "../run");
    thor.write("/run/cdi/nvidia.yaml",
               "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ncontainerEdits:\n  deviceNodes:\n  - path: /dev/nvidia-uvm\n");
    thor.write(lists + "devices.csv", "dev, /dev/nvmap\n");
    ContainerSurroundings around = orin();
    around.gpu_variant = "openrm";
    const auto read = [&] {
        return *read_containers(SystemRoot(thor.directory()), minimal_set(), no_packages, around);
    };
    CHECK(withheld(read()) == "CDI nvidia0 unlisted /dev/nvidia0\n");
    CHECK(read().withheld.front().source == "/var/run/cdi/nvidia.yaml");
    around.at_rest = true;
    CHECK(withheld(read()).empty());
}

TEST_CASE("of two specs of one kind the later folder's counts, and one folder under two names is one") {
    LittleBoard board;
    board.root.link("/var/run", "../run");
    board.root.write("/etc/cdi/nvidia.json",
                     R"({"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","containerEdits":{"deviceNodes":[
                         {"path":"/dev/old"}]}})");
    CHECK(board.read().mounts.size() == 1);
    board.root.write("/run/cdi/nvidia.json",
                     R"({"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","containerEdits":{"deviceNodes":[
                         {"path":"/dev/nvmap"},{"path":"/dev/dri/card0"}]}})");
    board.root.write("/run/cdi/other.json", R"({"cdiVersion":"0.5.0","kind":"vendor.com/x","containerEdits":{
                         "deviceNodes":[{"path":"/dev/x"}]}})");
    const Containers read = board.read();
    REQUIRE(read.mounts.size() == 2);
    CHECK(read.mounts[0].path == "/dev/nvmap");
    CHECK(read.lists.size() == 2);
}

TEST_CASE("a spec that is none is told, and the others are read") {
    LittleBoard board;
    board.list_all();
    board.root.write("/etc/cdi/nvidia.yaml", "kind: [");
    const Containers read = board.read();
    REQUIRE(read.unread.size() == 1);
    CHECK(read.unread[0].lack == Lack::not_understood);
    CHECK(read.unread[0].why.find("/etc/cdi/nvidia.yaml is no CDI spec: ") == 0);
    CHECK(read.mounts.size() == 4);
    board.root.write("/etc/cdi/nvidia.yaml", std::string(std::size_t{2} << 20, '#'));
    CHECK(board.read().unread.size() == 1);
}

TEST_CASE("a spec of NVIDIA's that no engine can read either is broken") {
    LittleBoard board;
    board.list_all();
    board.root.write("/etc/cdi/nvidia.yaml", "kind: [");
    REQUIRE(board.read().broken.size() == 1);
    CHECK(board.read().broken[0].source == "/etc/cdi/nvidia.yaml");
    board.root.write("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu\n");  // and no version
    CHECK(board.read().broken.size() == 1);
    // What only the limits of this reader refuse, engines may take; of YAML they take a comma too many.
    board.root.write("/etc/cdi/nvidia.yaml", "a: &x 1\nb: *x\n");
    CHECK(board.read().unread.size() == 1);
    CHECK(board.read().broken.empty());
    board.root.write("/etc/cdi/nvidia.json", R"({"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[],})");
    CHECK(board.read().broken.empty());
    board.root.write("/etc/cdi/nvidia.json", R"({"cdiVersion":)");
    CHECK(board.read().broken.size() == 1);
}

TEST_CASE("another vendor's broken spec is nobody's fault here") {
    LittleBoard board;
    board.list_all();
    board.root.write("/etc/cdi/vendor.yaml", "kind: [");
    CHECK(board.read().unread.size() == 1);
    CHECK(board.read().broken.empty());
}

TEST_CASE("an R39 image lists no libcuda yet") {
    LittleBoard board;
    board.list("lib, " + libraries + "libnvidia-ptxjitcompiler.so.540.5.0\n");
    ContainerSurroundings around = orin();
    CHECK(withheld(board.read(around)).find("libcuda") != std::string::npos);
    around.at_rest = true;
    around.libcuda_linked_at_boot = true;
    CHECK(withheld(board.read(around)).empty());
}

TEST_CASE("a toolkit is known by its package, its programs or NixOS's unit") {
    const LittleBoard board;
    DpkgPackages packages;
    packages.packages.push_back({"docker.io", "28.2.2-0ubuntu1", "arm64", "installed", true});
    packages.packages.push_back({"nvidia-container-toolkit", "1.16.2-1", "arm64", "installed", true});
    board.root.write("/usr/bin/dockerd", "x");
    const SystemRoot root(board.root.directory());
    Containers read = *read_containers(root, {}, {packages, "/var/lib/dpkg/status"}, orin());
    CHECK(read.toolkit);
    CHECK(read.toolkit_version == "1.16.2-1");
    CHECK(read.toolkit_source == "package nvidia-container-toolkit");
    CHECK(read.engines.size() == 1);
    for (const char* path : {"/usr/bin/nvidia-container-runtime", "/run/current-system/sw/bin/nvidia-ctk",
                             "/etc/systemd/system/nvidia-container-toolkit-cdi-generator.service"}) {
        LittleBoard other;
        other.root.write(path, "x");
        CHECK(other.read().toolkit_source == path);
    }
}

TEST_CASE("at rest a unit that makes the spec at boot stands for it") {
    const LittleBoard board;
    board.root.write("/usr/bin/podman", "x");
    board.root.write("/usr/lib/systemd/system/nvidia-cdi-refresh.service", "[Service]\n");
    CHECK_FALSE(*board.read().engines.front().registered);
    ContainerSurroundings around = orin();
    around.at_rest = true;
    CHECK(*board.read(around).engines.front().registered);
}

TEST_CASE("in a container nobody is asked") {
    ContainerSurroundings around = orin();
    around.in_container = true;
    const TempRoot empty;
    CHECK(read_containers(SystemRoot(empty.directory()), minimal_set(), no_packages, around).lacks(Lack::not_asked));
}

TEST_CASE("what matters of the facts is taken from where it is known") {
    Facts facts;
    CHECK(container_surroundings(facts).gpu_variant.empty());
    facts.libcuda_release = Fact<DriverRelease>({L4tRelease{36, 5, 0}, ""}, "package");
    ReleaseRecord reference;
    reference.driver_version = "540.5.0";
    facts.reference = Fact<ReleaseRecord>(reference, "releases.json");
    CHECK(container_surroundings(facts).driver_version == "540.5.0");
    CHECK(container_surroundings(facts).l4t == "36.5.0");
}

TEST_CASE("hostile lists are read in good time") {
    LittleBoard board;
    std::string huge;
    for (int i = 0; i < 4000; ++i) huge += "dev, /dev/*/*/*/*\n";
    board.list(huge, huge);
    const auto begin = std::chrono::steady_clock::now();
    const Containers read = board.read();
    CHECK(read.mounts.size() <= 10'000);
    CHECK(read.skipped.front().find("all further wildcards") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
    for (unsigned seed = 0; seed < 200; ++seed) {
        board.root.write(lists + "drivers.csv", mutated("lib, /usr/lib/a.so\ndev, /dev/dri/card*\n", seed));
        board.root.write("/etc/cdi/nvidia.yaml", random_bytes(seed, 300));
        board.root.write("/etc/cdi/nvidia.json", mutated(R"({"cdiVersion":"1","kind":"nvidia.com/gpu"})", seed));
        static_cast<void>(board.read());
    }
}
