#include "probes/packages/software.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "probes/packages/nix_names.hpp"
#include "probes/packages/nix_store.hpp"
#include "probes/packages/opkg.hpp"
#include "probes/packages/package_version.hpp"
#include "probes/platform/l4t_release.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using FindComponent = std::optional<ComponentMatch> (*)(const std::vector<ComponentRecord>&, std::string_view);

// How one kind of database calls things.
struct Naming {
    PackageDatabase database = PackageDatabase::dpkg;
    FindComponent find_component = nullptr;
    std::vector<std::string> PackageGroupRecord::*group = nullptr;
};

constexpr Naming dpkg_naming{PackageDatabase::dpkg, find_component_of_deb, &PackageGroupRecord::deb};
constexpr Naming opkg_naming{PackageDatabase::opkg, find_component_of_opkg, &PackageGroupRecord::opkg};

bool is_in(const std::vector<PackageGroupRecord>& groups, std::vector<std::string> PackageGroupRecord::*names,
           std::string_view name) {
    return std::any_of(groups.begin(), groups.end(),
                       [&](const PackageGroupRecord& group) { return matches_any(group.*names, name); });
}

// By the folder that it filled: CUDA 12 and older keep what is built for Tegra apart from what is built for servers.
CudaBuild build_by_list(std::string_view list) {
    constexpr std::array<std::pair<std::string_view, CudaBuild>, 3> folders = {
        {{"/targets/aarch64-linux", CudaBuild::tegra},
         {"/targets/sbsa-linux", CudaBuild::sbsa},
         {"/targets/x86_64-linux", CudaBuild::desktop}}};
    for (const auto& [folder, build] : folders) {
        if (list.find(folder) != std::string_view::npos) return build;
    }
    return CudaBuild::not_recorded;
}

class Collector {
public:
    Collector(const SystemRoot& root, const Catalog& catalog, std::optional<L4tRelease> l4t)
        : root_(root), catalog_(catalog), l4t_(l4t) {}

    void add(const DpkgPackages& packages, const std::string& source, const Naming& naming) {
        begin(naming.database, source);
        const std::size_t first = software_.components.size();
        for (const DpkgPackage& package : packages.packages) add(package, source, naming);
        if (naming.database == PackageDatabase::dpkg) add_builds(packages, first);
    }

    void add_store(const std::vector<std::string>& names, const std::string& source) {
        begin(PackageDatabase::nix_store, source);
        std::map<std::tuple<std::string, std::string>, std::size_t> places;  // several outputs are one component
        for (const std::string& name : names) {
            if (std::optional<NixL4tName> l4t = parse_nix_l4t(catalog_.l4t_packages, name)) {
                const std::string& package = l4t->package;
                if (!places.emplace(std::tuple{package, l4t->version}, 0).second) continue;
                add_l4t(package, l4t->version, true, "");
                continue;
            }
            std::optional<NixComponentName> found = parse_nix_component(catalog_.components, name);
            if (!found) continue;
            const ComponentKind kind = found->for_building ? ComponentKind::development : found->component->kind;
            const auto [place, is_new] =
                places.emplace(std::tuple{found->package, std::string()}, software_.components.size());
            if (!is_new) {  // what any output is for, the component is for
                if (kind != ComponentKind::development) software_.components[place->second].kind = kind;
                continue;
            }
            InstalledComponent component;
            component.id = found->component->id;
            component.kind = kind;
            component.package = std::move(found->package);
            component.version = std::move(found->version);
            component.cuda = found->cuda;
            component.source = source;
            software_.components.push_back(std::move(component));
        }
    }

    Fact<Software> take() { return {std::move(software_), std::move(sources_)}; }
    [[nodiscard]] bool read_any() const { return !software_.databases.empty(); }

private:
    void begin(PackageDatabase database, const std::string& source) {
        software_.databases.push_back(database);
        sources_.append(sources_.empty() ? "" : ", ").append(source);
    }

    void add_l4t(std::string name, std::string version, bool configured, std::string state) {
        L4tPackage package;
        package.l4t = parse_l4t_package_version(version);
        if (!package.l4t || package.l4t != l4t_) {
            package.exempt = find_release_exception(catalog_.release_exceptions, name, package.l4t, l4t_);
        }
        package.name = std::move(name);
        package.version = std::move(version);
        package.configured = configured;
        package.state = std::move(state);
        software_.l4t.push_back(std::move(package));
    }

    void add(const DpkgPackage& package, const std::string& source, const Naming& naming) {
        if (is_in(catalog_.l4t_packages, naming.group, package.name)) {
            add_l4t(package.name, package.version, package.installed, package.state);
            return;
        }
        if (const std::optional<ComponentMatch> match = naming.find_component(catalog_.components, package.name)) {
            const PackageVersion version = parse_package_version(package.version);
            InstalledComponent component;
            component.id = match->component->id;
            component.kind = match->kind;
            component.package = package.name;
            component.version = version.upstream;
            component.cuda = match->cuda;
            if (version.cuda) component.cuda = version.cuda;
            if (!component.cuda && match->component->version_is_cuda) component.cuda = first_two(version.upstream);
            if (package.architecture == "amd64") {
                component.build = CudaBuild::desktop;
                component.package += ":amd64";  // without it, apt takes the name for the board's own package
            }
            component.configured = package.installed;
            component.state = package.state;
            component.source = source;
            software_.components.push_back(std::move(component));
            return;
        }
        if (is_in(catalog_.discrete_drivers, naming.group, package.name)) {
            software_.discrete_drivers.push_back({package.name, package.version, package.installed, package.state});
        }
    }

    // One file list says it of a whole set, best cudart's: every list of a board together is tens of megabytes.
    void add_builds(const DpkgPackages& packages, std::size_t first) {
        constexpr int first_without = 13;  // since CUDA 13 there is one build for all boards
        const auto is_of_set = [](const InstalledComponent& one, const CudaVersion& set) {
            return one.cuda == set && one.build == CudaBuild::not_recorded &&
                   one.package.find(dashed(set)) != std::string::npos;
        };
        std::vector<CudaVersion> sets;
        for (std::size_t at = first; at < software_.components.size(); ++at) {
            const std::optional<CudaVersion>& cuda = software_.components[at].cuda;
            if (!cuda || cuda->minor < 0 || cuda->major >= first_without) continue;
            if (std::find(sets.begin(), sets.end(), *cuda) == sets.end()) sets.push_back(*cuda);
        }
        for (const CudaVersion& set : sets) {
            const InstalledComponent* witness = nullptr;
            for (std::size_t at = first; at < software_.components.size(); ++at) {
                const InstalledComponent& one = software_.components[at];
                if (is_of_set(one, set) && (witness == nullptr || rank(one) < rank(*witness))) witness = &one;
            }
            const DpkgPackage* package = witness == nullptr ? nullptr : packages.find(witness->package);
            if (package == nullptr) continue;
            const Fact<std::string> list = read_file_list(root_, *package);
            const CudaBuild build = list ? build_by_list(*list) : CudaBuild::not_recorded;
            for (std::size_t at = first; at < software_.components.size(); ++at) {
                InstalledComponent& one = software_.components[at];
                if (is_of_set(one, set)) one.build = build;
            }
        }
    }

    static std::string dashed(const CudaVersion& set) {
        std::string text = "-";
        return text.append(std::to_string(set.major)).append("-").append(std::to_string(set.minor));
    }

    // A debugger may fill no folder of any build: tools are asked where nothing better is there.
    static int rank(const InstalledComponent& component) {
        if (component.id == "cuda_cudart") return component.kind == ComponentKind::runtime ? 0 : 1;
        if (component.kind == ComponentKind::tool) return 3;
        return component.kind == ComponentKind::meta || component.kind == ComponentKind::compat ? 4 : 2;
    }

    const SystemRoot& root_;
    const Catalog& catalog_;
    std::optional<L4tRelease> l4t_;
    Software software_;
    std::string sources_;
};

}  // namespace

Fact<Software> read_software(const SystemRoot& root, const Catalog& catalog, const SoftwareQuestion& question) {
    Collector collector(root, catalog, question.l4t);
    if (question.dpkg) collector.add(*question.dpkg, question.dpkg.source(), dpkg_naming);
    const Fact<DpkgPackages> opkg = read_opkg(root);
    if (opkg) collector.add(*opkg, opkg.source(), opkg_naming);
    const Fact<std::vector<std::string>> nix = read_nix_names(root, question.nix_system);
    if (nix) collector.add_store(*nix, nix.source());
    if (collector.read_any()) return collector.take();

    // One that is there and could not be read says more than those that are not there.
    for (const Missing* missing : {question.dpkg ? nullptr : &question.dpkg.missing(), opkg ? nullptr : &opkg.missing(),
                                   nix ? nullptr : &nix.missing()}) {
        if (missing != nullptr && missing->lack != Lack::not_there) return *missing;
    }
    std::string why = "neither dpkg's nor opkg's database exists, and ";
    return Missing{Lack::not_there, why.append(question.nix_system).append(" names no Nix store path"),
                   "/var/lib/dpkg/status"};
}

}  // namespace jetcuda
