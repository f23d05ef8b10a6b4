// What the checks of cuda_compat share: which folders there are to judge, what to call them, and how several answers
// become one. Only an enabled compat is judged: an idle one is on nobody's way.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"

namespace jetcuda {

inline constexpr Code no_compat{"no-compat", Status::not_applicable, "No cuda_compat is installed"};
inline constexpr Code compat_not_enabled{"not-enabled", Status::not_applicable,
                                         "{dir} is installed and idle: nothing makes programs use it"};

// The answer where no compat is enabled, or nothing could be read. Empty: there is something to judge.
inline std::optional<Finding> nothing_enabled(const Facts& facts) {
    if (!facts.compat.known()) return because_missing(facts.compat.missing());
    const std::vector<CompatFolder>& folders = facts.compat->folders;
    if (folders.empty()) return Finding{.code = no_compat.code};
    const bool any = std::any_of(folders.begin(), folders.end(),
                                 [](const CompatFolder& folder) { return !folder.enabled_by.empty(); });
    if (any) return std::nullopt;
    Finding finding{.code = compat_not_enabled.code, .values = {{"dir", folders.front().directory}}};
    for (const CompatFolder& folder : folders) {
        finding.evidence.push_back(
            {"idle cuda_compat", folder.version.empty() ? folder.directory : folder.version, folder.directory});
    }
    return finding;
}

inline std::string_view words_for(CompatProduct product) {
    switch (product) {
        case CompatProduct::l4t: return "the L4T product, for the GPU driver of Xavier and Orin before CUDA 13";
        case CompatProduct::sbsa: return "the SBSA product, for servers and Thor";
        case CompatProduct::orin: return "the product for Orin from CUDA 13 on";
        case CompatProduct::not_recorded: break;
    }
    return "of an unknown product";
}

// The same in one word, for a list.
inline std::string_view title_of(CompatProduct product) {
    switch (product) {
        case CompatProduct::l4t: return "L4T";
        case CompatProduct::sbsa: return "SBSA";
        case CompatProduct::orin: return "Orin";
        case CompatProduct::not_recorded: break;
    }
    return "unknown";
}

// A finding about one enabled folder: its values and evidence, without a code yet. {remove} is the command that takes
// it out of the way where a package manager or a person put it there.
inline Finding about(const CompatFolder& folder, const Facts& facts) {
    const CompatEnabling& how = folder.enabled_by.front();
    Finding finding{.values = {{"dir", folder.directory},
                               {"who", how.who},
                               {"source", how.source},
                               {"product", std::string(title_of(folder.product))},
                               {"product_words", std::string(words_for(folder.product))},
                               {"cuda", folder.cuda ? folder.cuda->text() : "of an unknown version"}}};
    // What is done in a container is gone with it: its image is what has to change.
    finding.values["place"] = facts.scope.in_container ? "the image of this container" : "this board";
    // A cache that still names a file which is gone ends the search of programs, so it is made anew either way.
    const std::string aside = facts.scope.in_container
                                  ? "rm -r " + folder.directory + " && ldconfig"
                                  : "sudo mv " + folder.directory + ' ' + folder.directory + ".unused && sudo ldconfig";
    const bool by_package = !folder.package.empty() && !facts.scope.in_container;
    finding.values["remove"] = by_package ? "sudo apt-get purge " + folder.package + " && sudo ldconfig" : aside;
    finding.values["aside"] = aside;
    finding.values["again"] =
        by_package ? "sudo apt-get install --reinstall " + folder.package + " && sudo ldconfig" : aside;
    std::string version = folder.version.empty() ? "no version recorded" : folder.version;
    if (!folder.package.empty()) version += " of " + folder.package;
    finding.evidence.push_back({"cuda_compat", version, folder.library.real_path});
    finding.evidence.push_back({"used by", how.who, how.source.empty() ? folder.directory : how.source});
    if (folder.note.known()) {
        finding.evidence.push_back({"its own note",
                                    folder.note->cuda ? "CUDA " + folder.note->cuda->text() : "no CUDA version",
                                    folder.note.source()});
    } else if (!folder.note.lacks(Lack::not_there)) {
        finding.evidence.push_back({"its own note", folder.note.missing().why, folder.note.source()});
    }
    return finding;
}

// The one that weighs most among those of the enabled folders: a failure before an open question before the rest.
template <typename JudgeOne>
Finding worst_of_enabled(const Facts& facts, const Check& check, JudgeOne judge_one) {
    std::optional<Finding> worst;
    int weight = -1;
    for (const CompatFolder& folder : facts.compat->folders) {
        if (folder.enabled_by.empty()) continue;
        Finding finding = judge_one(folder);
        const Code* code = check.find_code(finding.code);
        int own = 0;
        if (code != nullptr && code->status == Status::pass) own = 1;
        if (code != nullptr && code->status == Status::unknown) own = 2;
        if (code == nullptr || code->status == Status::fail) own = 3;
        if (own <= weight) continue;
        weight = own;
        worst = std::move(finding);
    }
    return worst ? *std::move(worst) : Finding{.code = no_compat.code};
}

// CUDA version of the release's own driver: measured, where a driver was asked that is none of the compat's, else as
// the data say of the release. Empty: not known.
struct NativeCuda {
    CudaVersion version;
    std::string source;
};

inline bool is_library_of(const CompatFolder& folder, std::string_view library) {
    return !library.empty() && (library == folder.library.path || library == folder.library.real_path);
}

inline std::optional<NativeCuda> native_cuda(const Facts& facts) {
    if (facts.driver_probe.known() && facts.driver_probe->driver_version && *facts.driver_probe->driver_version > 0) {
        const std::string& library = facts.driver_probe->library;
        const bool of_compat = facts.compat.known() &&
                               std::any_of(facts.compat->folders.begin(), facts.compat->folders.end(),
                                           [&](const CompatFolder& folder) { return is_library_of(folder, library); });
        if (!of_compat) {
            return NativeCuda{CudaVersion::from_api(*facts.driver_probe->driver_version), facts.driver_probe.source()};
        }
    }
    if (facts.reference.known() && facts.reference->driver_cuda) {
        return NativeCuda{*facts.reference->driver_cuda, facts.reference.source()};
    }
    return std::nullopt;
}

}  // namespace jetcuda
