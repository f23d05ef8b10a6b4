// Which container engines are installed, and whether their settings name NVIDIA's runtime.

#include "probes/containers/engines.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

// A board with the programs of these engines.
struct LittleBoard {
    explicit LittleBoard(const std::vector<std::string>& programs) {
        for (const std::string& program : programs) root.write("/usr/bin/" + program, "x");
    }
    [[nodiscard]] ContainerEngine read(const std::string& engine, const EngineSurroundings& around = {}) const {
        const std::vector<ContainerEngine> engines = read_engines(SystemRoot(root.directory()), around);
        const auto found = std::find_if(engines.begin(), engines.end(),
                                        [&](const ContainerEngine& one) { return one.name == engine; });
        REQUIRE(found != engines.end());
        return *found;
    }
    [[nodiscard]] Fact<bool> registered(const std::string& engine, const EngineSurroundings& around = {}) const {
        return read(engine, around).registered;
    }
    TempRoot root;
};

EngineSurroundings with_spec(const std::string& docker_version = {}) {
    EngineSurroundings around;
    around.gpu_spec = "/var/run/cdi/nvidia.yaml";
    around.docker_version = docker_version;
    return around;
}

}  // namespace

TEST_CASE("engines are known by their programs, wherever those are") {
    const TempRoot none;
    CHECK(read_engines(SystemRoot(none.directory()), {}).empty());
    const LittleBoard all({"dockerd", "containerd", "podman", "crio"});
    const std::vector<ContainerEngine> engines = read_engines(SystemRoot(all.root.directory()), {});
    REQUIRE(engines.size() == 4);
    CHECK(engines[0].name == "docker");
    CHECK(engines[1].name == "containerd");
    CHECK(engines[2].name == "podman");
    CHECK(engines[3].name == "crio");
    const TempRoot nixos;
    nixos.write("/run/current-system/sw/bin/docker", "x");
    CHECK(read_engines(SystemRoot(nixos.directory()), {}).size() == 1);
}

TEST_CASE("docker knows a runtime by its name or its program") {
    const LittleBoard board({"dockerd"});
    CHECK_FALSE(*board.registered("docker"));
    CHECK(board.registered("docker").source() == "/etc/docker/daemon.json");
    board.root.write("/etc/docker/daemon.json", R"({"runtimes":{"nvidia":{"path":"nvidia-container-runtime"}}})");
    CHECK(*board.registered("docker"));
    board.root.write("/etc/docker/daemon.json",
                     R"({"runtimes":{"gpu":{"path":"/usr/bin/nvidia-container-runtime.cdi","args":[]}}})");
    CHECK(*board.registered("docker"));
    board.root.write("/etc/docker/daemon.json", R"({"runtimes":{"kata":{"path":"/usr/bin/kata"}},"debug":true})");
    CHECK_FALSE(*board.registered("docker"));
}

TEST_CASE("settings that docker would not start with tell nothing") {
    const LittleBoard board({"dockerd"});
    for (const char* text : {"{", "[]", R"({"runtimes":[]})", R"({"runtimes":{},"runtimes":{}})"}) {
        CAPTURE(text);
        board.root.write("/etc/docker/daemon.json", text);
        CHECK(board.registered("docker").lacks(Lack::not_understood));
    }
    board.root.write("/etc/docker/daemon.json", std::string(std::size_t{300} << 10, ' '));
    CHECK(board.registered("docker").lacks(Lack::not_understood));
}

TEST_CASE("docker does not start with what is no JSON to anybody") {
    const LittleBoard board({"dockerd"});
    board.root.write("/etc/docker/daemon.json", "{\"runtimes\":{},\n}");
    CHECK(board.read("docker").broken.find("/etc/docker/daemon.json is no JSON that docker starts with: line 2") == 0);
    // A key that stands twice docker takes, and of bytes that are no UTF-8 it may take more than this reader.
    for (const char* text : {R"({"debug":true,"debug":true})", "{\"a\":\"\xff\"}", "{\"\xff\":}", "[]", "{}"}) {
        CAPTURE(text);
        board.root.write("/etc/docker/daemon.json", text);
        CHECK(board.read("docker").broken.empty());
    }
}

TEST_CASE("to docker an empty file of settings is as good as none") {
    const LittleBoard board({"dockerd"});
    for (const char* text : {"", " \n"}) {
        board.root.write("/etc/docker/daemon.json", text);
        CHECK_FALSE(*board.registered("docker"));
        CHECK(board.read("docker").broken.empty());
    }
}

TEST_CASE("docker reads CDI specs where it was told to, or its version does by itself") {
    const LittleBoard board({"dockerd"});
    CHECK(*board.registered("docker", with_spec("28.2.2-0ubuntu1")));
    CHECK(*board.registered("docker", with_spec("29.0.1-1")));
    CHECK_FALSE(*board.registered("docker", with_spec("27.5.1-0ubuntu3")));
    CHECK(board.registered("docker", with_spec()).lacks(Lack::not_there));
    CHECK(board.registered("docker", with_spec("nonsense")).lacks(Lack::not_there));
    board.root.write("/etc/docker/daemon.json", R"({"features":{"cdi":true}})");
    CHECK(*board.registered("docker", with_spec("27.5.1")));
    CHECK(board.registered("docker", with_spec()).source() == "/var/run/cdi/nvidia.yaml");
    CHECK_FALSE(*board.registered("docker"));  // told, and there is no spec
    board.root.write("/etc/docker/daemon.json", R"({"features":{"cdi":false}})");
    CHECK_FALSE(*board.registered("docker", with_spec("29.0.1")));
}

TEST_CASE("docker's unit may name the runtime, or another file of settings") {
    const LittleBoard board({"dockerd"});
    board.root.write("/etc/systemd/system/docker.service.d/override.conf",
                     "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --add-runtime nvidia=/usr/bin/nvidia-container-"
                     "runtime\n");
    CHECK(*board.registered("docker"));
    board.root.write("/etc/systemd/system/docker.service.d/override.conf",
                     "# --add-runtime nvidia=x\n[Service]\nExecStart=/usr/bin/dockerd "
                     "--config-file=/nix/store/abc-daemon.json\n");
    CHECK(board.registered("docker").source() == "/nix/store/abc-daemon.json");
    board.root.write("/nix/store/abc-daemon.json", R"({"runtimes":{"nvidia":{"path":"x"}}})");
    CHECK(*board.registered("docker"));
}

TEST_CASE("containerd knows it by a table or by the program of one, in its settings or a drop-in") {
    const LittleBoard board({"containerd"});
    CHECK_FALSE(*board.registered("containerd"));
    board.root.write("/etc/containerd/config.toml",
                     "version = 2\n# [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia]\n"
                     "disabled_plugins = [\"cri\"]\n");
    CHECK_FALSE(*board.registered("containerd"));
    board.root.write("/etc/containerd/conf.d/99-nvidia.toml",
                     "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia]\n"
                     "  runtime_type = \"io.containerd.runc.v2\"\n");
    CHECK(board.registered("containerd").source() == "/etc/containerd/conf.d/99-nvidia.toml, line 2");
    board.root.write("/etc/containerd/conf.d/99-nvidia.toml",
                     "[plugins.cri.containerd.runtimes.gpu.options]\nBinaryName = \"/usr/bin/nvidia-container-"
                     "runtime\"\n");
    CHECK(*board.registered("containerd"));
    board.root.write("/etc/containerd/conf.d/99-nvidia.toml", "[[[");
    CHECK(board.registered("containerd").lacks(Lack::not_understood));
}

TEST_CASE("containerd reads CDI specs where its settings say so, or are those of containerd 2") {
    const LittleBoard board({"containerd"});
    CHECK_FALSE(*board.registered("containerd", with_spec()));
    board.root.write("/etc/containerd/config.toml", "version = 3\n");
    CHECK(*board.registered("containerd", with_spec()));
    board.root.write("/etc/containerd/config.toml",
                     "version = 3\n[plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = false\n");
    CHECK_FALSE(*board.registered("containerd", with_spec()));
}

TEST_CASE("podman and CRI-O need a spec, a hook or a runtime") {
    for (const std::string engine : {"podman", "crio"}) {
        CAPTURE(engine);
        const LittleBoard board({engine});
        CHECK_FALSE(*board.registered(engine));
        CHECK(*board.registered(engine, with_spec()));
        EngineSurroundings unread;
        unread.spec_unread = Missing{Lack::not_readable, "a spec may not be read", "/etc/cdi/nvidia.yaml"};
        CHECK(board.registered(engine, unread).lacks(Lack::not_readable));
        board.root.write("/usr/share/containers/oci/hooks.d/oci-nvidia-hook.json", "{}");
        CHECK(*board.registered(engine));
    }
    const LittleBoard podman({"podman"});
    podman.root.write("/etc/containers/containers.conf",
                      "[engine.runtimes]\nnvidia = [\"/usr/bin/nvidia-container-runtime\"]\n");
    CHECK(podman.registered("podman").source() == "/etc/containers/containers.conf, line 2");
    const LittleBoard crio({"crio"});
    crio.root.write("/etc/crio/crio.conf.d/99-nvidia.toml",
                    "[crio.runtime.runtimes.nvidia]\nruntime_path = \"/usr/bin/nvidia-container-runtime\"\n");
    CHECK(*crio.registered("crio"));
}

TEST_CASE("no settings make it misbehave") {
    const LittleBoard board({"dockerd", "containerd", "podman"});
    const SystemRoot root(board.root.directory());
    for (unsigned seed = 0; seed < 300; ++seed) {
        board.root.write("/etc/docker/daemon.json", mutated(R"({"runtimes":{"nvidia":{"path":"x"}}})", seed));
        board.root.write("/etc/containerd/config.toml", mutated("[a.runtimes.nvidia]\nb = [\"c\"]\n", seed));
        board.root.write("/etc/containers/containers.conf", random_bytes(seed, 200));
        board.root.write("/etc/systemd/system/docker.service", random_bytes(seed, 200));
        CHECK(read_engines(root, with_spec("28.2.2")).size() == 3);
    }
}
