#include "probes/platform/pending_reboot.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view note = "/run/reboot-required";
constexpr std::string_view kernel_package = "nvidia-l4t-kernel";
constexpr std::size_t most_packages = 200;
constexpr std::size_t longest_path = 200;

// What nixpkgs itself compares before it restarts after an automatic upgrade (nixos/modules/tasks/auto-upgrade.nix).
constexpr std::array<std::string_view, 3> parts_of_a_boot = {"kernel", "kernel-modules", "initrd"};

void add(PendingReboot& pending, std::string reason, std::string source) {
    pending.reasons.push_back(std::move(reason));
    pending.sources.push_back(std::move(source));
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

// The names in /run/reboot-required.pkgs, one a line, each once.
std::vector<std::string> packages_in_note(const SystemRoot& root, const std::string& file) {
    std::vector<std::string> names;
    const Fact<std::string> text = root.read(file, std::size_t{64} << 10);
    if (!text) return names;
    std::string_view rest = *text;
    while (!rest.empty() && names.size() < most_packages) {
        std::string name = shown(trimmed(take_line(rest)));
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

// The note of Ubuntu's and Debian's packages. Without the list beside it nobody knows what it is for, and it counts.
void read_note(const SystemRoot& root, PendingReboot& pending) {
    if (!root.exists(note)) return;
    const std::string list = std::string(note) + ".pkgs";
    const std::vector<std::string> names = packages_in_note(root, list);
    if (names.empty()) return add(pending, std::string(note) + " asks for it and names no package", std::string(note));
    std::vector<std::string> ours;
    for (const std::string& name : names) {
        (holds_kernel_or_driver(name) ? ours : pending.other_packages).push_back(name);
    }
    if (!ours.empty()) add(pending, list + " names " + joined(ours), list);
}

// Both as upstream_version answers them.
bool is_newer(const std::string& version, const std::string& other) {
    const auto numbers = [](const std::string& text) {
        std::vector<unsigned long> result;
        for (const std::string_view part : split(text, '.')) {
            unsigned long number = 0;
            std::from_chars(part.data(), part.data() + part.size(), number);
            result.push_back(number);
        }
        return result;
    };
    return numbers(version) > numbers(other);
}

// L4T's kernel package and the kernel that runs. Only upstream's version is compared: from R38 on the package calls
// itself 6.8.12-tegra where the kernel is 6.8.12-1021-tegra. A kernel that is newer than the package came another way,
// and no restart brings what the package holds. A kernel that has its own GPU module installed was put there on
// purpose; an update takes the old one's modules away.
void compare_kernel_package(const PendingRebootQuestion& question, PendingReboot& pending) {
    if (!question.packages || !question.kernel_release) return;
    const DpkgPackage* package = question.packages->find(kernel_package);
    if (package == nullptr || !ends_with(*question.kernel_release, "-tegra")) return;
    const std::string installed = upstream_version(package->version);
    const std::string running = upstream_version(*question.kernel_release);
    if (installed.empty() || running.empty() || !is_newer(installed, running)) return;
    if (question.known.gpu_module && question.known.gpu_module->file) return;
    add(pending,
        "the kernel " + *question.kernel_release + " is running, and the package " + package->name + " has installed " +
            shown(package->version),
        question.packages.source());
}

std::string real_path(const SystemRoot& root, const std::string& path) {
    const Fact<ResolvedPath> found = root.resolve(path);
    return found ? found->inside : std::string();
}

// What is given to the kernel, without the place of the system itself, which each generation has its own of.
std::string parameters_in(std::string_view text) {
    std::string parameters;
    for (const std::string_view word : split(text, ' ')) {
        if (!word.empty() && !starts_with(word, "init=")) parameters.append(word).append(" ");
    }
    return parameters;
}

void compare_parts(const SystemRoot& root, const std::string& booted, const std::string& current,
                   PendingReboot& pending) {
    for (const std::string_view part : parts_of_a_boot) {
        const std::string before = path_below(booted, part);
        const std::string now = path_below(current, part);
        const std::string was = real_path(root, before);
        const std::string is = real_path(root, now);
        if (was.empty() || is.empty() || was == is) continue;
        add(pending,
            "the " + std::string(part) + " of the current system is " + shown(is, longest_path) +
                ", that of the booted one " + shown(was, longest_path),
            now);
    }
    const std::string parameters = current + "/kernel-params";
    const Fact<std::string> was = root.read_value(booted + "/kernel-params");
    const Fact<std::string> is = root.read_value(parameters);
    if (was && is && parameters_in(*was) != parameters_in(*is)) {
        add(pending,
            "the parameters in " + parameters + " are not those that the kernel was started with, in " + booted +
                "/kernel-params",
            parameters);
    }
}

void compare_nix_systems(const SystemRoot& root, const PendingRebootQuestion& question, PendingReboot& pending) {
    if (!question.booted_system) return;
    const NixSystem& booted = *question.booted_system;
    const std::string path = real_path(root, std::string(current_nix_system));
    if (path.empty() || path == booted.path) return;
    const Fact<NixSystem> current = read_nix_system(root, path, question.known);
    if (!current) return;
    compare_parts(root, booted.path, path, pending);
    if (current->libcuda_l4t && booted.libcuda_l4t && *current->libcuda_l4t != *booted.libcuda_l4t) {
        add(pending,
            "libcuda of the current system is of L4T " + current->libcuda_l4t->text() + ", that of the booted one of " +
                booted.libcuda_l4t->text(),
            current->libcuda);
    }
}

}  // namespace

std::string upstream_version(std::string_view text) {
    const std::string_view version = text.substr(0, text.find('-'));
    const std::vector<std::string_view> numbers = split(version, '.');
    const bool plain = numbers.size() >= 2 && numbers.size() <= 4 && version.size() <= 32 &&
                       std::all_of(numbers.begin(), numbers.end(), is_digits);
    return plain ? std::string(version) : std::string();
}

bool holds_kernel_or_driver(std::string_view package) {
    for (const std::string_view beginning : {"linux-", "nvidia-", "libnvidia-"}) {
        if (starts_with(package, beginning)) return true;
    }
    return false;
}

Fact<PendingReboot> read_pending_reboot(const SystemRoot& root, const PendingRebootQuestion& question) {
    PendingReboot pending;
    read_note(root, pending);
    compare_kernel_package(question, pending);
    compare_nix_systems(root, question, pending);
    std::string source(note);
    if (question.packages) source += ", " + question.packages.source();
    if (question.booted_system) source += ", " + question.booted_system.source();
    return {std::move(pending), source};
}

}  // namespace jetcuda
