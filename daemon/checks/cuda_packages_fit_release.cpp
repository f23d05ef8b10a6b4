// A CUDA library needs a driver of its own major version or a newer one; within a major an older driver does, except
// for code kept as PTX. A newer major needs a cuda_compat, which lifts the driver for the programs that load it. There
// are three products of that name and each serves one kind of board. Compilers and profilers need no driver.

#include <algorithm>

#include "daemon/checks/check.hpp"
#include "daemon/checks/compat_folders.hpp"
#include "daemon/checks/cuda_sets.hpp"

namespace jetcuda {
namespace {

// What compat.json says of this SoC and line, one record a product; one that has none is not for this board.
std::vector<CompatRecord> records_for(const Facts& facts) {
    std::vector<CompatRecord> records;
    if (!facts.compat.known() || !facts.release.known()) return records;
    for (const CompatRecord& record : facts.compat->records) {
        if (record.line == facts.release->line) records.push_back(record);
    }
    return records;
}

bool holds(const std::vector<CudaVersion>& versions, const CudaVersion& cuda) {
    return std::find(versions.begin(), versions.end(), cuda) != versions.end();
}

// May a compat of this product bring that version here? Where NVIDIA's table does not speak of it, another check says
// that this is not established; here it counts, as it does for the programs that load it.
bool may_bring(const CompatRecord& record, const CudaVersion& cuda) {
    return !record.listed || cuda > record.known_up_to || holds(record.promised, cuda) || holds(record.reported, cuda);
}

// The best of the installed compat folders that serve the set: an enabled one, else an idle one.
const CompatFolder* compat_for(const Facts& facts, const CudaVersion& set) {
    const std::vector<CompatRecord> records = records_for(facts);
    const CompatFolder* best = nullptr;
    if (records.empty()) return best;
    for (const CompatFolder& folder : facts.compat->folders) {
        if (!folder.cuda || folder.cuda->major < set.major) continue;
        const bool suits = std::any_of(records.begin(), records.end(), [&](const CompatRecord& record) {
            return record.product == name_of(folder.product) && may_bring(record, *folder.cuda);
        });
        if (!suits) continue;
        if (best == nullptr || (best->enabled_by.empty() && !folder.enabled_by.empty())) best = &folder;
    }
    return best;
}

// The compat package that is known to serve the set on this board, or empty: of its own minor version, else the newest
// of its major.
std::string package_for(const Facts& facts, const CudaVersion& set) {
    std::optional<CudaVersion> offered;
    bool orin = false;
    for (const CompatRecord& record : records_for(facts)) {
        for (const std::vector<CudaVersion>* versions : {&record.promised, &record.reported}) {
            for (const CudaVersion& version : *versions) {
                if (version.major != set.major || offered == set) continue;
                if (offered && version != set && version < *offered) continue;
                offered = version;
                orin = record.product == name_of(CompatProduct::orin);
            }
        }
    }
    if (!offered) return {};
    return (orin ? "cuda-compat-orin-" : "cuda-compat-") + std::to_string(offered->major) + '-' +
           std::to_string(offered->minor);
}

// A set, or a toolkit folder where no packages are recorded.
struct Installed {
    CudaVersion cuda;
    std::vector<std::string> packages;
};

std::vector<Installed> installed_cuda(const Facts& facts) {
    std::vector<Installed> installed;
    if (facts.software.known()) {
        for (const CudaSet& set : library_sets(*facts.software))
            installed.push_back({set.cuda, names_of(set.libraries)});
    } else {
        for (const CudaVersion& version : toolkit_versions(facts)) installed.push_back({version, {}});
    }
    return installed;
}

}  // namespace

extern const Check cuda_packages_fit_release{
    .id = "cuda-packages-fit-release",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "the installed CUDA libraries are not newer than what the driver of this release can run",
    .why =
        "A program with CUDA libraries of a newer major version ends at its first call with \"CUDA driver version is "
        "insufficient for CUDA runtime version\" (error 35), or says that there is no GPU and uses the CPU.",
    .reads = {"installed packages", "CUDA toolkits", "cuda_compat folders", "data on L4T releases",
              "jetcuda-probe: version"},
    .needs = {"soc-is-supported", "l4t-release-is-known"},
    .codes =
        {
            {"ok", Status::pass, "The installed CUDA libraries are of {installed}, and the driver runs up to {driver}"},
            {"minor-version-compat", Status::pass,
             "The CUDA libraries of {newest} run on the driver of {driver}, of one major version; code that is kept "
             "only as PTX of {newest} needs a cuda_compat{compat}"},
            {"compat-covers", Status::pass,
             "The CUDA libraries of {newest} need more than the driver of {driver}, and the cuda_compat {folder} of "
             "CUDA {lifted} brings it to programs"},
            {"compat-installed",
             Status::pass,
             "The CUDA libraries of {newest} need more than the driver of {driver}; the cuda_compat {folder} of CUDA "
             "{lifted} brings it to programs that load it, and nothing enables it for all",
             {.other = "Start programs that need it with its folder first: LD_LIBRARY_PATH={folder}"}},
            {"no-cuda-installed", Status::not_applicable, "No CUDA libraries are installed as packages"},
            {"no-reference", Status::not_applicable,
             "Which CUDA version the driver of this release runs is not established, so there is nothing to compare"},
            {"newer-major",
             Status::fail,
             "{packages} {are} of CUDA {newest}, but the driver runs up to {driver}, and no cuda_compat for this "
             "board brings the newer one",
             {.apt = "Install the cuda_compat for this board and start programs with its folder first, or use CUDA "
                     "{driver}: sudo apt-get install {compat_package}",
              .nix = "Build programs with the CUDA set of this JetPack: "
                     "hardware.nvidia-jetpack.configureCuda = true;",
              .yocto = "Take CUDA from the branch of meta-tegra whose L4T carries it, without recipes from another; "
                       "who brings which: bitbake-layers show-recipes \"cuda-*\"",
              .other = "Install NVIDIA's package {compat_package}, or CUDA libraries of {driver}; what is there: "
                       "ls -d /usr/local/cuda*"}},
            {"newer-major-without-compat",
             Status::fail,
             "{packages} {are} of CUDA {newest}, but the driver runs up to {driver}, and no cuda_compat is known that "
             "brings the newer one to this board",
             {.apt = "Remove them and use CUDA {driver}, or move the board to a JetPack with a newer driver: "
                     "sudo apt-get purge {names} && sudo apt-get install nvidia-cuda",
              .nix = "Build programs with the CUDA set of this JetPack: "
                     "hardware.nvidia-jetpack.configureCuda = true;",
              .yocto = "Take CUDA from the branch of meta-tegra whose L4T carries it, without recipes from another; "
                       "who brings which: bitbake-layers show-recipes \"cuda-*\"",
              .other = "Use CUDA libraries of {driver}; what is there: ls -d /usr/local/cuda*"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        const std::vector<Installed> installed = installed_cuda(facts);
        if (!facts.software.known() && (!facts.software.lacks(Lack::not_there) || installed.empty())) {
            return without_software(facts.software.missing());
        }
        if (installed.empty()) return {.code = "no-cuda-installed"};
        const std::optional<NativeCuda> driver = native_cuda(facts);
        if (!driver) {
            if (facts.reference.lacks(Lack::not_readable)) return because_missing(facts.reference.missing());
            return {.code = "no-reference"};
        }

        Finding finding{.values = {{"driver", driver->version.text()}}};
        // A later run that asks no driver has the same number from the data: no other state.
        finding.evidence.push_back({"CUDA version of the driver", driver->version.text(), driver->source, true});
        std::vector<CudaVersion> versions;
        const std::string source = facts.software.known() ? facts.software.source() : facts.toolkits.source();
        for (const Installed& set : installed) {
            versions.push_back(set.cuda);
            finding.evidence.push_back(
                {"CUDA " + set.cuda.text(), set.packages.empty() ? "toolkit" : listed(set.packages, 8), source});
        }
        finding.values["installed"] = versions_text(versions);

        // The sets that need the driver lifted decide, the worst served one first; all that is older is fine.
        const Installed* uncovered = nullptr;
        const Installed* idle = nullptr;
        const Installed* covered = nullptr;
        for (const Installed& set : installed) {
            if (set.cuda.major <= driver->version.major) continue;
            const CompatFolder* compat = compat_for(facts, set.cuda);
            if (compat == nullptr) {
                uncovered = &set;
            } else {
                (compat->enabled_by.empty() ? idle : covered) = &set;
            }
        }
        if (uncovered != nullptr) {
            // Not being able to look for compat folders is no proof that there are none.
            if (!facts.compat.known() && !facts.compat.lacks(Lack::not_there)) {
                return because_missing(facts.compat.missing());
            }
            const std::string package = package_for(facts, uncovered->cuda);
            finding.code = package.empty() ? "newer-major-without-compat" : "newer-major";
            finding.values["newest"] = uncovered->cuda.text();
            finding.values["packages"] =
                uncovered->packages.empty() ? "The toolkit's libraries" : listed(uncovered->packages);
            finding.values["are"] = uncovered->packages.size() == 1 ? "is" : "are";
            finding.values["names"] = in_command(uncovered->packages);
            finding.values["compat_package"] = package;
            return finding;
        }
        const Installed& newest = idle != nullptr ? *idle : covered != nullptr ? *covered : installed.back();
        finding.values["newest"] = newest.cuda.text();
        if (idle != nullptr || covered != nullptr) {
            const CompatFolder* compat = compat_for(facts, newest.cuda);
            finding.code = idle != nullptr ? "compat-installed" : "compat-covers";
            finding.values["folder"] = compat->directory;
            finding.values["lifted"] = compat->cuda->text();
            finding.evidence.push_back(
                {"cuda_compat", compat->directory + " (CUDA " + compat->cuda->text() + ")",
                 compat->enabled_by.empty() ? "enabled by nothing" : compat->enabled_by.front().source});
            return finding;
        }
        if (newest.cuda <= driver->version || newest.cuda.major < driver->version.major) {
            finding.code = "ok";
            return finding;
        }
        finding.code = "minor-version-compat";
        const CompatFolder* compat = compat_for(facts, newest.cuda);
        const bool brought = compat != nullptr && *compat->cuda >= newest.cuda;
        finding.values["compat"] = brought ? ", which is there: " + compat->directory : "";
        return finding;
    },
};

}  // namespace jetcuda
