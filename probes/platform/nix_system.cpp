#include "probes/platform/nix_system.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "probes/driver/module_file.hpp"
#include "probes/platform/l4t_release.hpp"
#include "probes/system/text.hpp"
#include "probes/system/tmpfiles.hpp"

namespace jetcuda {
namespace {

std::string real_path(const SystemRoot& root, std::string_view path) {
    const Fact<ResolvedPath> found = root.resolve(path);
    return found ? found->inside : std::string();
}

// What /run/opengl-driver leads to while this system is the current one. For the incoming one the root knows already.
std::string driver_folder(const SystemRoot& root, const std::string& system) {
    if (system == root.incoming_system()) return std::string(driver_link);
    const Fact<std::string> rules = root.read(system + std::string(driver_link_rules));
    return rules ? link_target_in_rules(*rules, driver_link) : std::string();
}

// The folder of the one kernel whose modules a system holds.
std::string modules_of(const SystemRoot& root, const std::string& system) {
    const std::string folder = system + "/kernel-modules/lib/modules";
    const Fact<std::vector<std::string>> kernels = root.list(folder);
    if (!kernels) return {};
    for (const std::string& kernel : *kernels) {
        std::string modules = path_below(folder, kernel);
        const Fact<std::vector<std::string>> names = root.list(modules);
        if (names && !names->empty()) return modules;
    }
    return {};
}

// The file of the GPU's module among `modules`, with its links followed; empty where there is none.
std::string gpu_module_among(const SystemRoot& root, const std::string& modules, const KnownModules& known) {
    if (!known.gpu_module) return {};
    const Fact<ModuleFile>& file = known.gpu_module->file;
    if (known.kernel_modules && real_path(root, known.kernel_modules->directory) == real_path(root, modules)) {
        return file ? real_path(root, file->path) : std::string();
    }
    const Fact<ModuleFile> found = find_module_file(root, modules, known.gpu_module->running.name);
    return found ? real_path(root, found->path) : std::string();
}

// By the store path that the GPU's module comes from; one that came with the kernel lies in no L4T path, and the L4T
// files of its system stand for it.
std::optional<L4tRelease> release_of_modules(const SystemRoot& root, const std::string& system,
                                             const std::string& modules, const KnownModules& known) {
    if (modules.empty()) return std::nullopt;
    if (auto l4t = l4t_of_store_path(gpu_module_among(root, modules, known))) return l4t;
    return l4t_of_store_path(real_path(root, system + "/etc/nv_tegra_release"));
}

}  // namespace

Fact<NixSystem> read_nix_system(const SystemRoot& root, std::string_view path, const KnownModules& known) {
    const Fact<ResolvedPath> found = root.resolve(path);
    if (!found) return found.missing();
    NixSystem system;
    system.path = found->inside;
    if (!root.exists(system.path + "/nixos-version")) {
        return Missing{Lack::not_there, std::string(path) + " is no NixOS system", std::string(path)};
    }
    const std::string driver = driver_folder(root, system.path);
    if (!driver.empty()) system.libcuda = real_path(root, driver + "/lib/libcuda.so.1");
    system.libcuda_l4t = l4t_of_store_path(system.libcuda);
    const std::string modules = modules_of(root, system.path);
    if (!modules.empty()) system.modules = real_path(root, modules);
    system.modules_l4t = release_of_modules(root, system.path, modules, known);
    return {std::move(system), std::string(path)};
}

}  // namespace jetcuda
