// The nodes belong to the groups video and render with mode 0660 (udev rules of nvidia-l4t-init). Where a rule did not
// run they are root's alone, and where an account is in neither group CUDA fails for it and works for everyone
// else. Both look like a broken driver. Nodes for debugging and profiling are root's by design and not judged.

#include <algorithm>

#include <fmt/format.h>

#include "daemon/checks/check.hpp"
#include "daemon/checks/required_nodes.hpp"

namespace jetcuda {
namespace {

// What a CUDA program opens besides what is required: memory, control and the channels that work goes through.
bool is_opened_by_cuda(std::string_view path) {
    for (const std::string_view node :
         {"/dev/nvmap", "/dev/nvhost-as-gpu", "/dev/nvhost-ctrl-gpu", "/dev/nvhost-gpu", "/dev/nvhost-tsg-gpu"}) {
        if (path == node) return true;
    }
    for (const std::string_view name : {"as", "channel", "ctrl", "tsg"}) {
        if (is_igpu_node(path, name)) return true;
    }
    return false;
}

std::vector<const DeviceNode*> nodes_to_judge(std::string_view variant, const DeviceNodes& present) {
    std::vector<const DeviceNode*> nodes;
    for (const DeviceNode& node : present.nodes) {
        const bool of_openrm = node.path == "/dev/nvidiactl" || node.path == "/dev/nvidia0" ||
                               node.path == "/dev/nvidia-uvm" || node.path == "/dev/nvmap";
        if (variant == "openrm" ? of_openrm : is_opened_by_cuda(node.path)) nodes.push_back(&node);
    }
    return nodes;
}

bool open_to_all(const FileStatus& status) { return (status.mode & 06U) == 06U; }

bool open_to_group(const FileStatus& status) { return (status.mode & 060U) == 060U; }

bool is_member(const ServiceUser& user, std::string_view group) {
    return std::find(user.groups.begin(), user.groups.end(), group) != user.groups.end();
}

}  // namespace

extern const Check device_nodes_are_accessible{
    .id = "device-nodes-are-accessible",
    .group = Group::devices,
    .severity = Severity::wanted,
    .basis = Basis::running,
    .claim =
        "members of the groups video and render can open the GPU's device nodes, and the configured service users "
        "are members",
    .why =
        "An account that may not open them gets \"NvRmMemInitNvmap failed with Permission denied\" or no device at "
        "all, while the same program works for root.",
    .reads = {"device nodes of the GPU", "/etc/group", "/etc/passwd", "setting service_users"},
    .needs = {"device-nodes-are-present"},
    .codes =
        {
            {"ok", Status::pass, "Members of {groups} can open the GPU's device nodes{users}"},
            {"open-to-all", Status::pass, "Everyone can open the GPU's device nodes"},
            {"nvmap-missing",
             Status::fail,
             "There is no /dev/nvmap, which CUDA opens on this board too",
             {.yocto = "Load the module that makes it, and read what the kernel says: "
                       "modprobe nvmap; dmesg | grep -i nvmap",
              .other = "Load the module that makes it, and read what the kernel says: "
                       "sudo modprobe nvmap; sudo dmesg | grep -i nvmap"}},
            {"closed-to-groups",
             Status::fail,
             "Members of video and render cannot open {node}: it belongs to {owner} with mode {mode}",
             // dpkg keeps a changed file of /etc unless it is told otherwise.
             {.apt = "Put back the udev rules of the L4T release and let them run: "
                     "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confask,confnew,confmiss "
                     "nvidia-l4t-init && sudo udevadm control --reload && sudo udevadm trigger",
              .nix =
                  "Let jetpack-nixos install its udev rules (hardware.nvidia-jetpack.enable = true;), then run them: "
                  "sudo udevadm trigger",
              .yocto = "Put meta-tegra's udev rules into the image (IMAGE_INSTALL:append = \" tegra-configs-udev\"), "
                       "then run them: udevadm trigger",
              .other = "Give the node to the group video in a udev rule, then run the rules: sudo udevadm trigger"}},
            {"user-not-in-group",
             Status::fail,
             "The service user {user} is not in the group {group} and cannot open {node}",
             {.nix = "Add the account to the groups, build and switch: "
                     "users.users.{user}.extraGroups = [ \"video\" \"render\" ];",
              .other = "Add the account to the group and restart its services: "
                       "sudo usermod -aG {add_groups} {user}"}},
            {"user-not-there",
             Status::fail,
             "The service user {user} of the settings does not exist",
             {.other = "Create the account, or take its name out of service_users: "
                       "sudoedit /etc/jetcuda-check/config.json"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        // A container's own group file need not know the numbers of the host's groups.
        if (facts.scope.in_container) return {.code = "in-container"};
        if (!facts.board.known()) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_there, "the SoC of the board is not known here", facts.board.source()});
        }
        if (!facts.device_nodes.known()) return because_missing(facts.device_nodes.missing());
        if (!facts.service_users.known()) return because_missing(facts.service_users.missing());
        const std::string& variant = facts.board->soc->gpu_variant;
        const std::vector<const DeviceNode*> nodes = nodes_to_judge(variant, *facts.device_nodes);
        const std::vector<ServiceUser>& users = *facts.service_users;
        if (nodes.empty()) {
            return because_missing(
                {Lack::not_there, "there is no device node of the GPU", facts.device_nodes.source()});
        }
        Finding finding;
        for (const DeviceNode* node : nodes) {
            finding.evidence.push_back(
                {"owner and mode", fmt::format("{} {:04o}", node->group, node->status.mode), node->path});
        }
        if (variant == "openrm" && std::none_of(nodes.begin(), nodes.end(),
                                                [](const DeviceNode* node) { return node->path == "/dev/nvmap"; })) {
            finding.code = "nvmap-missing";
            return finding;
        }
        std::vector<std::string> groups;  // whose membership opens the nodes that are not open to all
        for (const DeviceNode* node : nodes) {
            if (open_to_all(node->status)) continue;
            const bool usual = node->group == "video" || node->group == "render";
            const bool users_have_it = !users.empty() && node->status.gid != 0 &&
                                       std::all_of(users.begin(), users.end(), [&](const ServiceUser& user) {
                                           return is_member(user, node->group);
                                       });
            if (!open_to_group(node->status) || !(usual || users_have_it)) {
                finding.code = "closed-to-groups";
                finding.values = {{"node", node->path},
                                  {"owner", "root:" + node->group},
                                  {"mode", fmt::format("{:04o}", node->status.mode)}};
                if (node->status.uid != 0) {
                    finding.values["owner"] = fmt::format("user {} and group {}", node->status.uid, node->group);
                }
                return finding;
            }
            if (std::find(groups.begin(), groups.end(), node->group) == groups.end()) groups.push_back(node->group);
        }
        std::string names;
        for (const std::string& group : groups) names += (names.empty() ? "" : ",") + group;
        for (const ServiceUser& user : users) {
            finding.evidence.push_back({"service user", user.exists ? "exists" : "does not exist", user.name, false});
            if (!user.exists) {
                finding.code = "user-not-there";
                finding.values = {{"user", user.name}};
                return finding;
            }
            if (user.name == "root") continue;
            for (const DeviceNode* node : nodes) {
                if (open_to_all(node->status) || is_member(user, node->group)) continue;
                finding.code = "user-not-in-group";
                finding.values = {
                    {"user", user.name}, {"group", node->group}, {"node", node->path}, {"add_groups", names}};
                return finding;
            }
        }
        finding.code = groups.empty() ? "open-to-all" : "ok";
        finding.values["groups"] = names;
        std::string accounts;
        for (const ServiceUser& user : users) accounts += (accounts.empty() ? ", among them " : ", ") + user.name;
        finding.values["users"] = accounts;
        return finding;
    },
};

}  // namespace jetcuda
