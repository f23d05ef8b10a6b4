// What cuDNN and TensorRT have in common: each has releases of its own and is built for one CUDA version, of which the
// major must be installed. Both checks declare the codes that are answered here.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/checks/check.hpp"
#include "daemon/checks/cuda_sets.hpp"

namespace jetcuda {

// What programs load of one part; headers, tools and meta-packages are not it.
inline std::vector<const InstalledComponent*> libraries_of(const Software& software, std::string_view id) {
    std::vector<const InstalledComponent*> libraries;
    for (const InstalledComponent& component : software.components) {
        const bool wanted =
            component.id == id && component.kind == ComponentKind::runtime && component.build != CudaBuild::desktop;
        if (wanted && is_left(component)) libraries.push_back(&component);
    }
    return libraries;
}

// The installed CUDA versions; where none is recorded as packages, those of the toolkit folders.
inline std::vector<CudaVersion> installed_versions(const Facts& facts) {
    std::vector<CudaVersion> versions;
    for (const CudaSet& set : library_sets(*facts.software)) versions.push_back(set.cuda);
    return versions.empty() ? toolkit_versions(facts) : versions;
}

// Each once, in the order in which they come.
inline std::vector<std::string> distinct_versions(const std::vector<const InstalledComponent*>& libraries) {
    std::vector<std::string> versions;
    for (const InstalledComponent* library : libraries) {
        if (std::find(versions.begin(), versions.end(), library->version) == versions.end()) {
            versions.push_back(library->version);
        }
    }
    return versions;
}

inline std::string built_for_text(const CudaVersion& cuda) {
    return cuda.minor < 0 ? std::to_string(cuda.major) : cuda.text();
}

// Answers not-installed, not-configured, no-cuda-installed, build-not-recorded, other-cuda, or by the release's pin ok,
// other-version or fits-cuda. `pinned` is the version that the release brings.
inline Finding judge_built_for_cuda(const Facts& facts, std::string_view id, const std::optional<std::string>& pinned) {
    const Software& software = *facts.software;
    const std::vector<const InstalledComponent*> libraries = libraries_of(software, id);
    if (libraries.empty()) return {.code = "not-installed"};
    Finding finding;
    finding.values["version"] = listed(distinct_versions(libraries));
    std::vector<const InstalledComponent*> unfinished;
    for (const InstalledComponent* library : libraries) {
        std::string text = library->version;
        if (library->cuda) text += " for CUDA " + built_for_text(*library->cuda);
        if (!library->configured) {
            text += " (" + library->state + ")";
            unfinished.push_back(library);
        }
        finding.evidence.push_back(
            {library->package, text, library->source.empty() ? facts.software.source() : library->source});
    }
    if (!unfinished.empty()) {
        finding.code = "not-configured";
        const std::string& state = unfinished.front()->state;
        finding.values["packages"] = listed(names_of(unfinished));
        finding.values["state"] = state.empty() ? "not configured" : state;
        return finding;
    }
    const std::vector<CudaVersion> installed = installed_versions(facts);
    if (installed.empty()) {
        finding.code = "no-cuda-installed";
        return finding;
    }
    finding.values["installed"] = versions_text(installed);
    finding.evidence.push_back({"installed CUDA", versions_text(installed), facts.software.source()});

    std::vector<const InstalledComponent*> fitting;
    std::vector<std::string> fitting_texts;
    std::vector<std::string> built;
    bool recorded = false;
    for (const InstalledComponent* library : libraries) {
        if (!library->cuda) continue;
        recorded = true;
        const int major = library->cuda->major;
        const std::string text = built_for_text(*library->cuda);
        if (std::find(built.begin(), built.end(), text) == built.end()) built.push_back(text);
        bool fits = false;
        for (const CudaVersion& version : installed) {
            if (version.major != major) continue;
            fits = true;
            if (std::find(fitting_texts.begin(), fitting_texts.end(), version.text()) == fitting_texts.end()) {
                fitting_texts.push_back(version.text());
            }
        }
        if (fits) fitting.push_back(library);
    }
    if (!recorded) {
        finding.code = "build-not-recorded";
        return finding;
    }
    if (fitting.empty()) {
        finding.code = "other-cuda";
        finding.values["built"] = listed(built);
        finding.values["packages"] = listed(names_of(libraries));
        finding.values["names"] = in_command(names_of(libraries));
        return finding;
    }
    finding.values["version"] = listed(distinct_versions(fitting));
    finding.values["fitting"] = listed(fitting_texts);
    // jetpack-nixos pins versions of its own, as nixpkgs has them.
    if (!pinned || is_store_only(software)) {
        finding.code = "fits-cuda";
        return finding;
    }
    finding.values["pinned"] = *pinned;
    finding.evidence.push_back({"version that the release brings", *pinned, facts.reference.source()});
    finding.code = "ok";
    for (const InstalledComponent* library : fitting) {
        if (!is_same_version(*pinned, library->version)) finding.code = "other-version";
    }
    return finding;
}

// The finding "versions-differ" where libraries of one part that share a major version are of several.
inline std::optional<Finding> find_differing_versions(const Facts& facts, std::string_view id) {
    std::map<std::string, std::vector<const InstalledComponent*>> by_major;
    for (const InstalledComponent* library : libraries_of(*facts.software, id)) {
        by_major[library->version.substr(0, library->version.find('.'))].push_back(library);
    }
    for (const auto& [major, libraries] : by_major) {
        const std::vector<std::string> versions = distinct_versions(libraries);
        if (std::all_of(versions.begin(), versions.end(),
                        [&](const std::string& version) { return is_same_version(version, versions.front()); })) {
            continue;
        }
        Finding finding{.code = "versions-differ"};
        std::vector<std::string> parts;
        for (const std::string& version : versions) {
            std::vector<const InstalledComponent*> of_version;
            for (const InstalledComponent* library : libraries) {
                if (library->version == version) of_version.push_back(library);
            }
            parts.push_back(version + " (" + listed(names_of(of_version), 3) + ")");
            finding.evidence.push_back(
                {"TensorRT " + version, listed(names_of(of_version), 12), facts.software.source()});
        }
        finding.values = {{"parts", listed(parts)}, {"names", in_command(names_of(libraries))}};
        return finding;
    }
    return std::nullopt;
}

}  // namespace jetcuda
