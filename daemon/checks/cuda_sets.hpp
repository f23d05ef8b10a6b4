// What the checks on installed software share: which CUDA libraries are installed and of which CUDA set each is, how
// packages are listed in a sentence and in a command, and what to answer where no database says what is installed.
//
// A set is what NVIDIA releases under one CUDA version: cudart 12.6.68, cuBLAS 12.6.1.4 and cuFFT 11.2.6.59 are all of
// 12.6, whatever their own numbers say. Several sets may stand side by side, each in its own folder. cuDNN, TensorRT,
// NCCL and VPI have releases of their own; the CUDA version that they name is the one they were built for.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"

namespace jetcuda {

inline constexpr Code no_package_database{
    "no-package-database", Status::not_applicable,
    "No package database was found on this system, so nothing says which packages are installed"};

inline constexpr Remedy finish_installation{
    .apt = "Let dpkg and apt finish what was interrupted: sudo dpkg --configure -a && sudo apt-get -f install",
    .nix = "Build the system again and restart into it: sudo nixos-rebuild boot && sudo reboot",
    .yocto = "Let opkg finish what was interrupted, or write the image again: opkg configure",
    .other = "Let the package manager finish what was interrupted; on systems with dpkg: sudo dpkg --configure -a",
};

// The answer where facts.software is missing.
inline Finding without_software(const Missing& missing) {
    if (missing.lack != Lack::not_there) return because_missing(missing);
    Finding finding = because_missing(missing);
    finding.code = no_package_database.code;
    return finding;
}

// dpkg remembers packages that are gone for the sake of their settings; nothing else of them is left.
template <typename Package>
bool is_left(const Package& package) {
    return package.configured || (package.state != "config-files" && package.state != "not-installed");
}

inline std::string counted(std::size_t count, std::string_view one, std::string_view many) {
    return std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
}

// "a", "a and b", "a, b and c", "a, b, c and 12 more"
inline std::string listed(const std::vector<std::string>& names, std::size_t limit = 4) {
    const std::size_t shown = names.size() > limit ? limit - 1 : names.size();
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) text += (i + 1 == names.size()) ? " and " : ", ";
        text += names[i];
    }
    if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
    return text;
}

// Names of packages, or paths, as a command takes them. One of other characters is left out: the shell could read it.
inline std::string in_command(const std::vector<std::string>& names) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-' || c == '_' ||
               c == '/' || c == ':';
    };
    std::string text;
    for (const std::string& name : names) {
        if (name.empty() || name.front() == '-' || !std::all_of(name.begin(), name.end(), is_plain)) continue;
        if (!text.empty()) text += ' ';
        text += name;
    }
    return text;
}

inline std::vector<std::string> names_of(const std::vector<const InstalledComponent*>& components) {
    std::vector<std::string> names;
    names.reserve(components.size());
    for (const InstalledComponent* component : components) names.push_back(component->package);
    return names;
}

inline bool has_own_releases(const InstalledComponent& component) {
    static constexpr std::array<std::string_view, 4> ids{"cudnn", "tensorrt", "nccl", "vpi"};
    return std::find(ids.begin(), ids.end(), component.id) != ids.end();
}

// The set that a part of CUDA is of. Where its name tells none (opkg's do not), cudart's own number does.
inline std::optional<CudaVersion> set_of(const InstalledComponent& component) {
    if (has_own_releases(component)) return std::nullopt;
    if (component.cuda && component.cuda->minor >= 0) return component.cuda;
    if (component.id == "cuda_cudart") return parse_cuda_version(component.version);
    return std::nullopt;
}

struct CudaSet {
    CudaVersion cuda;
    std::vector<const InstalledComponent*> libraries;  // what programs load; at least one
    bool has_cudart = false;
};

// Ascending by version. Compilers, tools, headers, compat and meta-packages make no set: no program loads them. Nor
// does what is built for x86-64, of which cuda-packages-are-for-this-board tells.
inline std::vector<CudaSet> library_sets(const Software& software) {
    std::vector<CudaSet> sets;
    for (const InstalledComponent& component : software.components) {
        const std::optional<CudaVersion> cuda = set_of(component);
        if (component.kind != ComponentKind::runtime || !cuda || !is_left(component)) continue;
        if (component.build == CudaBuild::desktop) continue;
        auto place = std::find_if(sets.begin(), sets.end(), [&](const CudaSet& set) { return set.cuda >= *cuda; });
        if (place == sets.end() || place->cuda != *cuda) place = sets.insert(place, CudaSet{*cuda, {}, false});
        place->libraries.push_back(&component);
        place->has_cudart = place->has_cudart || component.id == "cuda_cudart";
    }
    return sets;
}

// Toolkit folders stand for the sets of a system whose packages nothing records.
inline std::vector<CudaVersion> toolkit_versions(const Facts& facts) {
    std::vector<CudaVersion> versions;
    if (!facts.toolkits.known()) return versions;
    for (const Toolkit& toolkit : *facts.toolkits) {
        if (toolkit.there && toolkit.cuda && toolkit.cuda->minor >= 0) versions.push_back(*toolkit.cuda);
    }
    std::sort(versions.begin(), versions.end());
    versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
    return versions;
}

inline std::string versions_text(const std::vector<CudaVersion>& versions) {
    std::vector<std::string> texts;
    texts.reserve(versions.size());
    for (const CudaVersion& version : versions) texts.push_back(version.text());
    return listed(texts, 8);
}

// A store holds what each program was built with, and no program meets the parts of another.
inline bool is_store_only(const Software& software) {
    return !software.databases.empty() &&
           std::all_of(software.databases.begin(), software.databases.end(),
                       [](PackageDatabase database) { return database == PackageDatabase::nix_store; });
}

// True where one version is the other, or the other written shorter: "8.5.2" and "8.5.2.2".
inline bool is_same_version(std::string_view left, std::string_view right) {
    if (left.size() > right.size()) std::swap(left, right);
    return !left.empty() && right.substr(0, left.size()) == left &&
           (left.size() == right.size() || right[left.size()] == '.');
}

}  // namespace jetcuda
