#include "probes/platform/environment.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view environment_of_init = "/proc/1/environ";

// Docker and Podman leave these in every container; systemd leaves the last one, where it is PID 1 of one.
constexpr std::array<std::string_view, 3> container_marks = {"/.dockerenv", "/run/.containerenv",
                                                             "/run/systemd/container"};

using OsRelease = std::map<std::string, std::string, std::less<>>;

// os-release(5): lines of NAME=value, where the value may stand in quotes of either kind.
OsRelease parse_os_release(std::string_view text) {
    OsRelease fields;
    while (!text.empty()) {
        const std::string_view line = trimmed(take_line(text));
        const std::size_t equals = line.find('=');
        if (line.empty() || line.front() == '#' || equals == std::string_view::npos) continue;
        std::string_view value = line.substr(equals + 1);
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
            value = value.substr(1, value.size() - 2);
        }
        fields.insert_or_assign(std::string(line.substr(0, equals)), std::string(value));
    }
    return fields;
}

// True when `word` is the ID or one of those that ID_LIKE lists.
bool is_or_is_like(const OsRelease& fields, std::string_view word) {
    const auto id = fields.find("ID");
    if (id != fields.end() && id->second == word) return true;
    const auto like = fields.find("ID_LIKE");
    if (like == fields.end()) return false;
    const std::vector<std::string_view> words = split(like->second, ' ');
    return std::find(words.begin(), words.end(), word) != words.end();
}

// A Yocto distribution has whatever ID its makers chose. What OpenEmbedded itself leaves behind: the product name
// in CPE_NAME (os-release.bb since kirkstone), the IDs of the layers that most start from, and opkg's folders. An
// image with neither still shows Tegra's libcuda right in /usr/lib, where only meta-tegra installs it.
std::string yocto_evidence(const SystemRoot& root, const OsRelease& fields) {
    const auto cpe = fields.find("CPE_NAME");
    if (cpe != fields.end() && starts_with(cpe->second, "cpe:/o:openembedded:")) return "CPE_NAME";
    for (const std::string_view word : {"poky", "nodistro", "openembedded", "oe4t", "tegrademo"}) {
        if (is_or_is_like(fields, word)) return "ID";
    }
    const auto id = fields.find("ID");
    if (id != fields.end() && (starts_with(id->second, "oe4t-") || starts_with(id->second, "poky-"))) return "ID";
    for (const std::string_view path : {"/var/lib/opkg", "/usr/lib/opkg", "/etc/opkg", "/usr/lib/libcuda.so.1.1"}) {
        if (root.exists(path)) return std::string(path);
    }
    return {};
}

}  // namespace

Fact<Environment> read_environment(const SystemRoot& root) {
    for (const std::string_view mark : container_marks) {
        if (root.exists(mark)) return {Environment{true, std::string(mark)}, std::string(mark)};
    }
    // Only root may read it; that a user may not is no sign of anything, and the marks above are for everyone.
    const Fact<std::string> environment = root.read(environment_of_init);
    const std::string file(environment_of_init);
    if (environment) {
        for (const std::string_view variable : split(*environment, '\0')) {
            constexpr std::string_view container = "container=";
            if (starts_with(variable, container) && variable.size() > container.size()) {
                return {Environment{true, shown(variable) + " in the environment of PID 1"}, file};
            }
            // A pod without any of Docker's or Podman's marks; a node's own PID 1 never has it.
            if (starts_with(variable, "KUBERNETES_SERVICE_HOST=")) {
                return {Environment{true, "KUBERNETES_SERVICE_HOST in the environment of PID 1"}, file};
            }
        }
    }
    return {Environment{false, "no mark of a container"},
            "/.dockerenv, /run/.containerenv, /run/systemd/container, " + file};
}

Fact<Distribution> read_distribution(const SystemRoot& root) {
    Fact<std::string> text = root.read("/etc/os-release");
    if (text.lacks(Lack::not_there)) text = root.read("/usr/lib/os-release");
    if (!text && !text.lacks(Lack::not_there)) return text.missing();
    const OsRelease fields = text ? parse_os_release(*text) : OsRelease{};
    const std::string file = text ? text.source() : "/etc/os-release";

    const std::string yocto = yocto_evidence(root, fields);
    if (yocto == "CPE_NAME" || yocto == "ID") return {Distribution::yocto, file + ", " + yocto};
    if (is_or_is_like(fields, "nixos")) return {Distribution::nixos, file + ", ID"};
    if (root.exists("/etc/NIXOS")) return {Distribution::nixos, "/etc/NIXOS"};
    if (is_or_is_like(fields, "ubuntu")) return {Distribution::ubuntu, file + ", ID"};
    // A debian or fedora with opkg's folders is still no Yocto.
    const bool other =
        is_or_is_like(fields, "debian") || is_or_is_like(fields, "fedora") || is_or_is_like(fields, "arch");
    if (!yocto.empty() && !other) return {Distribution::yocto, yocto};
    return {Distribution::other, file};
}

Fact<std::string> read_boot_id(const SystemRoot& root) {
    constexpr std::string_view file = "/proc/sys/kernel/random/boot_id";
    Fact<std::string> id = root.read_value(file);
    if (!id) return id;
    const bool plain = id->size() == 36 && id->find_first_not_of("0123456789abcdef-") == std::string::npos;
    if (plain) return id;
    return Missing{Lack::not_understood, std::string(file) + " holds no boot id: \"" + shown(*id) + '"',
                   std::string(file)};
}

}  // namespace jetcuda
