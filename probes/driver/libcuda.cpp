#include "probes/driver/libcuda.hpp"

#include <algorithm>
#include <utility>

#include "probes/driver/libcuda_file.hpp"
#include "probes/platform/l4t_release.hpp"
#include "probes/system/text.hpp"
#include "probes/system/tmpfiles.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view boot_link = "/usr/lib/aarch64-linux-gnu/libcuda.so.1";
constexpr std::string_view nixos_profile = "/nix/var/nix/profiles/system";

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The L4T places of Ubuntu, by line: tegra up to R35, nvidia for R36 and R38, l4t-gpu-libs from R39 on.
// (sources: package lists of R35.6, R36.5 and R39.2 in jetpack-nixos, pkgs/containers)
std::vector<std::string> ubuntu_folders(const LibcudaPlaces& places) {
    std::vector<std::string> variants;
    for (const std::string_view variant : {"nvgpu", "openrm"}) {
        if (places.gpu_variant.empty() || places.gpu_variant == variant) {
            variants.push_back(path_below(libcuda_boot_folder, variant));
        }
    }
    const std::string tegra = std::string(ubuntu_library_folder) + "/tegra";
    const std::string nvidia = std::string(ubuntu_library_folder) + "/nvidia";
    std::vector<std::string> folders;
    const int line = places.line.value_or(0);
    if (line != 0 && line < 36) folders = {tegra, nvidia};
    if (line >= 36 && line < 39) folders = {nvidia, tegra};
    folders.insert(folders.end(), variants.begin(), variants.end());
    if (folders.size() == variants.size()) folders.insert(folders.end(), {nvidia, tegra});
    return folders;
}

bool has_both_variants(const SystemRoot& root) {
    const std::string folder(libcuda_boot_folder);
    return root.exists(folder + "/nvgpu/libcuda.so.1.1") && root.exists(folder + "/openrm/libcuda.so.1.1");
}

// What a NixOS image that is not running will link at boot: the rule of its system profile says it.
std::string nixos_driver_folder(const SystemRoot& root) {
    std::string file(nixos_profile);
    const Fact<std::string> rules = root.read(file.append(driver_link_rules));
    return rules ? link_target_in_rules(*rules, driver_link) : std::string();
}

// The version in the names of the compilers that are delivered with libcuda: the L4T release up to R35
// (libnvidia-ptxjitcompiler.so.35.6.4), the driver's number from R36 on (….so.540.5.0). On Ubuntu R39 they stay in the
// nvidia folder while libcuda moved.
struct Companion {
    std::string path;
    std::string version;
};

std::vector<Companion> find_compilers(const SystemRoot& root, std::string_view real_path) {
    std::vector<std::string> folders{std::string(folder_of(real_path))};
    if (starts_with(real_path, libcuda_boot_folder)) folders.push_back(std::string(ubuntu_library_folder) + "/nvidia");
    std::vector<Companion> found;
    for (const std::string_view start : {"libnvidia-ptxjitcompiler.so.", "libnvidia-nvvm.so."}) {
        for (const std::string& folder : folders) {
            const Fact<std::vector<std::string>> names = root.list(folder);
            if (!names) continue;
            const std::size_t before = found.size();
            for (const std::string& name : *names) {
                const std::string version = starts_with(name, start) ? name.substr(start.size()) : std::string();
                const bool numeric = version.find_first_not_of("0123456789.") == std::string::npos;
                if (version.find('.') == std::string::npos || !numeric) continue;  // ".so.1" is a link
                found.push_back({path_below(folder, name), version});
            }
            if (found.size() > before) break;
        }
    }
    return found;
}

// Where the compilers are of several versions, none of them speaks for libcuda, save the one that its L4T release has.
std::optional<Companion> find_companion(const SystemRoot& root, const Catalog& catalog, std::string_view real_path,
                                        const std::optional<L4tRelease>& l4t) {
    const std::vector<Companion> compilers = find_compilers(root, real_path);
    if (compilers.empty()) return std::nullopt;
    const bool agree = std::all_of(compilers.begin(), compilers.end(), [&](const Companion& companion) {
        return companion.version == compilers.front().version;
    });
    if (agree) return compilers.front();
    const ReleaseRecord* const record = l4t ? catalog.release(*l4t) : nullptr;
    const auto own = std::find_if(compilers.begin(), compilers.end(), [&](const Companion& companion) {
        return record != nullptr && companion.version == record->driver_version;
    });
    return own == compilers.end() ? std::nullopt : std::optional(*own);
}

void add_source(std::string& sources, const std::string& source) {
    if (!sources.empty()) sources += ", ";
    sources += source;
}

void read_companion(const Companion& companion, const Catalog& catalog, DriverRelease& release, std::string& sources) {
    add_source(sources, companion.path);
    const std::optional<L4tRelease> l4t = parse_l4t_release(companion.version);
    if (l4t && catalog.line(l4t->line) != nullptr) {
        if (!release.l4t) release.l4t = l4t;
        return;
    }
    release.driver_version = companion.version;
}

// The package that brings libcuda: from R39 on there is one for each variant.
const DpkgPackage* package_of(const DpkgPackages& packages, std::string_view real_path) {
    const std::string_view variant = name_in(folder_of(real_path));
    if (variant == "nvgpu" || variant == "openrm") {
        if (const DpkgPackage* found = packages.find("nvidia-l4t-cuda-" + std::string(variant))) return found;
    }
    return packages.find("nvidia-l4t-cuda");
}

}  // namespace

// The loader asks for libcuda.so.1, so a folder that has only the real file (libcuda.so.1.1) gives it none, save in an
// image of R39, where the links are made at each start.
std::vector<std::string> libcuda_candidates(const LibcudaPlaces& places) {
    constexpr std::string_view name = "/libcuda.so.1";
    std::vector<std::string> result;
    if (places.distribution == Distribution::nixos) return {"/run/opengl-driver/lib/libcuda.so.1"};
    if (places.distribution != Distribution::yocto) {
        for (const std::string& folder : ubuntu_folders(places)) {
            result.push_back(folder + std::string(name));
            if (places.at_rest && starts_with(folder, libcuda_boot_folder))
                result.push_back(folder + "/libcuda.so.1.1");
        }
        result.emplace_back(boot_link);
    }
    if (places.distribution != Distribution::ubuntu) {
        result.emplace_back("/usr/lib/libcuda.so.1");
        // meta-tegra installs into libdir, which OpenEmbedded can be told to call lib64. (source: OE4T/meta-tegra
        // tegra-debian-libraries-common.inc; OpenEmbedded's multilib)
        result.emplace_back("/usr/lib64/libcuda.so.1");
    }
    if (places.distribution == Distribution::other) result.emplace_back("/run/opengl-driver/lib/libcuda.so.1");
    return result;
}

Fact<LibcudaFile> find_libcuda(const SystemRoot& root, const LibcudaPlaces& places) {
    std::vector<std::string> candidates = libcuda_candidates(places);
    if (places.distribution == Distribution::nixos && places.at_rest && root.incoming_system().empty()) {
        const std::string folder = nixos_driver_folder(root);
        if (!folder.empty()) candidates.push_back(folder + "/lib/libcuda.so.1");
    }
    std::optional<Missing> odd;  // a candidate that is there in some way, such as a loop of links
    for (const std::string& path : candidates) {
        const Fact<FileStatus> status = root.status(path);
        if (status.lacks(Lack::not_there)) continue;
        if (status.lacks(Lack::not_understood)) {
            if (!odd) odd = status.missing();
            continue;
        }
        // One that is there and cannot be read ends the search: a later one would not be the release's own.
        if (!status) return status.missing();
        Fact<LibcudaFile> file = describe_libcuda(root, path);
        if (file.known()) {
            const bool split = starts_with(file->real_path, libcuda_boot_folder);
            if (split && places.gpu_variant.empty() && has_both_variants(root)) {
                return Missing{Lack::not_asked,
                               std::string(libcuda_boot_folder) +
                                   " holds the drivers nvgpu and openrm, and which of them this "
                                   "board takes depends on its SoC, which is not known",
                               std::string(libcuda_boot_folder)};
            }
            file.value().linked_at_boot = places.at_rest && split && !root.exists(boot_link);
        }
        return file;
    }
    if (odd) return *odd;
    const std::string& first = candidates.front();
    return Missing{Lack::not_there, first + " does not exist, nor does a libcuda in any other place of an L4T driver",
                   first};
}

Fact<DriverRelease> read_libcuda_release(const SystemRoot& root, const Catalog& catalog,
                                         const Fact<LibcudaFile>& libcuda, const Fact<DpkgPackages>& packages,
                                         bool in_container) {
    if (!libcuda) return libcuda.missing();
    const std::string& path = libcuda->real_path;
    DriverRelease release;
    std::string sources;
    release.driver_version = desktop_driver_version(path);
    if (!release.driver_version.empty()) {
        add_source(sources, path);
    } else {
        release.l4t = l4t_of_store_path(path);
        if (release.l4t) add_source(sources, "store path " + path);
        if (!release.l4t && packages && !in_container && libcuda->tegra_place) {
            const DpkgPackage* package = package_of(*packages, path);
            if (package != nullptr) release.l4t = parse_l4t_package_version(package->version);
            if (release.l4t) add_source(sources, "package " + package->name + ' ' + package->version);
        }
        if (const auto companion = find_companion(root, catalog, path, release.l4t)) {
            read_companion(*companion, catalog, release, sources);
        }
    }
    if (!release.l4t && release.driver_version.empty()) {
        return Missing{Lack::not_there,
                       "neither a package nor a companion's name says of which release " + path + " is", path};
    }
    return {std::move(release), sources};
}

}  // namespace jetcuda
