#include "probes/platform/l4t_release.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <vector>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view release_file = "/etc/nv_tegra_release";
constexpr std::string_view nixos_libcuda = "/run/opengl-driver/lib/libcuda.so.1";

// Where L4T keeps its driver: Ubuntu up to R35, R36 to R38, R39 (both variants), NixOS, Yocto.
constexpr std::array<std::string_view, 7> driver_folders = {"/usr/lib/aarch64-linux-gnu/nvidia",
                                                            "/usr/lib/aarch64-linux-gnu/tegra",
                                                            "/opt/nvidia/l4t-gpu-libs/nvgpu",
                                                            "/opt/nvidia/l4t-gpu-libs/openrm",
                                                            "/run/opengl-driver/lib",
                                                            "/usr/lib",
                                                            "/usr/lib64"};
// Libraries of the driver whose names end in its version.
constexpr std::array<std::string_view, 2> versioned_companions = {"libnvidia-ptxjitcompiler.so.", "libnvidia-nvvm.so."};

// "  # R36 (release)" begins a header; what follows the number is handed on in `text`.
std::optional<int> take_line_number(std::string_view& text) {
    while (!text.empty() && (text.front() == '#' || text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    if (text.empty() || text.front() != 'R') return std::nullopt;
    text.remove_prefix(1);
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number <= 0 || number > 999) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    constexpr std::string_view word = " (release)";
    if (!starts_with(text, word)) return std::nullopt;  // also "R35x"
    text.remove_prefix(word.size());
    return number;
}

// The line of a driver whose libraries carry `version`, and how that is known; nothing where the data do not say.
std::optional<int> line_of_driver(const Catalog& catalog, const std::string& version) {
    // Up to R35 the libraries carry the L4T release itself.
    const std::optional<L4tRelease> l4t = parse_l4t_release(version);
    if (l4t && std::count(version.begin(), version.end(), '.') == 2 && catalog.line(l4t->line) != nullptr) {
        return l4t->line;
    }
    // Later ones carry a driver number; a driver branch (540, 580, 595) belongs to one line.
    const std::string branch = version.substr(0, version.find('.') + 1);
    std::set<int> exact, alike;
    for (const ReleaseRecord& release : catalog.releases) {
        if (!release.driver_version) continue;
        if (*release.driver_version == version) exact.insert(release.l4t.line);
        if (starts_with(*release.driver_version, branch)) alike.insert(release.l4t.line);
    }
    if (exact.size() == 1) return *exact.begin();
    if (exact.empty() && alike.size() == 1) return *alike.begin();
    return std::nullopt;
}

Fact<Release> read_release_file(const Fact<std::string>& text) {
    const std::string file(release_file);
    const std::optional<ReleaseFileText> parsed = parse_release_file(*text);
    if (!parsed) {
        const std::string_view whole = trimmed(*text);
        const std::string why = whole.empty() ? file + " is empty"
                                              : file + " does not begin with a release: \"" +
                                                    shown(whole.substr(0, whole.find('\n'))) + '"';
        return Missing{Lack::not_understood, why, file};
    }
    const std::string_view before = std::string_view(*text).substr(0, text->find_first_not_of(" \t\r\n"));
    const auto number = 1 + std::count(before.begin(), before.end(), '\n');
    return {Release{parsed->l4t.line, parsed->l4t, ReleaseOrigin::release_file, parsed->gcid},
            file + ", line " + std::to_string(number)};
}

std::string path_of(std::string_view folder, std::string_view name) {
    std::string path(folder);
    return path.append("/").append(name);
}

Fact<Release> read_driver_files(const SystemRoot& root, const Catalog& catalog) {
    std::optional<int> line;
    std::string source;
    for (const std::string_view folder : driver_folders) {
        // Tegra's libcuda always has this name; the desktop's carries its version there, and is none of ours.
        if (!root.exists(path_of(folder, "libcuda.so.1.1"))) continue;
        const Fact<std::vector<std::string>> names = root.list(folder);
        if (!names) continue;
        for (const std::string& name : *names) {
            for (const std::string_view companion : versioned_companions) {
                if (!starts_with(name, companion)) continue;
                const std::optional<int> found = line_of_driver(catalog, name.substr(companion.size()));
                if (!found) continue;
                const std::string library = path_of(folder, name);
                if (line && *line != *found) {
                    std::string why = source;
                    why.append(" is of ").append(line_text(*line)).append(" and ").append(library).append(" of ");
                    why.append(line_text(*found)).append(", and no /etc/nv_tegra_release decides");
                    return Missing{Lack::not_understood, std::move(why), source};
                }
                if (!line) source = library;
                line = found;
            }
        }
    }
    if (!line) return Missing{Lack::not_there, "no library of a driver names a release", std::string(release_file)};
    return {Release{*line, std::nullopt, ReleaseOrigin::driver_files, ""}, source};
}

}  // namespace

std::optional<ReleaseFileText> parse_release_file(std::string_view text) {
    std::string_view rest = text;
    std::string header;
    while (!rest.empty() && header.empty()) header = trimmed(take_line(rest));
    // A header that was wrapped after a comma goes on in the next comment line.
    while (!header.empty() && header.back() == ',' && !rest.empty()) {
        std::string_view next = trimmed(take_line(rest));
        if (next.empty() || next.front() != '#') break;
        header.append(" ").append(trimmed(next.substr(1)));
    }

    std::string_view fields = header;
    const std::optional<int> line = take_line_number(fields);
    if (!line) return std::nullopt;
    ReleaseFileText parsed;
    std::optional<L4tRelease> l4t;
    for (const std::string_view piece : split(fields, ',')) {
        const std::size_t colon = piece.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = trimmed(piece.substr(0, colon));
        const std::string_view value = trimmed(piece.substr(colon + 1));
        const std::string_view word = value.substr(0, value.find(' '));
        if (key == "REVISION" && !l4t) {
            if (std::count(value.begin(), value.end(), '.') == 1) {
                l4t = parse_l4t_release(std::to_string(*line) + '.' + std::string(value));
            }
            if (!l4t) return std::nullopt;
        }
        if (key == "GCID" && is_digits(word)) parsed.gcid = word;
        if (key == "BOARD") parsed.board = shown(word);
        if (key == "EABI") parsed.eabi = shown(word);
        if (key == "DATE") parsed.date = shown(value);
    }
    if (!l4t) return std::nullopt;
    parsed.l4t = *l4t;
    return parsed;
}

// The kernel's packages put its version before the release: "5.15.185-tegra-36.5.0-20260115194252". So the last part
// of that form counts, and no L4T line was ever below 16 nor any kernel above.
std::optional<L4tRelease> parse_l4t_package_version(std::string_view version) {
    std::optional<L4tRelease> found;
    for (const std::string_view part : split(version, '-')) {
        if (std::count(part.begin(), part.end(), '.') != 2) continue;
        const std::optional<L4tRelease> release = parse_l4t_release(part);
        if (release && release->line >= 16) found = release;
    }
    return found;
}

std::optional<L4tRelease> l4t_of_store_path(std::string_view path) {
    constexpr std::string_view store = "/nix/store/";
    constexpr std::size_t hash_length = 32;
    if (!starts_with(path, store)) return std::nullopt;
    path.remove_prefix(store.size());
    const std::string_view entry = path.substr(0, path.find('/'));
    if (entry.size() <= hash_length || entry[hash_length] != '-') return std::nullopt;
    const std::string_view name = entry.substr(hash_length + 1);
    if (!starts_with(name, "nvidia-l4t-") && !starts_with(name, "l4t-")) return std::nullopt;
    return parse_l4t_package_version(name);
}

Fact<Release> read_release(const SystemRoot& root, const Catalog& catalog, const Fact<DpkgPackages>& packages) {
    const Fact<std::string> text = root.read(release_file, std::size_t{64} << 10);
    if (text) return read_release_file(text);
    if (!text.lacks(Lack::not_there)) return text.missing();

    if (const Fact<ResolvedPath> libcuda = root.resolve(nixos_libcuda)) {
        if (const std::optional<L4tRelease> l4t = l4t_of_store_path(libcuda->inside)) {
            return {Release{l4t->line, l4t, ReleaseOrigin::store_path, ""}, libcuda->inside};
        }
    }
    const DpkgPackage* core = packages ? packages->find("nvidia-l4t-core") : nullptr;
    if (core != nullptr && core->installed) {
        if (const std::optional<L4tRelease> l4t = parse_l4t_package_version(core->version)) {
            return {Release{l4t->line, l4t, ReleaseOrigin::package, ""},
                    packages.source() + ", package nvidia-l4t-core " + shown(core->version)};
        }
    }
    Fact<Release> line = read_driver_files(root, catalog);
    if (line || line.lacks(Lack::not_understood)) return line;
    return Missing{Lack::not_there,
                   std::string(release_file) +
                       " does not exist, and no store path, no package nvidia-l4t-core and no file of a Jetson's "
                       "driver names a release instead",
                   std::string(release_file)};
}

}  // namespace jetcuda
