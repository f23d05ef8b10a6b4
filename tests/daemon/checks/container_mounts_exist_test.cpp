#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "container-mounts-exist";
const std::string drivers = "/etc/nvidia-container-runtime/host-files-for-container.d/drivers.csv";

ContainerMount mount(const std::string& path, bool there = true, bool essential = false) {
    ContainerMount made;
    made.kind = path.find("/dev/") == 0 ? MountKind::device : MountKind::library;
    made.path = path;
    made.source = drivers + ", line 1";
    made.there = there;
    made.essential = essential;
    return made;
}

Facts with(const Containers& containers, Facts facts = healthy_orin()) {
    facts.containers = Fact<Containers>(containers, "/etc/cdi");
    return facts;
}

Containers good() {
    Containers containers;
    containers.lists = {drivers};
    containers.mounts = {mount("/dev/nvmap", true, true), mount("/usr/lib/libcuda.so.1.1", true, true)};
    return containers;
}
}  // namespace

TEST_CASE("lists whose files are there pass, and optional files that are not are counted") {
    CHECK(judged(id, with(good())).summary == "All 2 files that containers are given are there");
    Containers containers = good();
    containers.mounts.push_back(mount("/dev/fb0", false));
    containers.mounts.push_back(mount("/usr/lib/libnvargus.so", false));
    const CheckResult result = judged(id, with(containers));
    CHECK(result.status == Status::pass);
    CHECK(result.code == "optional-missing");
    CHECK(result.summary == "Containers are given all that CUDA needs; 2 of 4 listed files are not on this board");
}

TEST_CASE("an empty file fails before all else") {
    Containers containers = good();
    containers.mounts[1].empty = true;
    containers.mounts.push_back(containers.mounts[1]);
    const CheckResult result = judged(id, with(containers));
    CHECK(result.code == "empty");
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "Containers are given empty files: /usr/lib/libcuda.so.1.1 and 1 more");  // one file, twice
    CHECK(result.remedy.find("nvidia-l4t-init nvidia-l4t-cuda") != std::string::npos);
}

TEST_CASE("another driver's file fails where it is there or essential") {
    Containers containers = good();
    containers.mounts.push_back(mount("/usr/lib/libnvidia-tls.so.540.4.0", false));
    containers.mounts.back().other_driver = "540.4.0";
    CHECK(judged(id, with(containers)).code == "optional-missing");
    containers.mounts.back().there = true;
    Facts facts = with(containers);
    facts.libcuda_release = Fact<DriverRelease>({L4tRelease{36, 5, 0}, "540.5.0"}, "package nvidia-l4t-cuda");
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "other-driver");
    CHECK(
        result.summary ==
        "Containers are given files of driver 540.4.0, and this board's is 540.5.0: /usr/lib/libnvidia-tls.so.540.4.0");
    containers.mounts.back() = mount("/usr/lib/libnvidia-ptxjitcompiler.so.35.4.1", false, true);
    containers.mounts.back().other_driver = "35.4.1";
    CHECK(judged(id, with(containers)).code == "other-driver");
}

TEST_CASE("what CUDA cannot do without has to be named, and be there") {
    Containers containers = good();
    containers.withheld.push_back(
        {MountList::csv, MountKind::library, "libcuda", "/usr/lib/libcuda.so.1.1", false, drivers});
    CHECK(judged(id, with(containers)).code == "essential-missing");
    containers.withheld.push_back({MountList::csv, MountKind::device, "nvmap", "/dev/nvmap", true, drivers});
    CHECK(judged(id, with(containers)).summary ==
          "Containers lack what CUDA cannot do without: /usr/lib/libcuda.so.1.1 (not listed), /dev/nvmap (listed and "
          "missing)");
    CHECK(judged(id, with(containers)).remedy.find("nv-load-gpu-libs") == std::string::npos);
    for (const char* node : {"/dev/a", "/dev/b"}) {
        containers.withheld.push_back({MountList::csv, MountKind::device, "x", node, true, drivers});
    }
    CHECK(judged(id, with(containers)).summary.find("/dev/a (listed and missing) and 1 more") != std::string::npos);
}

TEST_CASE("a line that the toolkit passes over is named where it is why something is missing") {
    Containers containers = good();
    containers.skipped = {drivers +
                          ", line 7: \"lib /usr/lib/libcuda.so.1.1\" does not begin with dev, dir, lib or sym"};
    containers.withheld = {{MountList::csv, MountKind::library, "libcuda", "/usr/lib/libcuda.so.1.1", false, drivers}};
    CHECK(judged(id, with(containers)).summary ==
          "Containers lack what CUDA cannot do without: /usr/lib/libcuda.so.1.1 (what names it is no entry: " +
              drivers + ", line 7)");
}

TEST_CASE("from R39 on a service adds libcuda to the list, and has to run again") {
    Facts facts = healthy(
        {"T234", {39, 2, 0}, "7.2", "6.8.12-1021-tegra", "/opt/nvidia/l4t-gpu-libs/nvgpu/libcuda.so.1", {13, 2}});
    Containers containers = good();
    containers.withheld.push_back(
        {MountList::csv, MountKind::library, "libcuda", "/usr/lib/libcuda.so.1.1", true, drivers});
    facts.containers = Fact<Containers>(containers, "/etc/cdi");
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "essential-missing");
    CHECK(result.remedy.find("nvidia-l4t-init nvidia-l4t-cuda nvidia-l4t-cuda-nvgpu && sudo systemctl restart "
                             "nv-load-gpu-libs") != std::string::npos);
}

TEST_CASE("no container starts with a CDI spec that names what is not there") {
    Containers containers = good();
    containers.lists = {drivers, "/etc/cdi/nvidia.yaml"};
    containers.mounts.push_back(mount("/dev/dri/card0", false));
    containers.mounts.back().list = MountList::cdi;
    const CheckResult result = judged(id, with(containers, healthy_thor()));
    CHECK(result.code == "spec-names-missing");
    CHECK(result.status == Status::fail);
    CHECK(result.summary ==
          "The CDI spec /etc/cdi/nvidia.yaml names /dev/dri/card0, which this board does not have, so no container "
          "starts with it");
    CHECK(result.remedy == "Make the spec anew: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml");
    Facts at_rest = with(containers, healthy_thor());
    at_rest.scope.at_rest = true;
    CHECK(judged_alone(id, at_rest).status == Status::pass);
    // Of files that is not known, so they are counted as those of other lists are.
    containers.mounts.back().kind = MountKind::library;
    CHECK(judged(id, with(containers, healthy_thor())).code == "optional-missing");
}

TEST_CASE("another driver's file fails in a CDI spec although it is not there") {
    Containers containers = good();
    containers.lists = {"/etc/cdi/nvidia.yaml"};
    containers.mounts.push_back(mount("/usr/lib/libnvidia-tls.so.580.00", false));
    containers.mounts.back().list = MountList::cdi;
    containers.mounts.back().other_driver = "580.00";
    const CheckResult result = judged(id, with(containers, healthy_thor()));
    CHECK(result.code == "other-driver");
    CHECK(result.remedy.find(": sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml") != std::string::npos);
}

TEST_CASE("a broken spec fails where no other one is there") {
    Containers containers = good();
    const Missing flaw{Lack::not_understood, "/run/cdi/nvidia.yaml is no CDI spec: line 84", "/run/cdi/nvidia.yaml"};
    containers.unread = {flaw};
    containers.broken = {flaw};
    const CheckResult result = judged(id, with(containers, healthy_thor()));
    CHECK(result.code == "spec-broken");
    CHECK(result.status == Status::fail);
    CHECK(result.summary == "No container gets the GPU by CDI: /run/cdi/nvidia.yaml is no CDI spec: line 84");
    CHECK(result.remedy ==
          "Make the spec anew: sudo systemctl restart nvidia-cdi-refresh || sudo nvidia-ctk cdi generate "
          "--output=/run/cdi/nvidia.yaml");
    containers.lists.emplace_back("/etc/cdi/nvidia.yaml");
    CHECK(judged(id, with(containers, healthy_thor())).code == "not-understood");
}

TEST_CASE("a spec made before the driver had loaded is mended by making it anew") {
    Containers containers = good();
    containers.lists = {drivers, "/var/run/cdi/nvidia.yaml"};
    containers.withheld.push_back(
        {MountList::cdi, MountKind::device, "nvidia0", "/dev/nvidia0", false, "/var/run/cdi/nvidia.yaml"});
    const CheckResult result = judged(id, with(containers, healthy_thor()));
    CHECK(result.code == "spec-too-early");
    CHECK(result.summary ==
          "The CDI spec does not name /dev/nvidia0, which this board has: it was made before the driver had loaded");
    // A spec below /run is made again at each start, by a service that has to wait for the driver.
    CHECK(result.remedy.find("After=nv-load-display-modules.service\\n' | sudo tee "
                             "/etc/systemd/system/nvidia-cdi-refresh.service.d/after-driver.conf && sudo systemctl "
                             "daemon-reload && sudo systemctl restart nvidia-cdi-refresh") != std::string::npos);
    containers.lists = {drivers, "/etc/cdi/nvidia.yaml"};
    CHECK(judged(id, with(containers, healthy_thor()))
              .remedy.find(": sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml") != std::string::npos);
    containers.withheld.back().kind = MountKind::library;
    CHECK(judged(id, with(containers, healthy_thor())).code == "essential-missing");
}

TEST_CASE("no lists are no fault, and lists that say nothing leave it open") {
    Containers containers;
    CHECK(judged(id, with(containers)).code == "no-lists");
    CHECK(judged(id, with(containers)).status == Status::not_applicable);
    containers.unread = {missing(Lack::not_understood)};
    CHECK(judged(id, with(containers)).code == "not-understood");
    containers = good();
    containers.unread = {missing(Lack::not_readable)};
    CHECK(judged(id, with(containers)).code == "not-readable");
    containers.mounts[0].empty = true;
    CHECK(judged(id, with(containers)).code == "empty");
    Facts facts = healthy_orin();
    facts.containers = missing(Lack::not_asked);
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("at rest device nodes are not judged") {
    Containers containers = good();
    containers.mounts[0].there = false;
    Facts facts = with(containers);
    facts.scope.at_rest = true;
    CHECK(judged_alone(id, facts).summary == "All 1 files that containers are given are there");
}

TEST_CASE("where libcuda itself is not sound, that is told first") {
    Containers containers = good();
    containers.mounts[1].empty = true;
    Facts facts = with(containers);
    facts.libcuda = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "blocked");
}
