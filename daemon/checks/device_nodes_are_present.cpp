// The driver reaches the GPU through device nodes. They are made when the module loads; in a container they are there
// only if somebody passed them in, and a mount that went wrong leaves a plain file or folder in the place of a node.

#include "daemon/checks/check.hpp"
#include "daemon/checks/required_nodes.hpp"

namespace jetcuda {
namespace {

std::string_view kind_text(FileKind kind) {
    switch (kind) {
        case FileKind::regular: return "a plain file";
        case FileKind::directory: return "a folder";
        case FileKind::symlink: return "a link that leads nowhere";
        case FileKind::block_device: return "a block device";
        case FileKind::fifo: return "a pipe";
        case FileKind::socket: return "a socket";
        case FileKind::character_device:
        case FileKind::other: break;
    }
    return "something else";
}

}  // namespace

extern const Check device_nodes_are_present{
    .id = "device-nodes-are-present",
    .group = Group::devices,
    .severity = Severity::required,
    .basis = Basis::running,
    .claim = "the device nodes that CUDA cannot do without are there, and are device nodes",
    .why =
        "CUDA opens the GPU through these nodes. Without them programs say \"no CUDA-capable device is detected\" or "
        "\"NvRmMemInitNvmap failed with No such file or directory\".",
    .reads = {"/dev/nvmap", "/dev/nvgpu", "/dev/nvhost-ctrl-gpu", "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm"},
    .needs = {"gpu-module-is-loaded"},
    .codes =
        {
            {"ok", Status::pass, "The device nodes of the GPU are there: {present}"},
            {"nodes-missing",
             Status::fail,
             "The GPU has no device node {missing}",
             {.nix = "Load the modules that make the nodes and read what the kernel says "
                     "(hardware.nvidia-jetpack.enable = true; does so at every start): "
                     "sudo modprobe -a {modules}; sudo udevadm trigger; sudo dmesg | grep -i nv",
              .yocto = "Put meta-tegra's udev rules into the image (IMAGE_INSTALL:append = \" tegra-configs-udev\"), "
                       "load the "
                       "modules that make the nodes, and read what the kernel says: "
                       "modprobe -a {modules}; udevadm trigger; dmesg | grep -i nv",
              .other = "Load the modules that make the nodes and read what the kernel says: "
                       "sudo modprobe -a {modules}; sudo udevadm trigger; sudo dmesg | grep -i nv"}},
            {"not-passed-to-container",
             Status::fail,
             "This container was not given the device node {missing}",
             {.other = "Start the container with NVIDIA's runtime, which passes the nodes of the GPU in: "
                       "docker run --runtime nvidia IMAGE"}},
            {"not-a-device-node",
             Status::fail,
             "{path} is {kind} where a device node should be",
             {.other =
                  "Something other than the driver made it, a container's mount perhaps: remove it and restart the "
                  "board (or make the container anew): sudo rm -r {path} && sudo reboot"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.board.known()) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_there, "the SoC of the board is not known here", facts.board.source()});
        }
        if (!facts.device_nodes.known()) return because_missing(facts.device_nodes.missing());
        const bool openrm = facts.board->soc->gpu_variant == "openrm";
        std::string present;
        std::string missing;
        Finding finding;
        for (const NodeNeed& need : required_nodes(facts.board->soc->gpu_variant, *facts.device_nodes)) {
            const DeviceNode* good = nullptr;
            const DeviceNode* wrong = nullptr;
            for (const DeviceNode* node : need.nodes) {
                (node->status.kind == FileKind::character_device ? good : wrong) = node;
            }
            if (good != nullptr) {
                present += (present.empty() ? "" : ", ") + good->path;
                finding.evidence.push_back({"device node", "present", good->path});
            } else if (wrong != nullptr) {
                finding.values["path"] = wrong->path;
                finding.values["kind"] = kind_text(wrong->status.kind);
                finding.evidence.push_back({"no device node", finding.values["kind"], wrong->path});
            } else {
                missing += (missing.empty() ? "" : ", nor ") + need.name;
                finding.evidence.push_back({"device node", "missing", need.name});
            }
        }
        finding.values["present"] = present;
        finding.values["missing"] = missing;
        finding.values["modules"] = openrm ? "nvidia nvidia-uvm" : "nvmap nvgpu";
        if (finding.values.count("path") != 0) {
            finding.code = "not-a-device-node";
        } else if (!missing.empty()) {
            finding.code = facts.scope.in_container ? "not-passed-to-container" : "nodes-missing";
        } else {
            finding.code = "ok";
        }
        return finding;
    },
};

}  // namespace jetcuda
