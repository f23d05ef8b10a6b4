#include "probes/containers/cdi.hpp"

#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "probes/containers/yaml.hpp"
#include "probes/system/strict_json.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

class SpecReader {
public:
    explicit SpecReader(const std::string& file) : file_(file) {}

    CdiSpec read(const json& content) {
        if (!content.is_object()) throw CdiFlaw("it holds no keys");
        text_of(content, "cdiVersion", "");
        spec_.kind = text_of(content, "kind", "");
        edits(content, "");
        const json* devices = list_of(content, "devices", "");
        for (std::size_t index = 0; devices != nullptr && index < devices->size(); ++index) {
            const json& device = (*devices)[index];
            const std::string place = "devices[" + std::to_string(index) + ']';
            if (!device.is_object()) throw CdiFlaw(place + " is no device");
            text_of(device, "name", place + '.');
            edits(device, place + '.');
        }
        return std::move(spec_);
    }

private:
    static const json* find(const json& object, const char* key) {
        const auto found = object.find(key);
        return found == object.end() || found->is_null() ? nullptr : &*found;
    }

    static std::string text_of(const json& object, const char* key, const std::string& place) {
        const json* value = find(object, key);
        if (value == nullptr) throw CdiFlaw(place + key + " is missing");
        if (!value->is_string() || value->get_ref<const std::string&>().empty()) {
            throw CdiFlaw(place + key + " is no text");
        }
        return *value;
    }

    static const json* list_of(const json& object, const char* key, const std::string& place) {
        const json* value = find(object, key);
        if (value != nullptr && !value->is_array()) throw CdiFlaw(place + key + " is no list");
        return value;
    }

    void edits(const json& owner, const std::string& place) {
        const json* edits = find(owner, "containerEdits");
        if (edits == nullptr) return;
        const std::string inside = place + "containerEdits.";
        if (!edits->is_object()) throw CdiFlaw(place + "containerEdits holds no keys");
        for (const auto& [key, kind] :
             {std::pair{"deviceNodes", MountKind::device}, std::pair{"mounts", MountKind::library}}) {
            const json* list = list_of(*edits, key, inside);
            for (std::size_t index = 0; list != nullptr && index < list->size(); ++index) {
                entry((*list)[index], kind, inside + key + '[' + std::to_string(index) + ']');
            }
        }
    }

    // A device node is named by its path in the container, which is the host's where no other is told; a mount by its
    // path on the host. One that is no file of the host (tmpfs) is none that could be missing.
    void entry(const json& entry, MountKind kind, const std::string& place) {
        if (!entry.is_object()) throw CdiFlaw(place + " holds no keys");
        const bool device = kind == MountKind::device;
        const bool own = !device || find(entry, "hostPath") != nullptr;
        std::string path = clean_path(text_of(entry, own ? "hostPath" : "path", place + '.'));
        if (path.empty() || !seen_.insert(path).second) return;
        if (spec_.entries.size() == entries_of_one_list)
            throw CdiFlaw("it has more entries than any driver has files", false);
        spec_.entries.push_back({MountList::cdi, kind, std::move(path), path_in_file(place)});
    }

    [[nodiscard]] std::string path_in_file(const std::string& place) const {
        std::string source = file_;
        return source.append(", ").append(place);
    }

    const std::string& file_;
    CdiSpec spec_;
    std::set<std::string, std::less<>> seen_;
};

// Engines read a spec as YAML whatever its name, and YAML takes more than JSON does: a comma too many, for one.
// (source: cncf-tags/container-device-interface pkg/cdi/spec.go)
bool is_yaml(std::string_view text) {
    try {
        parse_yaml(text);
        return true;
    } catch (const YamlFlaw& flaw) {
        return !flaw.syntax;
    }
}

}  // namespace

bool CdiSpec::for_gpu() const {
    return ends_with(kind, "nvidia.com/gpu") && (kind.size() == 14 || kind[kind.size() - 15] == '.');
}

CdiSpec parse_cdi(std::string_view text, const std::string& file, CdiFormat format) {
    try {
        const json content = format == CdiFormat::json ? parse_strictly(text) : parse_yaml(text);
        return SpecReader(file).read(content);
    } catch (const JsonFlaw& flaw) {
        throw CdiFlaw(flaw.what(), !json::accept(text) && !is_yaml(text));
    } catch (const YamlFlaw& flaw) {
        throw CdiFlaw(flaw.what(), flaw.syntax);
    }
}

}  // namespace jetcuda
