#include "probes/platform/kernel.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view release_file = "/proc/sys/kernel/osrelease";

// Where distributions keep modules. On NixOS /lib/modules does not exist, and those of the booted system count, also
// after a switch to another one; /run/current-system serves a root without the first.
constexpr std::array<std::string_view, 4> module_folders = {"/lib/modules", "/usr/lib/modules",
                                                            "/run/booted-system/kernel-modules/lib/modules",
                                                            "/run/current-system/kernel-modules/lib/modules"};
constexpr std::string_view modules_of_a_system = "/kernel-modules/lib/modules";

// Of a system that is about to be switched to, only its own modules count.
std::vector<std::string> folders_in(const SystemRoot& root) {
    if (!root.incoming_system().empty()) return {root.incoming_system() + std::string(modules_of_a_system)};
    return {module_folders.begin(), module_folders.end()};
}

// A removed kernel may leave an empty folder behind.
bool holds_something(const SystemRoot& root, const std::string& folder) {
    const Fact<std::vector<std::string>> names = root.list(folder);
    return names && !names->empty();
}

}  // namespace

Fact<std::string> read_kernel_release(const SystemRoot& root) {
    Fact<std::string> release = root.read_value(release_file);
    if (!release) return release;
    const std::string& text = *release;
    const bool plain = !text.empty() && text.front() != '.' &&
                       std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '/'; });
    if (plain) return release;
    return Missing{Lack::not_understood, std::string(release_file) + " holds no kernel release: \"" + shown(text) + '"',
                   std::string(release_file)};
}

Fact<std::string> read_incoming_kernel_release(const SystemRoot& root) {
    const std::string folder = root.incoming_system() + std::string(modules_of_a_system);
    const Fact<std::vector<std::string>> kernels = root.list(folder);
    if (!kernels) return kernels.missing();
    for (const std::string& kernel : *kernels) {
        if (holds_something(root, path_below(folder, kernel))) return {kernel, path_below(folder, kernel)};
    }
    return Missing{Lack::not_there, folder + " holds no modules of any kernel", folder};
}

Fact<KernelModules> read_kernel_modules(const SystemRoot& root, const Fact<std::string>& kernel_release) {
    if (!kernel_release) return kernel_release.missing();
    KernelModules modules;
    std::string source;
    const Missing* unreadable = nullptr;
    std::vector<Fact<std::vector<std::string>>> listed;
    const std::vector<std::string> folders = folders_in(root);
    listed.reserve(folders.size());
    for (const std::string& folder : folders) {
        listed.push_back(root.list(folder));
        const Fact<std::vector<std::string>>& kernels = listed.back();
        if (!kernels) {
            if (unreadable == nullptr && !kernels.lacks(Lack::not_there)) unreadable = &kernels.missing();
            continue;
        }
        for (const std::string& kernel : *kernels) {
            const std::string path = path_below(folder, kernel);
            if (kernel == *kernel_release) {
                if (modules.directory.empty() && holds_something(root, path)) {
                    modules.directory = path;
                    source = path;
                }
                continue;
            }
            // /lib is a link to /usr/lib on merged systems: the same kernels come twice.
            const auto known = std::find(modules.other_kernels.begin(), modules.other_kernels.end(), kernel);
            if (known == modules.other_kernels.end() && holds_something(root, path)) {
                modules.other_kernels.push_back(kernel);
            }
        }
    }
    if (!modules.directory.empty()) return {std::move(modules), source};
    if (unreadable != nullptr) return *unreadable;
    const std::string which = root.incoming_system().empty() ? "running" : "incoming";
    std::string why = "no modules of the " + which + " kernel " + *kernel_release + " are installed";
    if (modules.other_kernels.empty()) {
        why += ", nor of any other";
    } else {
        why += "; there are those of ";
        for (const std::string& kernel : modules.other_kernels) {
            if (&kernel != &modules.other_kernels.front()) why += ", ";
            why += shown(kernel);
        }
    }
    return Missing{Lack::not_there, std::move(why), "/lib/modules/" + *kernel_release};
}

}  // namespace jetcuda
