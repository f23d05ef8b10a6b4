// What a machine calls its own, read where the kernel, the firmware and the distribution keep it. None of it is a
// fact of a report; it is read only to be found and taken out of what leaves the machine.

#include <algorithm>
#include <set>
#include <string_view>

#include "daemon/cli/redaction.hpp"
#include "probes/system/system_root.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t entry_limit = 256;  // of one folder
constexpr std::size_t shortest_serial = 5;
constexpr std::size_t shortest_name = 3;

// Names that say nothing of whose machine it is: those that images come with, and words that any text of ours holds.
bool says_nothing(std::string_view name) {
    static const std::set<std::string_view> common = {
        "localhost", "ubuntu",  "debian",    "nixos",  "linux",  "yocto",   "tegra", "tegra-ubuntu", "jetson",
        "nvidia",    "jetpack", "orin",      "nano",   "agx",    "xavier",  "thor",  "root",         "user",
        "admin",     "dev",     "developer", "app",    "data",   "cuda",    "cudnn", "tensorrt",     "driver",
        "kernel",    "docker",  "video",     "render", "nobody", "default", "host",  "daemon",       "gpu",
        "module",    "system",  "test",      "usr",    "lib",    "bin",     "home",  "opt"};
    return name.size() < shortest_name || common.count(name) > 0;
}

// "None", "Default string" and zeros are what firmware says for want of a number.
bool is_serial(std::string_view text) {
    const auto counts = [](char c) { return c >= '1' && c <= '9'; };
    return text.size() >= shortest_serial && std::any_of(text.begin(), text.end(), counts);
}

class Collector {
public:
    explicit Collector(const SystemRoot& root) : root_(root) {}

    void serial_in(std::string_view path) {
        const Fact<std::string> value = root_.read_value(path);
        if (value.known() && is_serial(*value)) secrets_.serials.push_back(*value);
    }

    void serials_in(std::string_view folder, std::initializer_list<std::string_view> files) {
        const Fact<std::vector<std::string>> names = root_.list(folder);
        if (!names.known()) return;
        std::size_t seen = 0;
        for (const std::string& name : *names) {
            if (++seen > entry_limit) return;
            for (const std::string_view file : files) serial_in(path_below(path_below(folder, name), file));
        }
    }

    // As the network and udev write them: with and without colons.
    void addresses_in(std::string_view folder) {
        const std::size_t first = secrets_.serials.size();
        serials_in(folder, {"address", "device/address"});
        for (std::size_t i = first, end = secrets_.serials.size(); i < end; ++i) {
            std::string digits = secrets_.serials[i];
            digits.erase(std::remove(digits.begin(), digits.end(), ':'), digits.end());
            secrets_.serials.push_back(std::move(digits));
        }
    }

    void host_in(std::string_view path) {
        const Fact<std::string> value = root_.read_value(path);
        if (!value.known() || says_nothing(*value)) return;
        secrets_.hosts.push_back(*value);
        const std::string label = value->substr(0, value->find('.'));
        if (!says_nothing(label)) secrets_.hosts.push_back(label);
    }

    void user(std::string_view name) {
        if (!says_nothing(name)) secrets_.users.emplace_back(name);
    }

    // People's accounts have a home below /home.
    void users_in(std::string_view path) {
        const Fact<std::string> content = root_.read(path);
        if (!content.known()) return;
        std::string_view rest = *content;
        while (!rest.empty()) {
            const std::vector<std::string_view> fields = split(take_line(rest), ':');
            if (fields.size() >= 6 && starts_with(fields[5], "/home/")) user(fields[0]);
        }
    }

    void homes_in(std::string_view folder) {
        const Fact<std::vector<std::string>> names = root_.list(folder);
        if (!names.known()) return;
        for (const std::string& name : *names) {
            if (secrets_.users.size() < entry_limit) user(name);
        }
    }

    [[nodiscard]] Secrets take() { return std::move(secrets_); }

private:
    const SystemRoot& root_;
    Secrets secrets_;
};

}  // namespace

Secrets secrets_of(const SystemRoot& root) {
    Collector collector{root};
    for (const std::string_view path :
         {"/proc/device-tree/serial-number", "/sys/firmware/devicetree/base/serial-number",
          "/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/board_serial", "/sys/class/dmi/id/chassis_serial",
          "/sys/class/dmi/id/product_uuid", "/sys/class/dmi/id/board_asset_tag", "/sys/class/dmi/id/chassis_asset_tag",
          "/sys/devices/virtual/dmi/id/product_serial", "/sys/devices/virtual/dmi/id/board_serial",
          "/sys/devices/virtual/dmi/id/chassis_serial", "/sys/devices/soc0/serial_number", "/etc/machine-id",
          "/var/lib/dbus/machine-id"}) {
        collector.serial_in(path);
    }
    collector.serials_in("/sys/class/nvme", {"serial"});
    collector.serials_in("/sys/block", {"device/serial", "device/cid", "device/wwid", "wwid"});
    collector.serials_in("/sys/bus/usb/devices", {"serial"});
    collector.addresses_in("/sys/class/net");
    collector.host_in("/etc/hostname");
    collector.host_in("/proc/sys/kernel/hostname");
    collector.users_in("/etc/passwd");
    collector.homes_in("/home");
    return collector.take();
}

}  // namespace jetcuda
