#include "probes/packages/dpkg.hpp"

#include <algorithm>
#include <array>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view status_file = "/var/lib/dpkg/status";
constexpr std::string_view info_folder = "/var/lib/dpkg/info/";
constexpr std::size_t status_limit = std::size_t{64} << 20;  // 4 MB are 3,000 packages
constexpr std::size_t list_limit = std::size_t{16} << 20;

// "Name: value" of one line; continuation lines begin with a blank and have no name.
struct Field {
    std::string_view name;
    std::string_view value;
};

Field read_field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') return {};
    return {line.substr(0, colon), trimmed(line.substr(colon + 1))};
}

// Names and versions go into reports; what dpkg itself would not accept is no package.
bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// Reads the fields of one stanza; false where it is no package that is there at all.
bool read_stanza(std::string_view stanza, DpkgPackage& package) {
    while (!stanza.empty()) {
        const std::string_view line = take_line(stanza);
        if (line.empty()) continue;
        const Field field = read_field(line);
        if (field.name == "Package") {
            package.name = field.value;
        } else if (field.name == "Version") {
            package.version = field.value;
        } else if (field.name == "Architecture") {
            package.architecture = field.value;
        } else if (field.name == "Status") {  // wanted, flag, state: "install ok installed"
            package.state = field.value.substr(field.value.rfind(' ') + 1);
        }
    }
    constexpr std::array<std::string_view, 3> in_place = {"installed", "triggers-pending", "triggers-awaited"};
    package.installed = std::find(in_place.begin(), in_place.end(), package.state) != in_place.end();
    const bool is_there = package.state != "not-installed" && package.state != "config-files";
    return is_there && is_plain(package.name) && is_plain(package.version) && is_plain(package.state);
}

// True when `list`, one path a line, holds `path`.
bool lists(std::string_view list, std::string_view path) {
    for (std::size_t at = list.find(path); at != std::string_view::npos; at = list.find(path, at + 1)) {
        const std::size_t end = at + path.size();
        if ((at == 0 || list[at - 1] == '\n') && (end == list.size() || list[end] == '\n')) return true;
    }
    return false;
}

}  // namespace

const DpkgPackage* DpkgPackages::find(std::string_view name) const {
    const auto found =
        std::lower_bound(packages.begin(), packages.end(), name,
                         [](const DpkgPackage& package, std::string_view wanted) { return package.name < wanted; });
    return found == packages.end() || found->name != name ? nullptr : &*found;
}

Fact<DpkgPackages> read_dpkg(const SystemRoot& root, const std::vector<std::string_view>& prefixes) {
    const Fact<std::string> text = root.read(status_file, status_limit);
    if (!text) return text.missing();
    DpkgPackages found;
    constexpr std::string_view first_field = "Package: ";
    bool any = false;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find("\n\n"), rest.size());
        const std::string_view stanza = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 2, rest.size()));
        // dpkg writes the name first; by it most stanzas are passed over unread.
        const std::size_t begin = std::min(stanza.find_first_not_of('\n'), stanza.size());
        const std::string_view fields = stanza.substr(begin);
        if (!starts_with(fields, first_field)) continue;
        any = true;
        const std::string_view name = fields.substr(first_field.size());
        const bool wanted = std::any_of(prefixes.begin(), prefixes.end(),
                                        [name](std::string_view prefix) { return starts_with(name, prefix); });
        if (!wanted) continue;
        DpkgPackage package;
        if (read_stanza(fields, package)) found.packages.push_back(std::move(package));
    }
    if (!any && !trimmed(*text).empty()) {
        return Missing{Lack::not_understood, std::string(status_file) + " names no package", std::string(status_file)};
    }
    std::stable_sort(found.packages.begin(), found.packages.end(),
                     [](const DpkgPackage& left, const DpkgPackage& right) { return left.name < right.name; });
    return {std::move(found), std::string(status_file)};
}

Fact<std::string> find_owner_among_l4t_packages(const SystemRoot& root, const DpkgPackages& packages,
                                                std::string_view path) {
    // dpkg lists a file under the path it was shipped by; on merged systems that may lack the /usr of the real one.
    const std::string real(path);
    const std::string other = starts_with(path, "/usr/") ? real.substr(4) : "/usr" + real;

    std::vector<const DpkgPackage*> candidates;
    for (const DpkgPackage& package : packages.packages) {
        if (starts_with(package.name, "nvidia-l4t-")) candidates.push_back(&package);
    }
    // Modules come with the kernel's packages: asked first, they spare the reading of the others.
    std::stable_partition(candidates.begin(), candidates.end(),
                          [](const DpkgPackage* package) { return package->name.find("kernel") != std::string::npos; });
    Missing missing{Lack::not_there, "no package nvidia-l4t-* lists " + real, std::string(info_folder)};
    for (const DpkgPackage* package : candidates) {
        std::string file = std::string(info_folder) + package->name + ".list";
        Fact<std::string> list = root.read(file, list_limit);
        if (list.lacks(Lack::not_there)) {  // packages of several architectures carry theirs in the name
            file = std::string(info_folder) + package->name + ':' + package->architecture + ".list";
            list = root.read(file, list_limit);
        }
        if (!list) {
            if (!list.lacks(Lack::not_there)) missing = list.missing();
            continue;
        }
        if (lists(*list, real) || lists(*list, other)) return {package->name, file};
    }
    return missing;
}

}  // namespace jetcuda
