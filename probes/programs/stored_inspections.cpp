#include "probes/programs/stored_inspections.hpp"

#include <algorithm>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

namespace jetcuda {
namespace {

using Json = nlohmann::json;

constexpr std::string_view schema = "jetcuda-check.inspections/1";

// What a member is called, and which one it is: the same list serves for writing and for reading.
template <typename Visit>
void visit(CodeRow& row, Visit&& member) {
    member("kind", row.kind);
    member("kind_number", row.kind_number);
    member("sm", row.sm);
    member("suffix", row.suffix);
    member("compression", row.compression);
    member("abi", row.abi);
    member("isa_major", row.isa_major);
    member("isa_minor", row.isa_minor);
    member("count", row.count);
    member("relocatable", row.relocatable);
    member("stubs", row.stubs);
    member("bytes", row.bytes);
}

template <typename Visit>
void visit(CodeMix& mix, Visit&& member) {
    member("rows", mix.rows);
    member("containers", mix.containers);
}

template <typename Visit>
void visit(DeviceCode& code, Visit&& member) {
    member("form", code.form);
    member("machine", code.machine);
    member("bits", code.bits);
    member("executable", code.executable);
    member("object", code.object);
    member("section_table", code.section_table);
    member("interpreter", code.interpreter);
    member("soname", code.soname);
    member("needed", code.needed);
    member("rpath", code.rpath);
    member("runpath", code.runpath);
    member("no_default_folders", code.no_default_folders);
    member("rows", code.rows);
    member("containers", code.containers);
    member("empty_containers", code.empty_containers);
    member("mixes", code.mixes);
    member("linked_at_load", code.linked_at_load);
    member("problems", code.problems);
    member("remarks", code.remarks);
}

template <typename Visit>
void visit(CudaVersion& version, Visit&& member) {
    member("major", version.major);
    member("minor", version.minor);
}

template <typename Visit>
void visit(RuntimeUse& use, Visit&& member) {
    member("linkage", use.linkage);
    member("cuda", use.cuda);
    member("soname", use.soname);
}

template <typename Visit>
void visit(InspectedPart& part, Visit&& member) {
    member("member", part.member);
    member("code", part.code);
    member("runtime", part.runtime);
}

template <typename Visit>
void visit(Inspection& inspection, Visit&& member) {
    member("path", inspection.path);
    member("kind", inspection.kind);
    member("parts", inspection.parts);
    member("members", inspection.members);
    member("python_tags", inspection.python_tags);
    member("problems", inspection.problems);
}

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
Json written(T& value) {
    if constexpr (std::is_enum_v<T> || std::is_same_v<T, char>) {
        return static_cast<int>(value);
    } else if constexpr (IsVector<T>::value) {
        Json list = Json::array();
        for (auto& entry : value) list.push_back(written(entry));
        return list;
    } else if constexpr (IsOptional<T>::value) {
        return value ? written(*value) : Json();
    } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
        Json object = Json::object();
        visit(value, [&object](const char* name, auto& member) { object[name] = written(member); });
        return object;
    } else {
        return value;
    }
}

// The numbers of names that are there; whoever wrote another has another list of them.
int last_of(CodeKind) { return static_cast<int>(CodeKind::other); }
int last_of(CodeCompression) { return static_cast<int>(CodeCompression::zstd); }
int last_of(FileForm) { return static_cast<int>(FileForm::other); }
int last_of(RuntimeLinkage) { return static_cast<int>(RuntimeLinkage::linked_in); }
int last_of(ProgramKind) { return static_cast<int>(ProgramKind::other); }

// Throws Json::exception or std::out_of_range for anything that written() does not write.
template <typename T>
void read(const Json& json, T& value) {
    if constexpr (std::is_enum_v<T>) {
        const int number = json.get<int>();
        if (!json.is_number_unsigned() || number < 0 || number > last_of(T{})) throw std::out_of_range("no such name");
        value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, char>) {
        const int number = json.get<int>();
        if (number < 0 || number > 127) throw std::out_of_range("no letter");
        value = static_cast<char>(number);
    } else if constexpr (IsVector<T>::value) {
        if (!json.is_array()) throw std::out_of_range("no list");
        value.clear();
        for (const Json& entry : json) read(entry, value.emplace_back());
    } else if constexpr (IsOptional<T>::value) {
        value.reset();
        if (!json.is_null()) read(json, value.emplace());
    } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
        visit(value, [&json](const char* name, auto& member) { read(json.at(name), member); });
    } else {
        const bool fits = std::is_same_v<T, std::string> ? json.is_string()
                          : std::is_same_v<T, bool>      ? json.is_boolean()
                                                         : json.is_number_integer();
        if (!fits) throw std::out_of_range("another type");
        value = json.get<T>();
    }
}

// Whoever judges takes a row by its place.
void check_places(const Inspection& inspection) {
    for (const InspectedPart& part : inspection.parts) {
        for (const CodeMix& mix : part.code.mixes) {
            const bool all = std::all_of(mix.rows.begin(), mix.rows.end(),
                                         [&part](std::uint16_t place) { return place < part.code.rows.size(); });
            if (!all) throw std::out_of_range("a row that is not there");
        }
    }
}

}  // namespace

std::string to_text(const StoredInspections& inspections, std::string_view tool) {
    Json json;
    json["schema"] = schema;
    json["tool"] = tool;
    json["files"] = Json::object();
    for (const auto& [key, inspection] : inspections) {
        Inspection copy = inspection;
        json["files"][key] = written(copy);
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

StoredInspections from_text(const std::string& text, std::string_view tool) {
    StoredInspections inspections;
    try {
        const Json json = Json::parse(text);
        if (json.at("schema") != schema || json.at("tool") != tool) return {};
        for (const auto& [key, entry] : json.at("files").items()) {
            Inspection inspection;
            read(entry, inspection);
            check_places(inspection);
            inspections.emplace(key, std::move(inspection));
        }
    } catch (const Json::exception&) {
        return {};
    } catch (const std::out_of_range&) {
        return {};
    }
    return inspections;
}

}  // namespace jetcuda
