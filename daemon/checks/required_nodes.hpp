// The device nodes that CUDA cannot do without, by kind of GPU driver. Three checks ask for them: that they are
// there, that their groups may open them, and whether it was this process that was not allowed to.
// nvgpu (Xavier, Orin): nvmap, and the control node under its new or its old name. openrm (Thor): nvidiactl,
// nvidia0, nvidia-uvm. Nodes for display, debugging and profiling are never among them.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"

namespace jetcuda {

// One thing needed, and the nodes that are there to serve it.
struct NodeNeed {
    std::string name;  // "/dev/nvmap", "/dev/nvgpu/igpu*/ctrl or /dev/nvhost-ctrl-gpu"
    std::vector<const DeviceNode*> nodes;
};

// "/dev/nvgpu/igpu0/ctrl" is the node "ctrl" of some igpu.
inline bool is_igpu_node(std::string_view path, std::string_view name) {
    constexpr std::string_view folder = "/dev/nvgpu/igpu";
    if (path.substr(0, folder.size()) != folder) return false;
    const std::size_t slash = path.find('/', folder.size());
    return slash != std::string_view::npos && path.substr(slash + 1) == name;
}

inline std::vector<NodeNeed> required_nodes(std::string_view gpu_variant, const DeviceNodes& present) {
    std::vector<NodeNeed> needs;
    const auto need = [&](std::string_view path) {
        NodeNeed entry{std::string(path), {}};
        for (const DeviceNode& node : present.nodes) {
            if (node.path == path) entry.nodes.push_back(&node);
        }
        needs.push_back(entry);
    };
    if (gpu_variant == "openrm") {
        for (const std::string_view path : {"/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia-uvm"}) need(path);
        return needs;
    }
    need("/dev/nvmap");
    NodeNeed control{"/dev/nvgpu/igpu*/ctrl or /dev/nvhost-ctrl-gpu", {}};
    for (const DeviceNode& node : present.nodes) {
        if (is_igpu_node(node.path, "ctrl") || node.path == "/dev/nvhost-ctrl-gpu") control.nodes.push_back(&node);
    }
    needs.push_back(control);
    return needs;
}

// The first required node that is there and that this process may not open; null where there is none, or where
// nobody could try (another root). One node of several that serve the same need is enough.
inline const DeviceNode* closed_node(const Facts& facts) {
    if (!facts.device_nodes.known() || !facts.board.known() || !facts.board->soc) return nullptr;
    const std::string& variant = facts.board->soc->gpu_variant;
    std::vector<NodeNeed> needs = required_nodes(variant, *facts.device_nodes);
    if (variant == "openrm") {
        // CUDA on Thor opens nvmap as well; that it is missing there is told by device-nodes-are-accessible.
        for (const DeviceNode& node : facts.device_nodes->nodes) {
            if (node.path == "/dev/nvmap") needs.push_back({node.path, {&node}});
        }
    }
    for (const NodeNeed& need : needs) {
        const DeviceNode* closed = nullptr;
        bool open = need.nodes.empty();
        for (const DeviceNode* node : need.nodes) {
            const bool refused = node->can_open.known() && !*node->can_open;
            if (refused && closed == nullptr) closed = node;
            if (!refused) open = true;
        }
        if (!open) return closed;
    }
    return nullptr;
}

}  // namespace jetcuda
