#include "probes/compat/compat.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "probes/compat/compat_note.hpp"
#include "probes/driver/libcuda_file.hpp"
#include "probes/elf/file_source.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view toolkits_folder = "/usr/local";
constexpr std::string_view store_folder = "/nix/store";
constexpr std::string_view package_lists = "/var/lib/dpkg/info";
constexpr std::string_view package_prefix = "cuda-compat-";
constexpr std::string_view orin_package_prefix = "cuda-compat-orin-";
constexpr std::string_view store_part = "-cuda_compat-";
constexpr std::size_t most_folders = 200;  // a board has one or two; a hostile one does not keep us busy

// CUDA 13 gave Jetson the same build as servers have, and with it Orin a compat of its own: before, there was only
// L4T's. (source: CUDA installation guide, repositories of CUDA 13)
constexpr int first_cuda_without_l4t_product = 13;

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string_view folder_of(std::string_view path) { return path.substr(0, std::min(path.rfind('/'), path.size())); }

// What a package or a store path says of the folder that it brought.
struct Origin {
    std::string package;
    std::string version;
    std::optional<CudaVersion> cuda;
    bool for_orin = false;
};

// "13-2" of "cuda-compat-orin-13-2".
std::optional<CudaVersion> version_of_package_name(std::string_view rest) {
    std::string text(rest);
    std::replace(text.begin(), text.end(), '-', '.');
    return parse_cuda_version(text);
}

// Without epoch and Debian revision: "12.9.40580548-1" is 12.9.40580548.
std::string upstream_version(std::string_view version) {
    if (const std::size_t colon = version.find(':'); colon != std::string_view::npos) version.remove_prefix(colon + 1);
    return std::string(version.substr(0, version.rfind('-')));
}

Origin origin_of_package(const DpkgPackage& package) {
    Origin origin;
    origin.package = package.name;
    origin.version = upstream_version(package.version);
    origin.for_orin = starts_with(package.name, orin_package_prefix);
    const std::size_t prefix = origin.for_orin ? orin_package_prefix.size() : package_prefix.size();
    origin.cuda = version_of_package_name(std::string_view(package.name).substr(prefix));
    return origin;
}

// "<32 characters>-cuda12.6-cuda_compat-12.6.36890662" (source: nixpkgs, names of cudaPackages)
std::optional<Origin> origin_of_store_name(std::string_view name) {
    const std::size_t part = name.find(store_part);
    const std::size_t set = name.find("-cuda");
    if (part == std::string_view::npos || set >= part) return std::nullopt;
    Origin origin;
    // An output's name may stand behind the version: "…-lib".
    const std::string_view rest = name.substr(part + store_part.size());
    origin.version = rest.substr(0, rest.find('-'));
    origin.package = name.substr(set + 1, part + store_part.size() + origin.version.size() - set - 1);
    origin.cuda = parse_cuda_version(name.substr(set + 5, part - set - 5));
    return origin;
}

// "/usr/local/cuda-12.9/compat" is 12.9.
std::optional<CudaVersion> cuda_of_toolkit_folder(std::string_view directory) {
    constexpr std::string_view start = "/usr/local/cuda-";
    if (!starts_with(directory, start)) return std::nullopt;
    directory.remove_prefix(start.size());
    return parse_cuda_version(directory.substr(0, directory.find('/')));
}

// The number behind "libcuda.so.", where it is a driver's: the SBSA product names its file by it, the others have
// libcuda.so.1.1 as on any Jetson.
std::string driver_number_of_file(std::string_view real_path) {
    constexpr std::string_view start = "libcuda.so.";
    const std::string_view name = name_in(real_path);
    if (!starts_with(name, start) || !is_driver_number(name.substr(start.size()))) return {};
    return std::string(name.substr(start.size()));
}

CompatProduct product_of(const CompatFolder& folder, const Origin& origin) {
    if (origin.for_orin || name_in(folder.directory) == "compat_orin") return CompatProduct::orin;
    if (is_driver_number(folder.version) || !driver_number_of_file(folder.library.real_path).empty()) {
        return CompatProduct::sbsa;
    }
    if (!folder.cuda || folder.cuda->major >= first_cuda_without_l4t_product) return CompatProduct::not_recorded;
    return CompatProduct::l4t;
}

class Reading {
public:
    Reading(const SystemRoot& root, const CompatQuestion& question) : root_(root), question_(question) {}

    std::vector<CompatFolder> folders() {
        if (const Fact<std::vector<std::string>> names = root_.list(toolkits_folder)) {
            for (const std::string& name : *names) {
                if (!starts_with(name, "cuda")) continue;
                const std::string toolkit = path_below(toolkits_folder, name);
                add(path_below(toolkit, "compat"));
                add(path_below(toolkit, "compat_orin"));
            }
        }
        if (const Fact<std::vector<std::string>> names = root_.list(store_folder)) {
            for (const std::string& name : *names) {
                if (!origin_of_store_name(name)) continue;
                add(path_below(path_below(store_folder, name), "compat"));
            }
        }
        if (question_.search) {
            for (const LibcudaSighting& sighting : question_.search->all) {
                const std::string_view folder = folder_of(sighting.path);
                if (is_compat_folder(folder)) add(std::string(folder));
            }
        }
        enable();
        std::sort(folders_.begin(), folders_.end(),
                  [](const CompatFolder& left, const CompatFolder& right) { return left.directory < right.directory; });
        return std::move(folders_);
    }

private:
    void add(const std::string& directory) {
        const Fact<ResolvedPath> resolved = root_.resolve(directory);
        if (!resolved || folders_.size() >= most_folders || find(resolved->inside) != nullptr) return;
        CompatFolder folder;
        folder.directory = resolved->inside;
        if (!read_library(folder)) return;
        const Origin origin = origin_of(folder);
        folder.package = origin.package;
        folder.version = origin.version;
        if (folder.version.empty()) folder.version = driver_number_of_file(folder.library.real_path);
        folder.cuda = cuda_of(folder, origin);
        folder.product = product_of(folder, origin);
        folders_.push_back(std::move(folder));
    }

    CompatFolder* find(std::string_view directory) {
        const auto found = std::find_if(folders_.begin(), folders_.end(),
                                        [&](const CompatFolder& folder) { return folder.directory == directory; });
        return found == folders_.end() ? nullptr : &*found;
    }

    // False where the folder has no libcuda at all: then it is no compat folder, whatever its name.
    bool read_library(CompatFolder& folder) const {
        for (const std::string_view name : {"libcuda.so.1", "libcuda.so"}) {
            const std::string path = path_below(folder.directory, name);
            const Fact<FileStatus> status = root_.status(path);
            if (status.lacks(Lack::not_there)) continue;
            const Fact<LibcudaFile> file = describe_libcuda(root_, path);
            if (file) {
                folder.library = *file;
                folder.note = note_of(*file);
            } else {
                folder.library.path = path;
                folder.library.real_path = path;
                folder.library.flaw = file.missing().why;
                folder.note = file.missing();
            }
            return true;
        }
        return false;
    }

    [[nodiscard]] Fact<CompatNote> note_of(const LibcudaFile& file) const {
        if (!file.elf) return Missing{Lack::not_understood, file.real_path + " is no library: " + file.flaw, file.path};
        const Fact<ResolvedPath> resolved = root_.resolve(file.path);
        if (!resolved) return resolved.missing();
        try {
            const FileSource source(resolved->on_host);
            return read_compat_note(ElfFile(source), file.real_path);
        } catch (const Malformed& problem) {
            return Missing{Lack::not_understood, file.real_path + " is damaged: " + problem.what(), file.path};
        } catch (const std::system_error& problem) {
            return Missing{Lack::not_readable, file.real_path + " cannot be read: " + problem.code().message(),
                           file.path};
        }
    }

    [[nodiscard]] Origin origin_of(const CompatFolder& folder) const {
        if (starts_with(folder.directory, store_folder)) {
            std::string_view name = std::string_view(folder.directory).substr(store_folder.size() + 1);
            name = name.substr(0, name.find('/'));
            return origin_of_store_name(name).value_or(Origin{});
        }
        if (!question_.packages) return {};
        for (const DpkgPackage& package : question_.packages->packages) {
            if (starts_with(package.name, package_prefix) && lists_folder(package, folder.directory)) {
                return origin_of_package(package);
            }
        }
        return {};
    }

    [[nodiscard]] bool lists_folder(const DpkgPackage& package, const std::string& directory) const {
        const std::string folder = directory + '/';
        const std::string& list = list_of(package);
        const std::size_t found = list.find('\n' + folder);
        return found != std::string::npos || starts_with(list, folder);
    }

    // Each list is read once, however many folders there are.
    [[nodiscard]] const std::string& list_of(const DpkgPackage& package) const {
        for (const auto& [name, list] : lists_) {
            if (name == package.name) return list;
        }
        const std::string start = path_below(package_lists, package.name);
        Fact<std::string> list = root_.read(start + ".list");
        if (list.lacks(Lack::not_there)) list = root_.read(start + ':' + package.architecture + ".list");
        lists_.emplace_back(package.name, list ? *list : std::string());
        return lists_.back().second;
    }

    static std::optional<CudaVersion> cuda_of(const CompatFolder& folder, const Origin& origin) {
        if (folder.note && folder.note->cuda) return folder.note->cuda;
        if (origin.cuda) return origin.cuda;
        if (!folder.version.empty() && !is_driver_number(folder.version)) return parse_cuda_version(folder.version);
        return cuda_of_toolkit_folder(folder.directory);
    }

    void enable() {
        if (question_.search) {
            const LibcudaSearch& search = *question_.search;
            if (CompatFolder* folder = folder_at_end_of(search.plain)) {
                folder->enabled_by.push_back({"every program", source_of_plain(*folder, search), true});
            }
            for (const LoaderAnswer& unit : search.units) {
                CompatFolder* folder = folder_at_end_of(unit);
                // What every program gets, this one gets as well; worth telling is where it is sent elsewhere.
                if (folder == nullptr || folder == folder_at_end_of(search.plain)) continue;
                folder->enabled_by.push_back({unit.asker, unit.steps.empty() ? "" : unit.steps.back().source});
            }
        }
        if (!question_.software) return;
        for (const InstalledComponent& component : question_.software->components) {
            if (component.kind != ComponentKind::compat) continue;
            for (CompatFolder& folder : folders_) {
                if (!starts_with(folder.directory, store_folder) || folder.package != component.package) continue;
                folder.enabled_by.push_back(
                    {"CUDA programs of nixpkgs", "their RUNPATH; " + component.source, false, true});
            }
        }
    }

    // The compat folder with the libcuda that a search takes, or that it breaks at because it is no library.
    CompatFolder* folder_at_end_of(const LoaderAnswer& answer) {
        std::string file = answer.real_path;
        if (file.empty() && !answer.steps.empty() && answer.steps.back().outcome == LoaderStep::Outcome::no_library) {
            const Fact<ResolvedPath> resolved = root_.resolve(answer.steps.back().path);
            if (resolved) file = resolved->inside;
        }
        if (file.empty()) return nullptr;
        const auto found = std::find_if(folders_.begin(), folders_.end(),
                                        [&](const CompatFolder& folder) { return folder.library.real_path == file; });
        return found == folders_.end() ? nullptr : &*found;
    }

    // The way that the loader's search was told to this library: the cache alone names no culprit.
    static std::string source_of_plain(const CompatFolder& folder, const LibcudaSearch& search) {
        for (const LibcudaSighting& sighting : search.all) {
            if (sighting.real_path == folder.library.real_path) return sighting.named_by;
        }
        return search.plain.steps.empty() ? std::string() : search.plain.steps.back().source;
    }

    const SystemRoot& root_;
    const CompatQuestion& question_;
    std::vector<CompatFolder> folders_;
    mutable std::vector<std::pair<std::string, std::string>> lists_;  // package, its file list
};

void read_records(const Catalog& catalog, const CompatQuestion& question, Compat& compat) {
    if (!question.soc) return;
    for (const CompatRecord& record : catalog.compats) {
        if (record.soc != *question.soc) continue;
        compat.records.push_back(record);
        if (question.line != record.line || record.promised.empty()) continue;
        CompatWindow window{record.promised.front(), record.promised.back()};
        if (compat.window) {
            window.lowest = std::min(window.lowest, compat.window->lowest);
            window.highest = std::max(window.highest, compat.window->highest);
        }
        compat.window = window;
        compat.window_source = record.source;
    }
}

}  // namespace

bool is_compat_folder(std::string_view directory) {
    while (ends_with(directory, "/")) directory.remove_suffix(1);
    const std::string_view name = name_in(directory);
    return name == "compat" || name == "compat_orin";
}

bool is_driver_number(std::string_view version) {
    const std::size_t dot = version.find('.');
    if (dot == std::string_view::npos || dot < 3 || dot > 4) return false;
    return version.find_first_not_of("0123456789.") == std::string_view::npos;
}

Fact<Compat> read_compat(const SystemRoot& root, const Catalog& catalog, const CompatQuestion& question) {
    // A folder that may not be listed could hide one; that there is none is said only of what was seen.
    for (const std::string_view folder : {toolkits_folder, store_folder}) {
        const Fact<std::vector<std::string>> names = root.list(folder);
        if (!names && !names.lacks(Lack::not_there)) return names.missing();
    }
    Compat compat;
    compat.folders = Reading(root, question).folders();
    read_records(catalog, question, compat);
    return {std::move(compat), "compat folders below /usr/local, in the Nix store and in the loader's search"};
}

}  // namespace jetcuda
