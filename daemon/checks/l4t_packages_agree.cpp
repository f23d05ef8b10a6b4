// An L4T release is some forty packages that were built and tested together. After an update that broke off, or one
// package taken from another feed, they are of two releases, and what then fails names neither. Some packages may be of
// another release: they have numbers of their own, or NVIDIA re-issued a part. Which ones, the data say.

#include <map>

#include "daemon/checks/check.hpp"
#include "daemon/checks/cuda_sets.hpp"

namespace jetcuda {
namespace {

using Releases = std::map<L4tRelease, std::vector<std::string>>;  // names of the packages of each

// Who is to be brought to the other's release: those that are behind. More than a few are named by the whole.
std::string command_for(const Releases& releases) {
    std::vector<std::string> behind;
    for (const auto& [l4t, names] : releases) {
        if (l4t != releases.rbegin()->first) behind.insert(behind.end(), names.begin(), names.end());
    }
    constexpr std::size_t few = 8;
    const std::string names = in_command(behind);
    return behind.size() > few || names.empty() ? "dist-upgrade" : "install " + names;
}

}  // namespace

extern const Check l4t_packages_agree{
    .id = "l4t-packages-agree",
    .group = Group::platform,
    .severity = Severity::wanted,
    .basis = Basis::host,
    .claim = "all nvidia-l4t packages are of the release that the release file names",
    .why =
        "Kernel, GPU module, driver and firmware are packages of one release and speak private protocols to each "
        "other. After half an update they are of two, and the GPU fails in ways that do not say so.",
    .reads = {"installed packages", "L4T release"},
    .needs = {"l4t-release-is-known"},
    .codes =
        {
            {"ok", Status::pass, "Every package of L4T ({count}) is of {l4t}, as the system says"},
            {"one-release", Status::pass,
             "Every package of L4T ({count}) is of {l4t}; nothing else on the system names its release"},
            {"no-l4t-packages", Status::not_applicable,
             "No package of L4T that names its release is recorded on this system"},
            {"not-configured", Status::fail, "The installation of {packages} was not finished ({state})",
             finish_installation},
            {"mixed",
             Status::fail,
             "The packages of L4T are of more than one release: {parts}",
             {.apt = "Bring those that are behind to the newest release, then restart the board: "
                     "sudo apt-get update && sudo apt-get {command} && sudo reboot",
              .nix = "Take the overlays that replace packages of L4T out of the configuration, then build and "
                     "restart: sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Build the image again from one branch of meta-tegra, without recipes kept from another; who "
                       "brings which: bitbake-layers show-recipes \"tegra-libraries-*\"",
              .other = "Install all packages of L4T from one release, then restart the board: sudo reboot"}},
            {"release-file-differs",
             Status::fail,
             "The system says that it is L4T {of_file}, but every package of L4T ({count}) is of {l4t}",
             // dpkg keeps a changed file of /etc unless it is told otherwise.
             {.apt = "Put back the release file of the installed release, then look at its first line: "
                     "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confask,confnew,confmiss "
                     "nvidia-l4t-core && head -n 1 /etc/nv_tegra_release",
              .nix = "Restart into one system, so that its release file and its packages are of one build: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Put the release file of the same branch of meta-tegra into the image: "
                       "IMAGE_INSTALL:append = \" nv-tegra-release\"",
              .other = "Put back the release file of the installed release, then look at it: "
                       "head -n 1 /etc/nv_tegra_release"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.software.known()) return without_software(facts.software.missing());
        Finding finding;
        std::vector<std::string> unfinished;
        std::string state;
        Releases releases;
        std::size_t count = 0;
        for (const L4tPackage& package : facts.software->l4t) {
            if (!is_left(package)) continue;
            if (!package.configured) {
                unfinished.push_back(package.name);
                if (state.empty()) state = package.state;
                finding.evidence.push_back(
                    {package.name, package.version + " (" + package.state + ")", facts.software.source()});
            }
            if (!package.l4t) continue;
            // Where the system is of the very release, the exception was made for others.
            const bool of_system = facts.release.known() && facts.release->l4t == package.l4t;
            if (!package.exempt.empty() && !of_system) continue;
            releases[*package.l4t].push_back(package.name);
            ++count;
        }
        finding.values = {{"packages", listed(unfinished)},
                          {"state", state.empty() ? "not configured" : state},
                          {"count", std::to_string(count)},
                          {"command", command_for(releases)}};
        if (!unfinished.empty()) {
            finding.code = "not-configured";
            return finding;
        }
        if (releases.empty()) return {.code = "no-l4t-packages"};
        std::vector<std::string> parts;
        for (const auto& [l4t, names] : releases) {
            parts.push_back(l4t.text() + " (" + listed(names, 3) + ")");
            finding.evidence.push_back({"packages of L4T " + l4t.text(), counted(names.size(), "package", "packages"),
                                        facts.software.source()});
        }
        const L4tRelease& of_packages = releases.begin()->first;
        finding.values["parts"] = listed(parts);
        finding.values["l4t"] = of_packages.text();
        if (releases.size() > 1) {
            finding.code = "mixed";
        } else if (!facts.release.known() || !facts.release->l4t) {
            finding.code = "one-release";
        } else {
            const L4tRelease& of_file = *facts.release->l4t;
            finding.values["of_file"] = of_file.text();
            finding.evidence.push_back({"L4T release", of_file.text(), facts.release.source()});
            finding.code = of_file == of_packages ? "ok" : "release-file-differs";
        }
        return finding;
    },
};

}  // namespace jetcuda
