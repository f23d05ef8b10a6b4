// A CUDA set is a dozen packages with numbers of their own. NVIDIA promises that the libraries of one major version
// serve each other's programs, and several whole sets may stand side by side, so most mixtures are no fault: an update
// leaves the old set in place, and a store holds what each program was built with. Faults are what no program can get
// around: an installation that broke off, cudart of one major and the libraries of another only, a cuSPARSE newer than
// the libnvJitLink it asks for its own symbols, a default link that leads nowhere.

#include <algorithm>
#include <map>

#include "daemon/checks/check.hpp"
#include "daemon/checks/cuda_sets.hpp"

namespace jetcuda {
namespace {

using Components = std::vector<const InstalledComponent*>;

bool is_of_cuda(const InstalledComponent& component) {
    return set_of(component).has_value() || component.id == "cuda_toolkit";
}

bool is_part(const InstalledComponent& component, std::string_view name) {
    const std::string_view id = component.id;
    return id == name || (id.substr(0, 3) == "lib" && id.substr(3) == name);
}

// What the installed sets are by major version, which is what a SONAME names and a program asks for.
struct Major {
    bool cudart = false;
    Components others;  // libraries other than cudart
};

std::map<int, Major> by_major(const std::vector<CudaSet>& sets) {
    std::map<int, Major> majors;
    for (const CudaSet& set : sets) {
        Major& major = majors[set.cuda.major];
        major.cudart = major.cudart || set.has_cudart;
        for (const InstalledComponent* library : set.libraries) {
            if (library->id != "cuda_cudart") major.others.push_back(library);
        }
    }
    return majors;
}

// Every cudart is of one major, and every other library of another.
bool is_torn(const std::map<int, Major>& majors) {
    bool cudart = false;
    bool others = false;
    for (const auto& [number, major] : majors) {
        if (major.cudart && !major.others.empty()) return false;
        cudart = cudart || major.cudart;
        others = others || !major.others.empty();
    }
    return cudart && others;
}

struct OldLinker {
    const InstalledComponent* asker = nullptr;
    const InstalledComponent* linker = nullptr;
};

// cuSPARSE and cuSOLVER call libnvJitLink by symbols that carry their own minor version (__nvJitLinkCreate_12_9); an
// older one of the same SONAME lacks them. pytorch/pytorch issues 111469 and 134929, NVIDIA/cuvs pull request 1794.
OldLinker find_old_linker(const std::vector<CudaSet>& sets) {
    OldLinker found;
    for (const CudaSet& set : sets) {
        for (const InstalledComponent* library : set.libraries) {
            if (!is_part(*library, "cusparse") && !is_part(*library, "cusolver")) continue;
            const InstalledComponent* newest = nullptr;
            CudaVersion newest_set;
            for (const CudaSet& other : sets) {
                if (other.cuda.major != set.cuda.major) continue;
                for (const InstalledComponent* linker : other.libraries) {
                    if (!is_part(*linker, "nvjitlink") || other.cuda < newest_set) continue;
                    newest = linker;
                    newest_set = other.cuda;
                }
            }
            if (newest != nullptr && newest_set < set.cuda) found = {library, newest};
        }
    }
    return found;
}

bool leads_nowhere(const Facts& facts) {
    return facts.toolkits.known() &&
           std::any_of(facts.toolkits->begin(), facts.toolkits->end(),
                       [](const Toolkit& toolkit) { return toolkit.is_default && !toolkit.there; });
}

// True where some libraries of the JetPack's own set are at its versions and some are not: an update of a part.
bool has_mixed_updates(const Facts& facts, const std::vector<CudaSet>& sets) {
    if (!facts.reference.known() || !facts.reference->cuda) return false;
    bool pinned = false;
    bool other = false;
    for (const CudaSet& set : sets) {
        if (set.cuda != *facts.reference->cuda) continue;
        for (const InstalledComponent* library : set.libraries) {
            const auto pin = facts.reference->components.find(library->id);
            if (pin == facts.reference->components.end()) continue;
            (is_same_version(pin->second, library->version) ? pinned : other) = true;
        }
    }
    return pinned && other;
}

// The answer for libraries that are all configured and can serve programs together.
std::string_view name_of_state(const Facts& facts, const std::vector<CudaSet>& sets,
                               const std::map<int, Major>& majors) {
    const auto lacks_cudart = [](const CudaSet& set) { return !set.has_cudart; };
    if (is_store_only(*facts.software)) return sets.size() > 1 ? "side-by-side" : "ok";
    if (std::any_of(majors.begin(), majors.end(), [](const auto& entry) { return !entry.second.cudart; })) {
        return "no-cudart";
    }
    if (std::any_of(sets.begin(), sets.end(), lacks_cudart)) return "minors-mixed";
    if (has_mixed_updates(facts, sets)) return "updates-mixed";
    return sets.size() > 1 ? "side-by-side" : "ok";
}

constexpr Remedy bring_whole_set{
    .apt = "Give programs one whole set: {command}",
    .nix = "Take all of CUDA from one cudaPackages set, then build: sudo nixos-rebuild boot && sudo reboot",
    .yocto = "Take all of CUDA from one branch of meta-tegra; who brings which: bitbake-layers show-recipes \"cuda-*\"",
    .other = "Install the whole set that programs are to use; what is there: ls -d /usr/local/cuda*",
};

}  // namespace

extern const Check cuda_packages_agree{
    .id = "cuda-packages-agree",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "the installed CUDA packages form whole sets that programs can use",
    .why =
        "A program takes cudart, cuBLAS and the rest by their names and gets what is installed. Out of a torn set it "
        "gets parts that lack each other's symbols or are not there at all, and it does not start.",
    .reads = {"installed packages", "CUDA toolkits"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "The installed CUDA libraries are one set, of {versions}"},
            {"side-by-side", Status::pass, "Whole sets of CUDA {versions} are installed side by side"},
            {"updates-mixed", Status::pass,
             "The CUDA libraries are of one set, {versions}; some are of this JetPack and some of a later update of "
             "the same set"},
            {"minors-mixed", Status::pass,
             "The CUDA libraries are of {versions}, not each with a cudart of its own; within one major version they "
             "serve each other"},
            {"no-cudart", Status::pass,
             "Libraries of CUDA {alone} are installed without its cudart; programs that use them bring their own"},
            {"no-cuda-installed", Status::not_applicable, "No CUDA libraries are installed as packages"},
            {"not-configured", Status::fail, "The installation of {packages} was not finished ({state})",
             finish_installation},
            {"torn", Status::fail,
             "cudart is of CUDA {of_cudart}, but the other libraries ({packages}) are of {of_others}: no program gets "
             "both",
             bring_whole_set},
            {"nvjitlink-older",
             Status::fail,
             "{asker} asks libnvJitLink for symbols of its own version, and the newest one installed is {linker}",
             {.apt = "Install the libnvJitLink of the same version: sudo apt-get install {wanted_linker}",
              .nix = "Take all of CUDA from one cudaPackages set, then build: sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Take all of CUDA from one branch of meta-tegra: IMAGE_INSTALL:append = \" libnvjitlink\"",
              .other = "Install {wanted_linker}; what is there: ls -d /usr/local/cuda*"}},
            {"default-link-broken",
             Status::fail,
             "/usr/local/cuda is a link that leads nowhere, and installed is CUDA {versions}",
             {.apt = "Let it lead to an installed set, then look where: "
                     "sudo update-alternatives --auto cuda && readlink -f /usr/local/cuda",
              .other = "Let it lead to an installed set: sudo ln -sfn /usr/local/cuda-{newest} /usr/local/cuda"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.software.known()) return without_software(facts.software.missing());
        const Software& software = *facts.software;
        Finding finding;
        std::vector<std::string> unfinished;
        std::string state;
        for (const InstalledComponent& component : software.components) {
            if (component.configured || !is_left(component) || !is_of_cuda(component)) continue;
            unfinished.push_back(component.package);
            if (state.empty()) state = component.state;
            finding.evidence.push_back({component.package, component.version + " (" + component.state + ")",
                                        component.source.empty() ? facts.software.source() : component.source});
        }
        if (!unfinished.empty()) {
            finding.code = "not-configured";
            finding.values = {{"packages", listed(unfinished)}, {"state", state.empty() ? "not configured" : state}};
            return finding;
        }
        const std::vector<CudaSet> sets = library_sets(software);
        if (sets.empty()) return {.code = "no-cuda-installed"};
        std::vector<CudaVersion> versions;
        for (const CudaSet& set : sets) {
            versions.push_back(set.cuda);
            finding.evidence.push_back(
                {"libraries of CUDA " + set.cuda.text(), listed(names_of(set.libraries), 20), facts.software.source()});
        }
        finding.values = {{"versions", versions_text(versions)}, {"newest", versions.back().text()}};
        const std::map<int, Major> majors = by_major(sets);

        if (!is_store_only(software)) {
            if (is_torn(majors)) {
                std::vector<std::string> of_cudart;
                std::vector<std::string> of_others;
                Components others;
                std::string whole;
                for (const CudaSet& set : sets) {
                    const Major& major = majors.at(set.cuda.major);
                    if (set.has_cudart) {
                        of_cudart.push_back(set.cuda.text());
                        whole =
                            "cuda-libraries-" + std::to_string(set.cuda.major) + '-' + std::to_string(set.cuda.minor);
                    }
                    if (!major.cudart) of_others.push_back(set.cuda.text());
                    if (!major.cudart) others.insert(others.end(), set.libraries.begin(), set.libraries.end());
                }
                finding.code = "torn";
                finding.values["of_cudart"] = listed(of_cudart);
                finding.values["of_others"] = listed(of_others);
                finding.values["packages"] = listed(names_of(others));
                // A set that this board's JetPack can run lacks its cudart; of one that it cannot, the libraries go.
                const CudaVersion newest = set_of(*others.back()).value_or(versions.back());
                const bool can_run =
                    facts.reference.known() && facts.reference->cuda && newest.major <= facts.reference->cuda->major;
                finding.values["command"] =
                    can_run
                        ? "sudo apt-get install cuda-cudart-" + std::to_string(newest.major) + '-' +
                              std::to_string(newest.minor)
                        : "sudo apt-get install " + whole + " && sudo apt-get purge " + in_command(names_of(others));
                return finding;
            }
            if (const OldLinker old = find_old_linker(sets); old.asker != nullptr) {
                const CudaVersion wanted = *set_of(*old.asker);
                finding.code = "nvjitlink-older";
                finding.values["asker"] = old.asker->package;
                finding.values["linker"] = old.linker->package;
                finding.values["wanted_linker"] =
                    "libnvjitlink-" + std::to_string(wanted.major) + '-' + std::to_string(wanted.minor);
                return finding;
            }
            if (leads_nowhere(facts)) {
                finding.code = "default-link-broken";
                finding.evidence.push_back({"/usr/local/cuda", "leads nowhere", facts.toolkits.source()});
                return finding;
            }
        }
        std::vector<CudaVersion> alone;
        for (const CudaSet& set : sets) {
            if (!majors.at(set.cuda.major).cudart) alone.push_back(set.cuda);
        }
        finding.values["alone"] = versions_text(alone);
        finding.code = name_of_state(facts, sets, majors);
        return finding;
    },
};

}  // namespace jetcuda
