// Reads the configuration. It is an administrator's own text, so a mistake in it is answered with the file, the line,
// the key, what stands there and what may stand there; and nothing is passed over in silence, because a mistyped
// "probe.enabeld" that is ignored is a GPU that is probed against someone's will.

#include "daemon/settings/settings.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>

#include <nlohmann/json.hpp>

#include "daemon/report/outside_text.hpp"
#include "daemon/settings/json_places.hpp"
#include "probes/custom_name.hpp"

namespace jetcuda {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t file_limit = std::size_t{256} << 10;  // bytes
constexpr int depth_limit = 16;
constexpr std::size_t list_limit = 1000;
constexpr std::size_t text_limit = 4096;
constexpr std::size_t line_limit = 500;

bool is_plain_line(const std::string& text) {
    return !text.empty() && text.size() <= line_limit && plain_line(text) == text;
}

// One value of one file, with the words for a complaint about it.
class Value {
public:
    Value(const Json& json, std::string place, std::string key)
        : json_(&json), place_(std::move(place)), key_(std::move(key)) {}

    [[noreturn]] void refuse(const std::string& must) const {
        const std::string found =
            shortened(plain_line(json_->dump(-1, ' ', false, Json::error_handler_t::replace)), 80);
        throw SettingsError(place_ + ": \"" + key_ + "\" is " + found + "; it must be " + must + ".");
    }

    [[nodiscard]] bool boolean() const {
        if (!json_->is_boolean()) refuse("true or false");
        return json_->get<bool>();
    }

    [[nodiscard]] std::uint64_t number(std::uint64_t smallest, std::uint64_t largest) const {
        const bool whole = json_->is_number_unsigned();
        if (!whole || json_->get<std::uint64_t>() < smallest || json_->get<std::uint64_t>() > largest) {
            refuse("a whole number from " + std::to_string(smallest) + " to " + std::to_string(largest));
        }
        return json_->get<std::uint64_t>();
    }

    [[nodiscard]] std::chrono::seconds seconds() const {
        return std::chrono::seconds(static_cast<std::chrono::seconds::rep>(number(1, 3600)));
    }

    [[nodiscard]] std::string one_of(std::initializer_list<const char*> words) const {
        std::string known;
        for (const char* word : words) {
            if (json_->is_string() && json_->get_ref<const std::string&>() == word) return word;
            known += (known.empty() ? "\"" : " or \"") + std::string(word) + "\"";
        }
        refuse(known);
    }

    [[nodiscard]] std::string line() const {
        if (!json_->is_string() || !is_plain_line(json_->get_ref<const std::string&>())) {
            refuse("one line of text, of 1 to " + std::to_string(line_limit) + " bytes");
        }
        return json_->get<std::string>();
    }

    [[nodiscard]] std::vector<std::string> texts(bool (*fits)(std::string_view), const std::string& what) const {
        const std::string must = "an array of at most " + std::to_string(list_limit) + " " + what;
        if (!json_->is_array() || json_->size() > list_limit) refuse(must);
        std::vector<std::string> texts;
        for (const Json& entry : *json_) {
            if (!entry.is_string() || !fits(entry.get_ref<const std::string&>())) refuse(must);
            texts.push_back(entry.get<std::string>());
        }
        return texts;
    }

private:
    const Json* json_;
    std::string place_;
    std::string key_;
};

bool is_user_name(std::string_view text) {
    const auto forbidden = [](char c) { return c <= ' ' || c == ':' || c == '/' || c == ',' || c == '\x7f'; };
    return !text.empty() && text.size() <= 256 && text[0] != '-' && std::none_of(text.begin(), text.end(), forbidden);
}

bool is_absolute_path(std::string_view text) {
    return !text.empty() && text[0] == '/' && text.size() <= text_limit && text.find('\0') == std::string_view::npos;
}

// Every key, and what it sets. The outer name is a section, the inner a key; keys without section have "".
using Apply = void (*)(const Value& value, Settings& settings);
const std::map<std::string, std::map<std::string, Apply>>& known_keys() {
    static const std::map<std::string, std::map<std::string, Apply>> keys = {
        {"",
         {{"service_users",
           [](const Value& value, Settings& settings) {
               settings.service_users = value.texts(is_user_name, "names of users");
           }},
          {"programs",
           [](const Value& value, Settings& settings) {
               settings.programs = value.texts(is_absolute_path, "absolute paths");
           }}}},
        {"probe",
         {{"enabled", [](const Value& value, Settings& settings) { settings.probe_enabled = value.boolean(); }},
          {"step_limit_s", [](const Value& value, Settings& settings) { settings.probe_step_limit = value.seconds(); }},
          {"total_limit_s",
           [](const Value& value, Settings& settings) { settings.probe_total_limit = value.seconds(); }}}},
        {"custom",
         {{"limit_s", [](const Value& value, Settings& settings) { settings.custom_limit = value.seconds(); }},
          {"total_limit_s",
           [](const Value& value, Settings& settings) { settings.custom_total_limit = value.seconds(); }},
          {"checks", nullptr}}},  // an object of objects: Reader::read_custom_checks
        {"recheck",
         {{"active", [](const Value& value, Settings& settings) { settings.recheck_active = value.boolean(); }}}},
        {"gate",
         {{"mode",
           [](const Value& value, Settings& settings) {
               const bool enforce = value.one_of({"observe", "enforce"}) == "enforce";
               settings.gate_mode = enforce ? GateMode::enforce : GateMode::observe;
           }},
          {"on_unknown",
           [](const Value& value, Settings& settings) {
               const bool deny = value.one_of({"allow", "deny"}) == "deny";
               settings.gate_on_unknown = deny ? OnUnknown::deny : OnUnknown::allow;
           }},
          {"deadline_s", [](const Value& value, Settings& settings) { settings.gate_deadline = value.seconds(); }}}},
        {"history",
         {{"reports",
           [](const Value& value, Settings& settings) {
               settings.history_reports = static_cast<unsigned>(value.number(1, 10'000));
           }},
          {"bytes",
           [](const Value& value, Settings& settings) {
               settings.history_bytes = static_cast<unsigned long>(value.number(64UL << 10, 1UL << 30));
           }}}},
        {"log",
         {{"level",
           [](const Value& value, Settings& settings) {
               settings.log_level = value.one_of({"error", "warning", "info", "debug"});
           }}}},
    };
    return keys;
}

// The keys of custom.checks.NAME.
using ApplyToCustom = void (*)(const Value& value, CustomCheckSettings& settings);
const std::map<std::string, ApplyToCustom>& known_custom_keys() {
    static const std::map<std::string, ApplyToCustom> keys = {
        {"severity",
         [](const Value& value, CustomCheckSettings& settings) {
             const bool required = value.one_of({"required", "wanted"}) == "required";
             settings.severity = required ? Severity::required : Severity::wanted;
         }},
        {"limit_s", [](const Value& value, CustomCheckSettings& settings) { settings.limit = value.seconds(); }},
        {"remedy", [](const Value& value, CustomCheckSettings& settings) { settings.remedy = value.line(); }},
    };
    return keys;
}

template <typename Map>
std::string names_in(const Map& map) {
    std::string names;
    for (const auto& [name, ignored] : map) {
        static_cast<void>(ignored);
        if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
    }
    return names;
}

// One file of the configuration. Remembers where each key was set, for complaints about two keys together.
class Reader {
public:
    void read(const fs::path& file, Settings& settings) {
        file_ = file.string();
        const std::string text = contents();
        const Json document = parsed(text);
        places_ = find_places(text);
        if (places_.repeated) {
            throw SettingsError(place_of(*places_.repeated) + ": \"" + dotted(*places_.repeated) +
                                "\" stands here a second time; remove one of the two.");
        }
        if (!document.is_object()) throw SettingsError(file_ + ": the file must hold one JSON object: {…}.");
        const auto& sections = known_keys();
        for (const auto& [name, value] : document.items()) {
            const auto& plain = sections.at("");
            const auto key = plain.find(name);
            const auto section = name.empty() ? sections.end() : sections.find(name);
            if (key != plain.end()) {
                key->second(Value(value, place_of({name}), name), settings);
            } else if (section != sections.end()) {
                read_section(name, section->second, value, settings);
            } else {
                refuse_unknown({name}, "the keys are " + names_in(plain) + ", " + names_in(sections));
            }
        }
    }

    // Two keys may come from two files; the complaint names the one that was set last.
    void check_together(const Settings& settings) const {
        if (settings.probe_total_limit >= settings.probe_step_limit) return;
        throw SettingsError(
            last_limit_place_ + ": \"probe.total_limit_s\" (" + std::to_string(settings.probe_total_limit.count()) +
            ") is less than \"probe.step_limit_s\" (" + std::to_string(settings.probe_step_limit.count()) +
            "); it must be at least as long, for a step is part of the whole.");
    }

private:
    void read_section(const std::string& name, const std::map<std::string, Apply>& keys, const Json& section,
                      Settings& settings) {
        if (!section.is_object())
            Value(section, place_of({name}), name).refuse("an object with the keys " + names_in(keys));
        for (const auto& [inner, value] : section.items()) {
            const KeyPath path = {name, inner};
            const auto key = keys.find(inner);
            if (key == keys.end()) refuse_unknown(path, "the keys of \"" + name + "\" are " + names_in(keys));
            if (key->second == nullptr) {
                read_custom_checks(path, value, settings);
            } else {
                key->second(Value(value, place_of(path), dotted(path)), settings);
            }
            if (name == "probe" && inner != "enabled") last_limit_place_ = place_of(path);
        }
    }

    // As everywhere, key by key: a later file that gives one of them more time leaves it its severity.
    void read_custom_checks(const KeyPath& path, const Json& checks, Settings& settings) {
        if (!checks.is_object() || checks.size() > custom_program_limit) {
            Value(checks, place_of(path), dotted(path))
                .refuse("an object of at most " + std::to_string(custom_program_limit) + " names of programs");
        }
        for (const auto& [name, entry] : checks.items()) {
            const KeyPath of_check = {path[0], path[1], name};
            if (!is_custom_name(name)) {
                throw SettingsError(place_of(of_check) + ": \"" + shortened(plain_line(name), 80) +
                                    "\" is no name of a check; it has lower-case letters, digits and \"-\" only, at "
                                    "most " +
                                    std::to_string(custom_name_limit) + ".");
            }
            const auto& keys = known_custom_keys();
            if (!entry.is_object()) {
                Value(entry, place_of(of_check), dotted(of_check))
                    .refuse("an object with some of the keys " + names_in(keys));
            }
            CustomCheckSettings& of_name = settings.custom_checks[name];
            for (const auto& [inner, value] : entry.items()) {
                const KeyPath of_key = {path[0], path[1], name, inner};
                const auto key = keys.find(inner);
                if (key == keys.end()) {
                    refuse_unknown(of_key, "the keys of \"" + dotted(of_check) + "\" are " + names_in(keys));
                }
                key->second(Value(value, place_of(of_key), dotted(of_key)), of_name);
            }
        }
    }

    [[noreturn]] void refuse_unknown(const KeyPath& path, const std::string& known) const {
        throw SettingsError(place_of(path) + ": there is no key \"" + shortened(plain_line(dotted(path)), 80) + "\"; " +
                            known + ".");
    }

    [[nodiscard]] std::string contents() const {
        std::error_code error;
        const fs::file_status status = fs::status(file_, error);
        if (status.type() != fs::file_type::regular && !error) {
            throw SettingsError(file_ + ": this is no regular file; replace it by one, or remove it.");
        }
        errno = 0;
        std::ifstream stream(file_, std::ios::binary);
        std::ostringstream text;
        if (stream) text << stream.rdbuf();
        if (!stream) {
            const std::string why = errno != 0 ? std::generic_category().message(errno) : "it cannot be read";
            throw SettingsError(file_ + ": " + why + "; make it readable, or remove it.");
        }
        if (text.str().size() > file_limit) {
            throw SettingsError(file_ + ": the file has " + std::to_string(text.str().size()) + " bytes; " +
                                std::to_string(file_limit) + " are the most.");
        }
        return text.str();
    }

    [[nodiscard]] Json parsed(const std::string& text) const {
        if (nests_deeper_than(text, depth_limit)) {
            throw SettingsError(file_ + ": the file nests deeper than " + std::to_string(depth_limit) + " levels.");
        }
        try {
            return Json::parse(text);
        } catch (const Json::parse_error& error) {
            const TextPlace place = place_of_byte(text, error.byte > 0 ? error.byte - 1 : 0);
            throw SettingsError(file_ + ", line " + std::to_string(place.line) + ", column " +
                                std::to_string(place.column) + ": this is no JSON" + reason_in(error.what()) + ".");
        } catch (const Json::exception& error) {
            throw SettingsError(file_ + ": this cannot be read" + reason_in(error.what()) + ".");
        }
    }

    // nlohmann::json says "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while …".
    static std::string reason_in(const std::string& what) {
        const std::size_t colon = what.find(": ");
        return colon == std::string::npos ? "" : " (" + shortened(plain_line(what.substr(colon + 2)), 160) + ")";
    }

    [[nodiscard]] std::string place_of(const KeyPath& path) const {
        const auto place = places_.keys.find(path);
        return place == places_.keys.end() ? file_ : file_ + ", line " + std::to_string(place->second.line);
    }

    static std::string dotted(const KeyPath& path) {
        std::string text;
        for (const std::string& key : path) text += (text.empty() ? "" : ".") + key;
        return text;
    }

    std::string file_;
    JsonPlaces places_;
    std::string last_limit_place_;
};

// config.json, then config.d/*.json by name. Hidden files are editors' and package managers' left-overs; a link to
// /dev/null switches off a file of that name, as it does for systemd.
std::vector<fs::path> files_of(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code error;
    const fs::path main_file = directory / "config.json";
    if (fs::symlink_status(main_file, error).type() != fs::file_type::not_found) files.push_back(main_file);

    const fs::path drop_ins = directory / "config.d";
    if (fs::symlink_status(drop_ins, error).type() == fs::file_type::not_found) return files;
    fs::directory_iterator entry(drop_ins, error);
    if (error) {
        throw SettingsError(drop_ins.string() + ": " + error.message() + "; make it a readable folder, or remove it.");
    }
    std::vector<fs::path> found;
    for (; entry != fs::directory_iterator(); entry.increment(error)) {
        if (error) throw SettingsError(drop_ins.string() + ": " + error.message() + ".");
        const fs::path& file = entry->path();
        const bool hidden = file.filename().string().front() == '.';
        std::error_code no_link;
        const bool masked = fs::read_symlink(file, no_link) == "/dev/null";
        if (file.extension() == ".json" && !hidden && !masked) found.push_back(file);
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
    return files;
}

}  // namespace

std::vector<std::string> setting_keys() {
    std::vector<std::string> names;
    for (const auto& [section, keys] : known_keys()) {
        for (const auto& [key, apply] : keys) {
            static_cast<void>(apply);
            names.push_back(section);
            if (!section.empty()) names.back() += '.';
            names.back() += key;
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

Settings load_settings(const fs::path& directory) {
    Settings settings;
    Reader reader;
    for (const fs::path& file : files_of(directory)) reader.read(file, settings);
    reader.check_together(settings);
    return settings;
}

}  // namespace jetcuda
