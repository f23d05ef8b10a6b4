#include "probes/containers/containers.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "probes/containers/cdi.hpp"
#include "probes/containers/csv.hpp"
#include "probes/containers/engines.hpp"
#include "probes/system/path_pattern.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view csv_folder = "/etc/nvidia-container-runtime/host-files-for-container.d";
// In the order in which a later one goes before an earlier one, for the same kind of device.
constexpr std::string_view cdi_folders[] = {"/etc/cdi", "/var/run/cdi", "/run/cdi"};
constexpr std::size_t most_lists = 64;
constexpr std::size_t most_mounts = 10'000;
constexpr std::size_t most_wildcards = 100;  // each costs the listing of folders; NVIDIA's lists have two

constexpr std::string_view toolkit_programs[] = {
    "/usr/bin/nvidia-container-runtime",       "/usr/bin/nvidia-ctk",
    "/usr/bin/nvidia-container-runtime-hook",
    "/usr/bin/nvidia-container-toolkit",  // the hook's name up to 1.11
    "/usr/local/bin/nvidia-container-runtime", "/run/current-system/sw/bin/nvidia-ctk",
};
// Units that make a spec at every boot. (sources: NVIDIA container toolkit, deployments/systemd; nixpkgs
// nixos/modules/services/hardware/nvidia-container-toolkit)
constexpr std::string_view nixos_generator = "/etc/systemd/system/nvidia-container-toolkit-cdi-generator.service";
constexpr std::string_view spec_makers[] = {"/usr/lib/systemd/system/nvidia-cdi-refresh.service", nixos_generator};

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The driver's number in the name of one of its own libraries, "595.78" in "libnvidia-nvvm.so.595.78"; empty where
// there is none. Libraries that only come with the driver have versions of their own, which are small:
// libnvidia-egl-wayland.so.1.1.11. (names: container lists of R35, R36 and R38)
std::string driver_number_in(std::string_view name) {
    if (!starts_with(name, "libnvidia-") && !starts_with(name, "libcuda.so.") && !starts_with(name, "libnvcu"))
        return {};
    const std::size_t at = name.find(".so.");
    if (at == std::string_view::npos) return {};
    const std::string_view number = name.substr(at + 4);
    const std::vector<std::string_view> parts = split(number, '.');
    if (parts.size() < 2 || parts.size() > 3 || number.size() > 20) return {};
    for (const std::string_view part : parts) {
        if (!is_digits(part)) return {};
    }
    const bool own_version = parts[0].size() == 1 || (parts[0].size() == 2 && parts[0] < "32");
    return own_version ? std::string() : std::string(number);
}

class Reading {
public:
    Reading(const SystemRoot& root, const std::vector<ContainerFileRecord>& minimal_set,
            const ContainerSurroundings& around)
        : root_(root), minimal_set_(minimal_set), around_(around) {}

    Containers run(const Fact<DpkgPackages>& packages) {
        read_csv_lists();
        read_cdi_specs();
        compare_with_minimal_set(MountList::csv, !csv_read_);
        compare_with_minimal_set(MountList::cdi, gpu_spec_.empty());
        toolkit(packages);
        result_.engines = read_engines(root_, engine_surroundings(packages));
        return std::move(result_);
    }

private:
    // ---- lists ----

    // The names in `folder` that end in one of `endings`; a folder that cannot be listed is told.
    std::vector<std::string> lists_in(std::string_view folder, const std::vector<std::string_view>& endings) {
        std::vector<std::string> lists;
        const Fact<std::vector<std::string>> names = root_.list(folder);
        if (!names) {
            if (!names.lacks(Lack::not_there)) result_.unread.push_back(names.missing());
            return lists;
        }
        for (const std::string& name : *names) {
            const bool wanted = std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
                return name.size() > ending.size() && ends_with(name, ending);
            });
            if (!wanted) continue;
            if (lists.size() == most_lists) {
                const std::string where(folder);
                result_.unread.push_back(
                    {Lack::not_understood, where + " holds more lists than anybody would write", where});
                break;
            }
            lists.push_back(path_below(folder, name));
        }
        return lists;
    }

    void read_csv_lists() {
        for (const std::string& file : lists_in(csv_folder, {".csv"})) {
            const Fact<std::string> text = root_.read(file);
            if (!text) {
                result_.unread.push_back(text.missing());
                continue;
            }
            csv_read_ = true;
            result_.lists.push_back(file);
            CsvList list = parse_csv(*text, file);
            for (MountEntry& entry : list.entries) add(std::move(entry));
            result_.skipped.insert(result_.skipped.end(), list.skipped.begin(), list.skipped.end());
        }
    }

    void read_cdi_specs() {
        std::map<std::string, std::vector<CdiSpec>, std::less<>> by_kind;  // of the last folder that has the kind
        std::vector<std::string> real_folders;
        for (const std::string_view folder : cdi_folders) {
            // /var/run is a link to /run nearly everywhere.
            const Fact<ResolvedPath> real = root_.resolve(folder);
            if (!real || std::count(real_folders.begin(), real_folders.end(), real->inside) != 0) continue;
            real_folders.push_back(real->inside);
            std::map<std::string, std::vector<CdiSpec>, std::less<>> here;
            for (const std::string& file : lists_in(folder, {".json", ".yaml"})) read_cdi_spec(file, here);
            for (auto& [kind, specs] : here) by_kind[kind] = std::move(specs);
        }
        for (auto& [kind, specs] : by_kind) {
            for (CdiSpec& spec : specs) {
                for (MountEntry& entry : spec.entries) add(std::move(entry));
            }
        }
    }

    void read_cdi_spec(const std::string& file, std::map<std::string, std::vector<CdiSpec>, std::less<>>& here) {
        const Fact<std::string> text = root_.read(file);
        if (!text) {
            result_.unread.push_back(text.missing());
            if (!spec_unread_) spec_unread_ = text.missing();
            return;
        }
        try {
            CdiSpec spec = parse_cdi(*text, file, ends_with(file, ".json") ? CdiFormat::json : CdiFormat::yaml);
            if (!spec.for_gpu()) return;
            result_.lists.push_back(file);
            gpu_spec_ = file;
            here[spec.kind].push_back(std::move(spec));
        } catch (const CdiFlaw& flaw) {
            result_.unread.push_back({Lack::not_understood, file + " is no CDI spec: " + flaw.what(), file});
            if (!spec_unread_) spec_unread_ = result_.unread.back();
            // Another's spec may be as broken as it likes; NVIDIA's programs put their name into the file's.
            if (flaw.certain && name_in(file).find("nvidia") != std::string_view::npos) {
                result_.broken.push_back(result_.unread.back());
            }
        }
    }

    // ---- entries ----

    void add(MountEntry&& entry) {
        if (!has_wildcard(entry.path)) {
            look_at(std::move(entry));
            return;
        }
        if (++wildcards_ > most_wildcards) {
            if (wildcards_ == most_wildcards + 1) {
                result_.skipped.push_back(entry.source + ": this and all further wildcards, since no list has so many");
            }
            return;
        }
        const std::vector<std::string> found = expand(root_, entry.path);
        if (found.empty()) {
            look_at(std::move(entry));
            return;
        }
        for (const std::string& path : found) look_at({entry.list, entry.kind, path, entry.source});
    }

    void look_at(MountEntry&& entry) {
        if (result_.mounts.size() == most_mounts) return;
        ContainerMount mount;
        mount.list = entry.list;
        mount.kind = entry.kind;
        mount.path = std::move(entry.path);
        mount.source = std::move(entry.source);
        const Fact<FileStatus> status = root_.status(mount.path);
        if (status) {
            mount.there = true;
            mount.empty = status->kind == FileKind::regular && status->size == 0;
            if (mount.kind == MountKind::library && status->kind == FileKind::directory) {
                mount.kind = MountKind::directory;
            }
        } else {
            mount.there = status.lacks(Lack::not_readable);  // behind a folder that this user may not enter
        }
        mount.other_driver = driver_number_in(name_in(mount.path));
        if (!is_another_drivers(mount.other_driver)) mount.other_driver.clear();
        mount.essential = std::any_of(minimal_set_.begin(), minimal_set_.end(), [&](const ContainerFileRecord& record) {
            return concerns_this_board(record) && is_of(mount, record);
        });
        result_.mounts.push_back(std::move(mount));
    }

    // Up to R35 the names carry the L4T release, later the driver's number: told apart by their size.
    [[nodiscard]] bool is_another_drivers(std::string_view number) const {
        if (number.empty()) return false;
        const bool of_l4t = number.find('.') < 3;
        const std::string& ours = of_l4t ? around_.l4t : around_.driver_version;
        return !ours.empty() && number != ours;
    }

    // ---- the minimal set ----

    [[nodiscard]] bool concerns_this_board(const ContainerFileRecord& record) const {
        return std::count(record.variants.begin(), record.variants.end(), around_.gpu_variant) != 0;
    }

    static bool is_of(const ContainerMount& mount, const ContainerFileRecord& record) {
        const bool node = mount.kind == MountKind::device;
        if (!(mount.list == MountList::csv ? record.csv : record.cdi)) return false;
        if (node != record.node || mount.kind == MountKind::directory) return false;
        const std::string_view text = node ? std::string_view(mount.path) : name_in(mount.path);
        return std::any_of(record.names.begin(), record.names.end(),
                           [&](const std::string& name) { return matches(text, name); });
    }

    // Where the board has what the record means, or empty.
    [[nodiscard]] std::string on_board(const ContainerFileRecord& record) const {
        std::vector<std::string> folders;
        if (record.node) {
            folders.emplace_back();
        } else if (!around_.libcuda.empty()) {
            // On R39 libcuda has a folder of its own, and its companions stay where they were.
            folders = {std::string(folder_of(around_.libcuda)), "/usr/lib/aarch64-linux-gnu/nvidia"};
        }
        for (const std::string& folder : folders) {
            for (const std::string& name : record.names) {
                const std::vector<std::string> found = expand(root_, record.node ? name : path_below(folder, name));
                if (!found.empty()) return found.front();
            }
        }
        return {};
    }

    void compare_with_minimal_set(MountList list, bool none_of_this_kind) {
        if (none_of_this_kind) return;
        for (const ContainerFileRecord& record : minimal_set_) {
            const bool wanted = list == MountList::csv ? record.csv : record.cdi;
            if (!wanted || !concerns_this_board(record) || made_at_boot(record)) continue;
            const std::string path = on_board(record);
            const ContainerMount* named = nullptr;
            bool given = false;
            for (const ContainerMount& mount : result_.mounts) {
                if (mount.list != list) continue;
                if (mount.kind == MountKind::directory) {
                    given = given || (mount.there && starts_with(path, mount.path + '/'));
                } else if (is_of(mount, record)) {
                    given = given || mount.there;
                    if (named == nullptr) named = &mount;
                }
            }
            if (given || (named == nullptr && path.empty())) continue;
            WithheldFile withheld;
            withheld.list = list;
            withheld.kind = record.node ? MountKind::device : MountKind::library;
            withheld.id = record.id;
            withheld.listed = named != nullptr;
            withheld.path = named != nullptr ? named->path : path;
            withheld.source = named != nullptr         ? named->source
                              : list == MountList::cdi ? gpu_spec_
                                                       : std::string(csv_folder);
            result_.withheld.push_back(std::move(withheld));
        }
    }

    [[nodiscard]] bool made_at_boot(const ContainerFileRecord& record) const {
        if (record.node) return around_.at_rest;
        // The same unit that links libcuda at boot adds it to the lists.
        return around_.libcuda_linked_at_boot &&
               std::any_of(record.names.begin(), record.names.end(),
                           [](const std::string& name) { return matches("libcuda.so.1.1", name); });
    }

    // ---- toolkit and engines ----

    void toolkit(const Fact<DpkgPackages>& packages) {
        if (packages) {
            for (const std::string_view name : {"nvidia-container-toolkit", "nvidia-container-toolkit-base"}) {
                const DpkgPackage* package = packages->find(name);
                if (package == nullptr || !result_.toolkit_version.empty()) continue;
                result_.toolkit = true;
                result_.toolkit_version = package->version;
                result_.toolkit_source = "package " + package->name;
            }
        }
        for (const std::string_view program : toolkit_programs) found_toolkit(program);
        found_toolkit(nixos_generator);
    }

    void found_toolkit(std::string_view path) {
        if (result_.toolkit || !root_.exists(path)) return;
        result_.toolkit = true;
        result_.toolkit_source = path;
    }

    EngineSurroundings engine_surroundings(const Fact<DpkgPackages>& packages) const {
        EngineSurroundings around;
        around.gpu_spec = gpu_spec_;
        around.spec_unread = spec_unread_;
        for (const std::string_view unit : spec_makers) {
            if (around_.at_rest && around.gpu_spec.empty() && root_.exists(unit)) around.gpu_spec = unit;
        }
        if (packages) {
            for (const std::string_view name : {"docker-ce", "docker.io"}) {
                const DpkgPackage* package = packages->find(name);
                if (package == nullptr) continue;
                around.docker_version = package->version.substr(package->version.find(':') + 1);  // without an epoch
            }
        }
        return around;
    }

    const SystemRoot& root_;
    const std::vector<ContainerFileRecord>& minimal_set_;
    const ContainerSurroundings& around_;
    Containers result_;
    bool csv_read_ = false;
    std::size_t wildcards_ = 0;
    std::string gpu_spec_;                // the last of those that count
    std::optional<Missing> spec_unread_;  // one that may be for the GPU
};

}  // namespace

ContainerSurroundings container_surroundings(const Facts& facts) {
    ContainerSurroundings around;
    around.in_container = facts.scope.in_container;
    around.at_rest = facts.scope.at_rest;
    if (facts.board && facts.board->soc) around.gpu_variant = facts.board->soc->gpu_variant;
    if (facts.libcuda) {
        around.libcuda = facts.libcuda->real_path;
        around.libcuda_linked_at_boot = facts.libcuda->linked_at_boot;
    }
    std::optional<L4tRelease> l4t;
    if (facts.libcuda_release) {
        around.driver_version = facts.libcuda_release->driver_version;
        l4t = facts.libcuda_release->l4t;
    }
    if (around.driver_version.empty() && facts.reference) {
        around.driver_version = facts.reference->driver_version.value_or("");
    }
    if (!l4t && facts.release) l4t = facts.release->l4t;
    if (l4t) around.l4t = l4t->text();
    return around;
}

Fact<Containers> read_containers(const SystemRoot& root, const std::vector<ContainerFileRecord>& minimal_set,
                                 const Fact<DpkgPackages>& packages, const ContainerSurroundings& around) {
    const std::string source = std::string(csv_folder) + ", /etc/cdi and the settings of container engines";
    if (around.in_container) {
        return Missing{Lack::not_asked, "what containers are given is decided on the host", source};
    }
    return {Reading(root, minimal_set, around).run(packages), source};
}

}  // namespace jetcuda
