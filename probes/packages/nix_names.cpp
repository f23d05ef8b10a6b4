#include "probes/packages/nix_names.hpp"

#include <algorithm>
#include <array>

#include "probes/packages/package_version.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view store = "/nix/store/";
constexpr std::size_t hash_length = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Nix allows these signs in names, and no others; what holds others is no store path, whatever it is called.
bool is_store_name(std::string_view name) {
    return !name.empty() && name.size() <= 211 && std::all_of(name.begin(), name.end(), [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || is_digit(c) || std::string_view("+-._?=").find(c) != std::string_view::npos;
    });
}

// Takes the output's suffix off: "12.6.77-lib". The output `out` has none.
std::string_view take_output(std::string_view& text) {
    constexpr std::array<std::string_view, 11> outputs = {"out",   "bin", "dev",     "include", "lib", "static",
                                                          "stubs", "doc", "samples", "python",  "man"};
    const std::size_t dash = text.rfind('-');
    if (dash == std::string_view::npos) return {};
    const std::string_view last = text.substr(dash + 1);
    if (std::find(outputs.begin(), outputs.end(), last) == outputs.end()) return {};
    text = text.substr(0, dash);
    return last;
}

bool is_for_building(std::string_view output) {
    return !output.empty() && output != "out" && output != "bin" && output != "lib" && output != "python";
}

// Takes "cuda12.6-" off the front.
std::optional<CudaVersion> take_cuda_set(std::string_view& name) {
    constexpr std::string_view prefix = "cuda";
    if (!starts_with(name, prefix)) return std::nullopt;
    const std::size_t dash = std::min(name.find('-'), name.size());
    const std::optional<CudaVersion> cuda = parse_cuda_version(name.substr(prefix.size(), dash - prefix.size()));
    if (cuda) name.remove_prefix(std::min(dash + 1, name.size()));
    return cuda;
}

}  // namespace

std::string_view store_path_of(std::string_view path) {
    if (!starts_with(path, store)) return {};
    const std::size_t end = std::min(path.find('/', store.size()), path.size());
    const std::string_view entry = path.substr(store.size(), end - store.size());
    if (entry.size() <= hash_length + 1 || entry[hash_length] != '-') return {};
    const bool plain_hash = std::all_of(entry.begin(), entry.begin() + hash_length,
                                        [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); });
    if (!plain_hash || !is_store_name(entry.substr(hash_length + 1))) return {};
    return path.substr(0, end);
}

std::string_view name_of_store_path(std::string_view path) {
    const std::string_view whole = store_path_of(path);
    return whole.empty() ? whole : whole.substr(store.size() + hash_length + 1);
}

std::optional<NixComponentName> parse_nix_component(const std::vector<ComponentRecord>& components,
                                                    std::string_view name) {
    std::string_view package = name;
    const std::string_view output = take_output(package);
    std::string_view rest = package;
    const std::optional<CudaVersion> set = take_cuda_set(rest);
    for (std::size_t dash = rest.find('-'); dash != std::string_view::npos; dash = rest.find('-', dash + 1)) {
        const std::string_view version = rest.substr(dash + 1);
        if (version.empty() || !is_digit(version.front())) continue;
        const std::string_view pname = rest.substr(0, dash);
        const auto component =
            std::find_if(components.begin(), components.end(),
                         [pname](const ComponentRecord& record) { return matches_any(record.nix, pname); });
        if (component == components.end()) continue;
        if (version.find("unsupported") != std::string_view::npos) return std::nullopt;
        NixComponentName found;
        found.component = &*component;
        found.package = package;
        found.version = version;
        found.cuda = !set && component->version_is_cuda ? first_two(version) : set;
        found.for_building = is_for_building(output);
        return found;
    }
    return std::nullopt;
}

// "-3d-core" is no version: a version's first number ends in a dot.
std::optional<NixL4tName> parse_nix_l4t(const std::vector<PackageGroupRecord>& groups, std::string_view name) {
    const bool known = std::any_of(groups.begin(), groups.end(),
                                   [name](const PackageGroupRecord& group) { return matches_any(group.nix, name); });
    if (!known) return std::nullopt;
    take_output(name);
    for (std::size_t dash = name.find('-'); dash != std::string_view::npos; dash = name.find('-', dash + 1)) {
        const std::string_view version = name.substr(dash + 1);
        const std::size_t digits = std::min(version.find_first_not_of("0123456789"), version.size());
        if (digits == 0 || digits == version.size() || version[digits] != '.') continue;
        return NixL4tName{std::string(name.substr(0, dash)), std::string(version)};
    }
    return std::nullopt;
}

}  // namespace jetcuda
