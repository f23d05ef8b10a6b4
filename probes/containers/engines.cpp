#include "probes/containers/engines.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "probes/containers/toml.hpp"
#include "probes/system/strict_json.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

constexpr std::size_t settings_limit = std::size_t{256} << 10;
constexpr std::size_t most_drop_ins = 64;

constexpr std::string_view program_folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/run/current-system/sw/bin",
                                                "/snap/bin"};

// NVIDIA's runtime by its name in settings, or by the program that they name.
bool is_nvidia_runtime(std::string_view value) {
    const std::string_view name = value.substr(value.rfind('/') + 1);
    return name == "nvidia" || starts_with(name, "nvidia-container-runtime");
}

// What settings say of NVIDIA's runtime, gathered file by file: the first that names it, and the first that could
// not be read, which may have named it.
struct Search {
    std::string named_in;
    std::optional<Missing> unread;
    std::string looked_at;  // the first file that is there, or would be
    std::optional<bool> cdi;

    void look_at(const std::string& file) {
        if (looked_at.empty()) looked_at = file;
    }
    void give_up_on(const Missing& missing) {
        if (!unread) unread = missing;
    }

    [[nodiscard]] Fact<bool> answer() const {
        if (!named_in.empty()) return {true, named_in};
        if (unread) return *unread;
        return {false, looked_at};
    }
};

// ---- TOML: containerd, CRI-O, podman ----

// A table or key "nvidia" below one named "runtimes", or a key that names the program of a runtime.
bool names_runtime(const TomlEntry& entry) {
    for (std::size_t index = 1; index < entry.path.size(); ++index) {
        if (entry.path[index - 1] == "runtimes" && is_nvidia_runtime(entry.path[index])) return true;
    }
    for (const std::string_view key : {"BinaryName", "runtime_path", "Runtime"}) {
        if (entry.key() != key) continue;
        for (const std::string& value : entry.values) {
            if (is_nvidia_runtime(value)) return true;
        }
    }
    return false;
}

void search_toml(const SystemRoot& root, const std::string& file, Search& search) {
    const Fact<std::string> text = root.read(file, settings_limit);
    if (text.lacks(Lack::not_there)) return;
    search.look_at(file);
    if (!text) {
        search.give_up_on(text.missing());
        return;
    }
    try {
        for (const TomlEntry& entry : parse_toml(*text)) {
            if (search.named_in.empty() && names_runtime(entry)) {
                search.named_in = file + ", line " + std::to_string(entry.line);
            }
            if (entry.key() == "enable_cdi" && entry.values.size() == 1) search.cdi = entry.values[0] == "true";
            // The settings of containerd 2 have this version, and CDI on where they do not speak of it.
            if (entry.path.size() == 1 && entry.key() == "version" && entry.values.size() == 1 &&
                entry.values[0] == "3" && !search.cdi) {
                search.cdi = true;
            }
        }
    } catch (const TomlFlaw& flaw) {
        search.give_up_on({Lack::not_understood, file + " is no TOML: " + flaw.what(), file});
    }
}

void search_folder(const SystemRoot& root, const std::string& folder, Search& search) {
    const Fact<std::vector<std::string>> names = root.list(folder);
    if (!names) {
        if (!names.lacks(Lack::not_there)) search.give_up_on(names.missing());
        return;
    }
    std::size_t count = 0;
    for (const std::string& name : *names) {
        if (!ends_with(name, ".toml") && !ends_with(name, ".conf")) continue;
        if (++count > most_drop_ins) {
            search.give_up_on({Lack::not_understood, folder + " holds more files than anybody would write", folder});
            return;
        }
        search_toml(root, path_below(folder, name), search);
    }
}

// A hook that podman and CRI-O run for every container; how NVIDIA's runtime was registered before CDI.
void search_hooks(const SystemRoot& root, Search& search) {
    for (const std::string_view folder : {"/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d"}) {
        const Fact<std::vector<std::string>> names = root.list(folder);
        if (!names) continue;
        for (const std::string& name : *names) {
            if (search.named_in.empty() && name.find("nvidia") != std::string::npos && ends_with(name, ".json")) {
                search.named_in = path_below(folder, name);
            }
        }
    }
}

Fact<bool> containerd(const SystemRoot& root, const EngineSurroundings& around) {
    Search search;
    search_toml(root, "/etc/containerd/config.toml", search);
    search_folder(root, "/etc/containerd/conf.d", search);
    if (search.named_in.empty() && search.cdi.value_or(false)) search.named_in = around.gpu_spec;
    if (search.looked_at.empty()) search.looked_at = "/etc/containerd/config.toml";
    return search.answer();
}

Fact<bool> podman(const SystemRoot& root, const EngineSurroundings& around) {
    if (!around.gpu_spec.empty()) return {true, around.gpu_spec};
    Search search;
    search.unread = around.spec_unread;
    search_hooks(root, search);
    search_toml(root, "/usr/share/containers/containers.conf", search);
    search_toml(root, "/etc/containers/containers.conf", search);
    search_folder(root, "/etc/containers/containers.conf.d", search);
    if (search.looked_at.empty()) search.looked_at = "/etc/cdi";
    return search.answer();
}

Fact<bool> crio(const SystemRoot& root, const EngineSurroundings& around) {
    if (!around.gpu_spec.empty()) return {true, around.gpu_spec};
    Search search;
    search.unread = around.spec_unread;
    search_hooks(root, search);
    search_toml(root, "/etc/crio/crio.conf", search);
    search_folder(root, "/etc/crio/crio.conf.d", search);
    if (search.looked_at.empty()) search.looked_at = "/etc/crio/crio.conf";
    return search.answer();
}

// ---- docker ----

// What docker's units give it on its command line, beside or instead of daemon.json.
struct DockerArguments {
    std::string settings;     // --config-file
    std::string nvidia_in;    // the unit that has --add-runtime nvidia=…
    std::optional<bool> cdi;  // --feature cdi
};

void read_arguments(std::string_view line, const std::string& unit, DockerArguments& found) {
    std::string words(line);
    for (char& c : words) {
        if (c == '=' || c == '\t' || c == '"' || c == '\'') c = ' ';
    }
    std::string_view before;
    for (const std::string_view word : split(words, ' ')) {
        if (word.empty()) continue;
        if (before == "--config-file" && word[0] == '/') found.settings = word;
        if (before == "--add-runtime" && is_nvidia_runtime(word)) found.nvidia_in = unit;
        if (before == "--feature" && word == "cdi") found.cdi = true;
        before = word;
    }
}

DockerArguments read_docker_units(const SystemRoot& root) {
    std::vector<std::string> units;
    for (const std::string_view folder : {"/usr/lib/systemd/system", "/etc/systemd/system"}) {
        units.push_back(path_below(folder, "docker.service"));
        const std::string drop_ins = path_below(folder, "docker.service.d");
        if (const Fact<std::vector<std::string>> names = root.list(drop_ins)) {
            for (const std::string& name : *names) {
                if (ends_with(name, ".conf") && units.size() < most_drop_ins)
                    units.push_back(path_below(drop_ins, name));
            }
        }
    }
    DockerArguments found;
    for (const std::string& unit : units) {
        const Fact<std::string> text = root.read(unit, settings_limit);
        if (!text) continue;
        std::string_view rest = *text;
        while (!rest.empty()) {
            const std::string_view line = trimmed(take_line(rest));
            if (!line.empty() && line[0] != '#' && line[0] != ';') read_arguments(line, unit, found);
        }
    }
    return found;
}

void search_docker_settings(const std::string& text, const std::string& file, Search& search) {
    const json settings = parse_strictly(text);
    if (!settings.is_object()) throw JsonFlaw("it holds no keys");
    if (const auto runtimes = settings.find("runtimes"); runtimes != settings.end()) {
        if (!runtimes->is_object()) throw JsonFlaw("\"runtimes\" holds no keys");
        for (const auto& item : runtimes->items()) {
            const json& runtime = item.value();
            const auto path = runtime.is_object() ? runtime.find("path") : runtime.end();
            const bool by_path = runtime.is_object() && path != runtime.end() && path->is_string() &&
                                 is_nvidia_runtime(path->get_ref<const std::string&>());
            if (by_path || is_nvidia_runtime(item.key())) search.named_in = file;
        }
    }
    if (const auto features = settings.find("features"); features != settings.end() && features->is_object()) {
        const auto cdi = features->find("cdi");
        if (cdi != features->end() && cdi->is_boolean()) search.cdi = cdi->get<bool>();
    }
}

// Has docker of this version CDI on where nobody speaks of it? Nothing: its version is not recorded.
std::optional<bool> has_cdi_on(const std::string& version) {
    const std::vector<std::string_view> parts = split(version, '.');
    if (parts.size() < 2 || parts[0].size() > 4 || parts[1].size() > 4) return std::nullopt;
    if (!is_digits(parts[0]) || !is_digits(parts[1])) return std::nullopt;
    const int major = std::stoi(std::string(parts[0]));
    return major > 28 || (major == 28 && std::stoi(std::string(parts[1])) >= 2);
}

// Does docker itself refuse this text? Of what is not ASCII, Go's reader takes more than the one here.
bool is_broken_for_docker(const std::string& text) {
    const bool ascii =
        std::all_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) == 0; });
    return ascii && !json::accept(text);
}

Fact<bool> docker(const SystemRoot& root, const EngineSurroundings& around, std::string& broken) {
    const DockerArguments arguments = read_docker_units(root);
    Search search;
    search.cdi = arguments.cdi;
    search.named_in = arguments.nvidia_in;
    const std::string own = arguments.settings.empty() ? "/etc/docker/daemon.json" : arguments.settings;
    for (const std::string& file : {own, std::string("/var/snap/docker/current/config/daemon.json")}) {
        const Fact<std::string> text = root.read(file, settings_limit);
        if (text.lacks(Lack::not_there)) continue;
        search.look_at(file);
        if (!text) {
            search.give_up_on(text.missing());
            continue;
        }
        // An empty file is as good as none to docker. (source: moby daemon/config/config.go)
        if (trimmed(*text).empty()) continue;
        try {
            search_docker_settings(*text, file, search);
        } catch (const JsonFlaw& flaw) {
            const std::string why = file + " is no JSON that docker starts with: " + flaw.what();
            if (broken.empty() && is_broken_for_docker(*text)) broken = why;
            search.give_up_on({Lack::not_understood, why, file});
        }
    }
    if (search.looked_at.empty()) search.looked_at = own;
    if (!search.named_in.empty() || around.gpu_spec.empty() || search.unread) return search.answer();
    const std::optional<bool> cdi = search.cdi ? search.cdi : has_cdi_on(around.docker_version);
    if (!cdi) {
        return Missing{Lack::not_there,
                       own + " does not name NVIDIA's runtime, and whether docker reads " + around.gpu_spec +
                           " depends on its version, which is not recorded",
                       own};
    }
    if (*cdi) search.named_in = around.gpu_spec;
    return search.answer();
}

bool is_installed(const SystemRoot& root, std::string_view program) {
    for (const std::string_view folder : program_folders) {
        if (root.exists(path_below(folder, program))) return true;
    }
    return false;
}

}  // namespace

std::vector<ContainerEngine> read_engines(const SystemRoot& root, const EngineSurroundings& around) {
    std::vector<ContainerEngine> engines;
    // On NixOS, docker's daemon is in no folder of programs, and its client is; a snap has one program for both.
    const bool snap_or_nix = root.exists("/snap/bin/docker") || root.exists("/run/current-system/sw/bin/docker");
    if (is_installed(root, "dockerd") || snap_or_nix) {
        std::string broken;
        Fact<bool> registered = docker(root, around, broken);
        engines.push_back({"docker", std::move(registered), std::move(broken)});
    }
    if (is_installed(root, "containerd")) engines.push_back({"containerd", containerd(root, around)});
    if (is_installed(root, "podman")) engines.push_back({"podman", podman(root, around)});
    if (is_installed(root, "crio")) engines.push_back({"crio", crio(root, around)});
    return engines;
}

}  // namespace jetcuda
