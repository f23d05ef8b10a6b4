#include "probes/driver/gpu_module.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "probes/driver/module_file.hpp"
#include "probes/elf/elf_file.hpp"
#include "probes/platform/l4t_release.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

std::string value_or_empty(const Fact<std::string>& value) { return value ? shown(*value, 200) : std::string(); }

// What is loaded, read once for all modules asked about.
class RunningModules {
public:
    RunningModules(const SystemRoot& root, const Fact<KernelModules>& kernel_modules)
        : root_(root), kernel_modules_(kernel_modules), list_(root.read("/proc/modules", std::size_t{4} << 20)) {
        if (list_) loaded_ = parse_loaded_modules(*list_);
    }

    // Set when nobody can say what is loaded: the list is there, and closed to us.
    [[nodiscard]] std::optional<Missing> hidden() const {
        if (list_.known() || list_.lacks(Lack::not_there)) return std::nullopt;
        return list_.missing();
    }

    [[nodiscard]] RunningModule look_at(const std::string& name) const {
        RunningModule module;
        module.name = name;
        module.presence = presence_of(name);
        if (module.presence == ModulePresence::absent) return module;
        const std::string folder = "/sys/module/" + name;
        module.version = value_or_empty(root_.read_value(folder + "/version"));
        module.srcversion = value_or_empty(root_.read_value(folder + "/srcversion"));
        if (const Fact<std::string> notes = root_.read(folder + "/notes/.note.gnu.build-id")) {
            module.build_id = build_id_of(read_notes(ByteView{*notes}));
        }
        return module;
    }

private:
    // A module in /sys/module without the file `initstate` is part of the kernel itself (Documentation/ABI/stable/
    // sysfs-module); one without parameters and version has no folder there, and only modules.builtin knows it.
    [[nodiscard]] ModulePresence presence_of(const std::string& name) const {
        if (std::find(loaded_.begin(), loaded_.end(), name) != loaded_.end()) return ModulePresence::loaded;
        const std::string folder = "/sys/module/" + name;
        const Fact<FileStatus> status = root_.status(folder);
        if (status && status->kind == FileKind::directory) {
            const Fact<std::string> state = root_.read_value(folder + "/initstate");
            if (state.lacks(Lack::not_there)) return ModulePresence::built_in;
            // Kernels can keep /proc/modules from a process; sysfs still says it.
            if (hidden() && state && *state == "live") return ModulePresence::loaded;
        }
        // An image at rest has neither list, and no kernel that a module could be built into is running.
        if (list_ && kernel_modules_ && is_built_in(root_, kernel_modules_->directory, name)) {
            return ModulePresence::built_in;
        }
        return ModulePresence::absent;
    }

    const SystemRoot& root_;
    const Fact<KernelModules>& kernel_modules_;
    Fact<std::string> list_;
    std::vector<std::string> loaded_;
};

bool is_driver_number(std::string_view text) {
    return text.find('.') != std::string_view::npos && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// The file is not what runs: an update whose reboot is outstanding, or a module that somebody put in its place.
bool is_another_build(const RunningModule& running, const ModuleFile& file) {
    const auto differ = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
    return differ(running.build_id, file.build_id) || differ(running.srcversion, file.srcversion);
}

void add_source(std::string& sources, const std::string& source) {
    if (!sources.empty()) sources += ", ";
    sources += source;
}

// From the package that brought the file, or the store path that it lies in; on NixOS a module that came with the
// kernel lies in no L4T path, and the L4T files of the booted system stand for it.
std::optional<L4tRelease> recorded_l4t(const SystemRoot& root, const ModuleFile& file,
                                       const GpuModuleQuestion& question, std::string& sources) {
    const Fact<ResolvedPath> real = root.resolve(file.path);
    if (!real) return std::nullopt;
    if (starts_with(real->inside, "/nix/store/")) {
        std::optional<L4tRelease> l4t = l4t_of_store_path(real->inside);
        if (l4t) {
            add_source(sources, "store path " + real->inside);
            return l4t;
        }
        // The modules are the booted system's, unless another one is judged before a switch to it.
        std::string place = root.incoming_system().empty() ? "/run/booted-system" : root.incoming_system();
        place += "/etc/nv_tegra_release";
        const Fact<ResolvedPath> release = root.resolve(place);
        if (release) l4t = l4t_of_store_path(release->inside);
        if (l4t) add_source(sources, place + ", in " + release->inside);
        return l4t;
    }
    if (!question.packages) return std::nullopt;
    const Fact<std::string> owner = find_owner_among_l4t_packages(root, *question.packages, real->inside);
    const DpkgPackage* package = owner ? question.packages->find(*owner) : nullptr;
    if (package == nullptr) return std::nullopt;
    const std::optional<L4tRelease> l4t = parse_l4t_package_version(package->version);
    if (l4t) add_source(sources, "package " + package->name + ' ' + shown(package->version));
    return l4t;
}

Fact<ModuleRelease> read_release_of(const SystemRoot& root, const GpuModule& module,
                                    const GpuModuleQuestion& question) {
    ModuleRelease release;
    std::string sources;
    const std::string& name = module.running.name;
    // Before a switch, the module that counts is the one that the incoming system would load.
    const bool incoming = !root.incoming_system().empty();
    std::string version = incoming ? std::string() : module.running.version;
    if (incoming && module.file) version = module.file->version;
    // R38.4 puts the word TempVersion there, which names no release.
    if (name == "nvidia" && is_driver_number(version)) {
        release.driver_version = version;
        add_source(sources, incoming ? module.file->path : "/sys/module/" + name + "/version");
    }
    const bool counts = module.file && (incoming || !is_another_build(module.running, *module.file));
    if (!question.in_container && counts) {
        release.l4t = recorded_l4t(root, *module.file, question, sources);
    }
    if (release.l4t || !release.driver_version.empty()) return {std::move(release), sources};
    return Missing{Lack::not_there, "no package, store path or version names the release of the module " + name,
                   module.file ? module.file->path : "/sys/module/" + name};
}

}  // namespace

std::vector<std::string> parse_loaded_modules(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::string_view name = line.substr(0, line.find(' '));
        if (!name.empty()) names.emplace_back(name);
    }
    return names;
}

Fact<GpuModule> read_gpu_module(const SystemRoot& root, const GpuModuleQuestion& question) {
    if (!question.board) return question.board.missing();
    if (!question.board->soc || question.board->soc->gpu_module.empty()) {
        return Missing{Lack::not_asked, "which module drives the GPU depends on the SoC, and this is none that we know",
                       "/proc/modules"};
    }
    const std::string& name = question.board->soc->gpu_module;
    const RunningModules running(root, question.kernel_modules);
    GpuModule module;
    module.running = running.look_at(name);
    if (module.running.presence == ModulePresence::absent) {
        if (const std::optional<Missing> hidden = running.hidden()) return *hidden;
    }
    if (name == "nvidia") module.uvm = running.look_at("nvidia_uvm");
    if (question.in_container) {
        module.file = Missing{Lack::not_asked, "modules on disk are the host's affair", "/lib/modules"};
    } else if (!question.kernel_modules) {
        module.file = question.kernel_modules.missing();
    } else {
        module.file = find_module_file(root, question.kernel_modules->directory, name);
    }
    module.release = read_release_of(root, module, question);
    return {std::move(module), "/proc/modules, /sys/module/" + name};
}

}  // namespace jetcuda
