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

bool is_there(const DpkgPackage& package) {
    return package.state != "not-installed" && package.state != "config-files" && is_plain(package.name) &&
           is_plain(package.version) && is_plain(package.state);
}

void put(DpkgPackage& package, const Field& field) {
    if (field.name == "Version") {
        package.version = field.value;
    } else if (field.name == "Architecture") {
        package.architecture = field.value;
    } else if (field.name == "Status") {  // wanted, flag, state: "install ok installed"
        package.state = field.value.substr(field.value.rfind(' ') + 1);
        constexpr std::array<std::string_view, 3> in_place = {"installed", "triggers-pending", "triggers-awaited"};
        package.installed = std::find(in_place.begin(), in_place.end(), package.state) != in_place.end();
    }
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

// One pass over the lines. dpkg writes the name first; where it is not wanted, the rest of its stanza is passed over.
std::optional<DpkgPackages> parse_status_file(std::string_view text, const std::vector<std::string_view>& prefixes) {
    DpkgPackages found;
    bool any = false;
    std::string_view rest = text;
    while (!rest.empty()) {
        if (rest.front() == '\n') {
            rest.remove_prefix(1);
            continue;
        }
        std::string_view stanza = rest.substr(0, rest.find("\n\n"));
        rest.remove_prefix(stanza.size());
        const Field first = read_field(take_line(stanza));
        if (first.name != "Package") continue;
        any = true;
        const auto begins_name = [&](std::string_view prefix) { return starts_with(first.value, prefix); };
        if (std::none_of(prefixes.begin(), prefixes.end(), begins_name)) continue;
        DpkgPackage package;
        package.name = first.value;
        while (!stanza.empty()) put(package, read_field(take_line(stanza)));
        if (is_there(package)) found.packages.push_back(std::move(package));
    }
    if (!any && !trimmed(text).empty()) return std::nullopt;
    std::stable_sort(found.packages.begin(), found.packages.end(),
                     [](const DpkgPackage& left, const DpkgPackage& right) { return left.name < right.name; });
    return found;
}

Fact<DpkgPackages> read_dpkg(const SystemRoot& root) { return read_dpkg(root, {""}); }

Fact<DpkgPackages> read_dpkg(const SystemRoot& root, const std::vector<std::string_view>& prefixes) {
    const Fact<std::string> text = root.read(status_file, status_limit);
    if (!text) return text.missing();
    std::optional<DpkgPackages> packages = parse_status_file(*text, prefixes);
    if (!packages) {
        return Missing{Lack::not_understood, std::string(status_file) + " names no package", std::string(status_file)};
    }
    return {*std::move(packages), std::string(status_file)};
}

Fact<std::string> read_file_list(const SystemRoot& root, const DpkgPackage& package) {
    std::string file(info_folder);
    Fact<std::string> list = root.read(file.append(package.name).append(".list"), list_limit);
    if (!list.lacks(Lack::not_there)) return list;
    file = info_folder;  // packages of several architectures carry theirs in the name
    file.append(package.name).append(":").append(package.architecture).append(".list");
    return root.read(file, list_limit);
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
        const Fact<std::string> list = read_file_list(root, *package);
        if (!list) {
            if (!list.lacks(Lack::not_there)) missing = list.missing();
            continue;
        }
        if (lists(*list, real) || lists(*list, other)) return {package->name, list.source()};
    }
    return missing;
}

}  // namespace jetcuda
