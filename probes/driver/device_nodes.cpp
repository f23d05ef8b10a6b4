#include "probes/driver/device_nodes.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

// nvgpu has its nodes below nvgpu/igpu0 (R36 and later) and as nvhost-*-gpu (R35, and as aliases later); openrm, and
// the display of an Orin, have nvidia*. (sources: container CSV files of R36 and R39; snapd's interface
// nvidia-tegra-drivers-support)
constexpr std::string_view fixed_paths[] = {
    "/dev/host1x-fence", "/dev/nvhost-as-gpu", "/dev/nvhost-ctrl-gpu", "/dev/nvhost-gpu", "/dev/nvhost-tsg-gpu",
    "/dev/nvidia-uvm",   "/dev/nvidia0",       "/dev/nvidiactl",       "/dev/nvmap",
};
constexpr std::string_view igpu_nodes[] = {"as", "channel", "ctrl", "power", "tsg"};

class NodeReader {
public:
    NodeReader(const SystemRoot& root, const Fact<std::vector<Group>>& groups) : root_(root), groups_(groups) {}

    void look_at(const std::string& path) {
        const Fact<FileStatus> status = root_.status(path);
        if (!status) {
            if (!status.lacks(Lack::not_there) && !hidden_) hidden_ = status.missing();
            return;
        }
        noted_ = noted_ || status.source() != path;
        nodes_.nodes.push_back({path, *status, group_name(status->gid), root_.can_open(path)});
    }

    // Each name in `folder` that begins with `start`.
    template <typename Visit>
    void for_each(const std::string& folder, std::string_view start, const Visit& visit) {
        const Fact<std::vector<std::string>> names = root_.list(folder);
        if (!names) {
            if (!names.lacks(Lack::not_there) && !hidden_) hidden_ = names.missing();
            return;
        }
        for (const std::string& name : *names) {
            if (starts_with(name, start)) visit(path_below(folder, name));
        }
    }

    Fact<DeviceNodes> take() {
        if (hidden_) return *hidden_;
        std::sort(nodes_.nodes.begin(), nodes_.nodes.end(),
                  [](const DeviceNode& left, const DeviceNode& right) { return left.path < right.path; });
        return {std::move(nodes_), noted_ ? "/dev, with the nodes in /.jetcuda-root.json" : "/dev"};
    }

private:
    [[nodiscard]] std::string group_name(std::uint32_t number) const {
        if (groups_) {
            for (const Group& group : *groups_) {
                if (group.number == number) return group.name;
            }
        }
        return std::to_string(number);
    }

    const SystemRoot& root_;
    const Fact<std::vector<Group>>& groups_;
    DeviceNodes nodes_;
    bool noted_ = false;  // some come from .jetcuda-root.json
    std::optional<Missing> hidden_;
};

}  // namespace

Fact<DeviceNodes> read_device_nodes(const SystemRoot& root, const Fact<std::vector<Group>>& groups) {
    NodeReader reader(root, groups);
    for (const std::string_view path : fixed_paths) reader.look_at(std::string(path));
    reader.for_each("/dev/nvgpu", "igpu", [&](const std::string& folder) {
        for (const std::string_view name : igpu_nodes) reader.look_at(path_below(folder, name));
    });
    reader.for_each("/dev/dri", "renderD", [&](const std::string& path) { reader.look_at(path); });
    return reader.take();
}

}  // namespace jetcuda
