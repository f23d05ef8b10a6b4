// Device nodes of a pretend board: a folder cannot hold them, so they stand in its .jetcuda-root.json.

#include "probes/driver/device_nodes.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::string node(const std::string& path, int group, const std::string& mode = "0660") {
    return R"({"path": ")" + path + R"(", "type": "c", "major": 10, "minor": 1, "mode": ")" + mode +
           R"(", "uid": 0, "gid": )" + std::to_string(group) + "}";
}

Fact<DeviceNodes> read(const TempRoot& board) {
    const SystemRoot root(board.directory());
    return read_device_nodes(root, read_groups(root));
}

}  // namespace

TEST_CASE("nodes of CUDA are found with mode and group, others are not asked for") {
    const TempRoot board;
    board.write("/etc/group", "video:x:44:\nrender:x:104:\n");
    board.write("/.jetcuda-root.json",
                R"({"nodes": [)" + node("/dev/nvmap", 44) + "," + node("/dev/nvgpu/igpu0/ctrl", 44) + "," +
                    node("/dev/nvgpu/igpu0/dbg", 999) + "," + node("/dev/nvgpu/igpu0/sched", 0, "0600") + "," +
                    node("/dev/dri/card0", 44) + "," + node("/dev/dri/renderD128", 104) + "," +
                    node("/dev/nvidia-modeset", 44) + "," + node("/dev/nvhost-ctrl-gpu", 777) + R"(], "dirs": []})");
    const Fact<DeviceNodes> nodes = read(board);
    REQUIRE(nodes.known());
    std::vector<std::string> paths;
    for (const DeviceNode& each : nodes->nodes) paths.push_back(each.path);
    CHECK(paths == std::vector<std::string>{"/dev/dri/renderD128", "/dev/nvgpu/igpu0/ctrl", "/dev/nvhost-ctrl-gpu",
                                            "/dev/nvmap"});
    CHECK(std::is_sorted(paths.begin(), paths.end()));
    const DeviceNode* nvmap = nodes->at("/dev/nvmap");
    REQUIRE(nvmap != nullptr);
    CHECK(nvmap->group == "video");
    CHECK(nvmap->status.mode == 0660);
    CHECK(nvmap->status.kind == FileKind::character_device);
    CHECK(nvmap->can_open.lacks(Lack::not_asked));
    CHECK(nodes->at("/dev/nvhost-ctrl-gpu")->group == "777");  // no name for it on this board
    CHECK(nodes->at("/dev/nvidia0") == nullptr);
    CHECK(nodes.source().find(".jetcuda-root.json") != std::string::npos);
}

TEST_CASE("a plain file in place of a node is handed on as what it is") {
    const TempRoot board;
    board.write("/dev/nvmap", "");
    const Fact<DeviceNodes> nodes = read(board);
    REQUIRE(nodes.known());
    CHECK(nodes->at("/dev/nvmap")->status.kind == FileKind::regular);
}

TEST_CASE("no nodes at all is an answer") {
    const TempRoot board;
    const Fact<DeviceNodes> nodes = read(board);
    REQUIRE(nodes.known());
    CHECK(nodes->nodes.empty());
}

TEST_CASE("a node that cannot be looked at leaves the question open") {
    const TempRoot board;
    board.link("/dev/nvgpu", "nvgpu");  // a circle: nobody can say what would be in it
    CHECK_FALSE(read(board).known());
}

TEST_CASE("a second GPU's nodes count as well") {
    const TempRoot board;
    board.write("/.jetcuda-root.json", R"({"nodes": [)" + node("/dev/nvgpu/igpu1/ctrl", 44) + R"(], "dirs": []})");
    CHECK(read(board)->at("/dev/nvgpu/igpu1/ctrl") != nullptr);
}
