#include "probes/facts.hpp"

#include <algorithm>

namespace jetcuda {

std::string_view name_of(Distribution distribution) {
    switch (distribution) {
        case Distribution::ubuntu: return "ubuntu";
        case Distribution::nixos: return "nixos";
        case Distribution::yocto: return "yocto";
        case Distribution::other: break;
    }
    return "other";
}

const DeviceNode* DeviceNodes::at(std::string_view path) const {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [path](const DeviceNode& node) { return node.path == path; });
    return found == nodes.end() ? nullptr : &*found;
}

}  // namespace jetcuda
