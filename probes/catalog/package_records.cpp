#include "probes/catalog/package_records.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "probes/catalog/record_reader.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::array<ComponentKind, 6> kinds = {ComponentKind::runtime, ComponentKind::compiler,
                                                ComponentKind::tool,    ComponentKind::development,
                                                ComponentKind::compat,  ComponentKind::meta};

std::optional<ComponentKind> kind_named(std::string_view word) {
    const auto* const found =
        std::find_if(kinds.begin(), kinds.end(), [word](ComponentKind kind) { return name_of(kind) == word; });
    if (found == kinds.end()) return std::nullopt;
    return *found;
}

void check_pattern(const RecordReader& reader, const char* key, const std::string& pattern) {
    if (is_name_pattern(pattern)) return;
    reader.refuse(key, "holds \"" + pattern + "\"; a name may hold {cuda}, {major}, {n} and *, and no other signs");
}

std::vector<std::string> read_patterns(RecordReader& reader, const char* key) {
    std::vector<std::string> patterns = reader.optional_texts(key);
    for (const std::string& pattern : patterns) check_pattern(reader, key, pattern);
    return patterns;
}

std::vector<PackageName> read_names(RecordReader& reader, const char* key) {
    std::vector<PackageName> names;
    for (auto& [pattern, word] : reader.text_map(key)) {
        check_pattern(reader, key, pattern);
        const std::optional<ComponentKind> kind = kind_named(word);
        if (!kind) {
            std::string what = "calls \"";
            what.append(pattern).append("\" a \"").append(word);
            reader.refuse(key, what.append("\"; it must be runtime, compiler, tool, development, compat or meta"));
        }
        names.push_back({pattern, *kind});
    }
    return names;
}

std::vector<ReleaseScope> read_scopes(RecordReader& reader, const char* key) {
    std::vector<ReleaseScope> scopes;
    for (const std::string& text : reader.optional_texts(key)) {
        const std::optional<L4tRelease> release = parse_l4t_release(text);
        if (!release) reader.refuse(key, "holds \"" + text + "\"; it must hold releases such as 36.5.0 or 36.5");
        const bool whole_minor = std::count(text.begin(), text.end(), '.') == 1;
        scopes.push_back({release->line, release->minor, whole_minor ? -1 : release->patch});
    }
    return scopes;
}

std::optional<ComponentMatch> find_component(const std::vector<ComponentRecord>& components,
                                             std::vector<PackageName> ComponentRecord::*names, std::string_view name) {
    for (const ComponentRecord& component : components) {
        for (const PackageName& known : component.*names) {
            if (const std::optional<NameMatch> match = match_name(known.pattern, name)) {
                return ComponentMatch{&component, known.kind, match->cuda};
            }
        }
    }
    return std::nullopt;
}

bool any_holds(const std::vector<ReleaseScope>& scopes, const std::optional<L4tRelease>& l4t) {
    if (scopes.empty()) return true;
    return l4t && std::any_of(scopes.begin(), scopes.end(), [&](const ReleaseScope& s) { return s.holds(*l4t); });
}

}  // namespace

std::string_view name_of(ComponentKind kind) {
    switch (kind) {
        case ComponentKind::runtime: return "runtime";
        case ComponentKind::compiler: return "compiler";
        case ComponentKind::tool: return "tool";
        case ComponentKind::development: return "development";
        case ComponentKind::compat: return "compat";
        case ComponentKind::meta: break;
    }
    return "meta";
}

bool ReleaseScope::holds(const L4tRelease& l4t) const {
    return l4t.line == line && l4t.minor == minor && (patch < 0 || l4t.patch == patch);
}

std::optional<ComponentMatch> find_component_of_deb(const std::vector<ComponentRecord>& components,
                                                    std::string_view name) {
    return find_component(components, &ComponentRecord::deb, name);
}

// BitBake cuts one recipe into packages: NAME itself, and what only builders need.
std::optional<ComponentMatch> find_component_of_opkg(const std::vector<ComponentRecord>& components,
                                                     std::string_view name) {
    if (std::optional<ComponentMatch> whole = find_component(components, &ComponentRecord::opkg, name)) return whole;
    for (const std::string_view part : {"-dev", "-staticdev", "-stubs", "-dbg", "-src", "-doc"}) {
        if (!ends_with(name, part)) continue;
        name.remove_suffix(part.size());
        std::optional<ComponentMatch> match = find_component(components, &ComponentRecord::opkg, name);
        if (match) match->kind = ComponentKind::development;
        return match;
    }
    return std::nullopt;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [name](const std::string& pattern) { return match_name(pattern, name).has_value(); });
}

std::string find_release_exception(const std::vector<ReleaseExceptionRecord>& exceptions, std::string_view package,
                                   const std::optional<L4tRelease>& version, const std::optional<L4tRelease>& release) {
    for (const ReleaseExceptionRecord& exception : exceptions) {
        if (matches_any(exception.packages, package) && any_holds(exception.releases, release) &&
            any_holds(exception.versions, version)) {
            return exception.why;
        }
    }
    return {};
}

ComponentRecord read_component_record(RecordReader& reader) {
    ComponentRecord component;
    component.id = reader.text("id");
    reader.call_it(component.id);
    component.kind =
        *kind_named(reader.one_of("kind", {"runtime", "compiler", "tool", "development", "compat", "meta"}));
    component.version_is_cuda = reader.flag("version_is_cuda");
    component.sonames = reader.optional_texts("sonames");
    component.deb = read_names(reader, "deb");
    component.nix = read_patterns(reader, "nix");
    component.opkg = read_names(reader, "opkg");
    component.source = reader.source();
    return component;
}

PackageGroupRecord read_package_group(RecordReader& reader) {
    PackageGroupRecord group;
    group.id = reader.text("id");
    reader.call_it(group.id);
    group.deb = read_patterns(reader, "deb");
    group.nix = read_patterns(reader, "nix");
    group.opkg = read_patterns(reader, "opkg");
    group.source = reader.source();
    return group;
}

ReleaseExceptionRecord read_release_exception(RecordReader& reader) {
    ReleaseExceptionRecord exception;
    exception.id = reader.text("id");
    reader.call_it(exception.id);
    exception.packages = read_patterns(reader, "packages");
    if (exception.packages.empty()) reader.refuse("packages", "is empty; name the packages that the record is about");
    exception.releases = read_scopes(reader, "releases");
    exception.versions = read_scopes(reader, "versions");
    exception.why = reader.text("why");
    exception.source = reader.source();
    return exception;
}

}  // namespace jetcuda
