#include "probes/facts.hpp"

#include <algorithm>

namespace jetcuda {

Facts::Facts() = default;
Facts::Facts(const Facts&) = default;
Facts::Facts(Facts&&) noexcept = default;
Facts& Facts::operator=(const Facts&) = default;
Facts& Facts::operator=(Facts&&) noexcept = default;
Facts::~Facts() = default;

std::string_view name_of(Distribution distribution) {
    switch (distribution) {
        case Distribution::ubuntu: return "ubuntu";
        case Distribution::nixos: return "nixos";
        case Distribution::yocto: return "yocto";
        case Distribution::other: break;
    }
    return "other";
}

std::string_view name_of(PackageDatabase database) {
    switch (database) {
        case PackageDatabase::dpkg: return "dpkg";
        case PackageDatabase::nix_store: return "nix store";
        case PackageDatabase::opkg: break;
    }
    return "opkg";
}

std::string_view name_of(CudaBuild build) {
    switch (build) {
        case CudaBuild::tegra: return "tegra";
        case CudaBuild::sbsa: return "sbsa";
        case CudaBuild::desktop: return "desktop";
        case CudaBuild::not_recorded: break;
    }
    return "not recorded";
}

std::string_view name_of(MountList list) { return list == MountList::csv ? "CSV" : "CDI"; }

std::string_view name_of(CompatProduct product) {
    switch (product) {
        case CompatProduct::l4t: return "l4t";
        case CompatProduct::sbsa: return "sbsa";
        case CompatProduct::orin: return "orin";
        case CompatProduct::not_recorded: break;
    }
    return {};
}

const DeviceNode* DeviceNodes::at(std::string_view path) const {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [path](const DeviceNode& node) { return node.path == path; });
    return found == nodes.end() ? nullptr : &*found;
}

}  // namespace jetcuda
