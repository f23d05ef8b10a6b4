#include "probes/loader/unit_environments.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "probes/loader/unit_words.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

// In systemd's order: what stands in an earlier one hides what has the same name in a later one (systemd.unit(5)).
constexpr std::string_view unit_folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                             "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                                             "/lib/systemd/system"};
constexpr std::string_view config_folders[] = {"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd",
                                               "/usr/lib/systemd", "/lib/systemd"};
constexpr std::string_view library_path = "LD_LIBRARY_PATH";
constexpr std::string_view preload = "LD_PRELOAD";

// A system has some hundreds of units; more than this is no system.
constexpr std::size_t most_units = 4096;
constexpr std::size_t most_files = 16384;
constexpr std::size_t largest_file = std::size_t{256} << 10;

struct Value {
    std::string text;
    std::string source;
};
using Values = std::map<std::string, Value, std::less<>>;  // of the two variables only

bool is_ours(std::string_view name) { return name == library_path || name == preload; }

void assign(Values& values, std::string_view assignment, const std::string& source) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos || !is_ours(assignment.substr(0, equals))) return;
    values[std::string(assignment.substr(0, equals))] = {std::string(assignment.substr(equals + 1)), source};
}

std::string line_of(const std::string& file, int number) { return file + ", line " + std::to_string(number); }

class Reading {
public:
    explicit Reading(const SystemRoot& root) : root_(root) {}

    std::vector<UnitEnvironment> run() {
        find_units();
        const Values of_all = for_all_units();
        std::vector<UnitEnvironment> result;
        add(result, "every systemd unit", of_all);
        add(result, "every login session", sessions());
        for (const auto& [name, file] : units_) {
            Values values = of_unit(name, file);
            if (values.empty()) continue;
            for (const auto& [variable, value] : of_all) values.emplace(variable, value);
            add(result, name, values);
        }
        return result;
    }

private:
    struct Setting {
        std::vector<UnitWord> environment;  // assignments
        std::vector<UnitWord> files;
        std::vector<std::string> unset;
    };

    static void add(std::vector<UnitEnvironment>& result, const std::string& unit, const Values& values) {
        UnitEnvironment environment;
        environment.unit = unit;
        if (const auto found = values.find(library_path); found != values.end()) {
            environment.library_path = found->second.text;
            environment.library_path_source = found->second.source;
        }
        if (const auto found = values.find(preload); found != values.end()) {
            environment.preload = found->second.text;
            environment.preload_source = found->second.source;
        }
        if (!environment.library_path.empty() || !environment.preload.empty()) result.push_back(environment);
    }

    [[nodiscard]] const std::vector<std::string>& names_in(const std::string& folder) {
        const auto known = listed_.find(folder);
        if (known != listed_.end()) return known->second;
        const Fact<std::vector<std::string>> names = root_.list(folder);
        return listed_[folder] = names ? *names : std::vector<std::string>{};
    }

    [[nodiscard]] const std::string& text_of(const std::string& file) {
        const auto known = texts_.find(file);
        if (known != texts_.end()) return known->second;
        const bool enough = texts_.size() >= most_files;
        const Fact<std::string> text = enough ? Fact<std::string>{} : root_.read(file, largest_file);
        return texts_[file] = text ? *text : std::string();
    }

    // "/lib" is often a link to "/usr/lib": the same folder is looked at once.
    std::vector<std::string> folders_once(const std::string_view* begin, const std::string_view* end) const {
        std::vector<std::string> result;
        std::set<std::string> seen;
        for (const std::string_view* folder = begin; folder != end; ++folder) {
            const Fact<ResolvedPath> real = root_.resolve(*folder);
            if (real && seen.insert(real->inside).second) result.emplace_back(*folder);
        }
        return result;
    }

    void find_units() {
        folders_ = folders_once(std::begin(unit_folders), std::end(unit_folders));
        for (const std::string& folder : folders_) {
            for (const std::string& name : names_in(folder)) {
                if (units_.size() >= most_units) return;
                // A unit may consist of drop-ins to one that a generator makes.
                const bool drop_ins = ends_with(name, ".service.d");
                if (!drop_ins && !ends_with(name, ".service")) continue;
                const std::string unit = drop_ins ? name.substr(0, name.size() - 2) : name;
                if (unit == ".service" || unit == "service") continue;
                const std::string file = drop_ins ? std::string() : path_below(folder, name);
                const auto found = units_.emplace(unit, file);
                if (!found.second && found.first->second.empty()) found.first->second = file;
            }
        }
    }

    // foo-bar@x.service takes drop-ins of service.d, foo-.service.d, foo-bar@.service.d and its own, and later ones
    // win.
    static std::vector<std::string> drop_in_folders_of(const std::string& unit) {
        constexpr std::string_view kind = ".service";
        std::vector<std::string> result{"service.d"};
        const std::string_view stem = std::string_view(unit).substr(0, unit.size() - kind.size());
        for (std::size_t dash = stem.find('-'); dash != std::string_view::npos; dash = stem.find('-', dash + 1)) {
            if (dash + 1 < stem.size()) result.push_back(std::string(stem.substr(0, dash + 1)) + ".service.d");
        }
        const std::size_t at = stem.find('@');
        if (at != std::string_view::npos && at + 1 < stem.size()) {
            result.push_back(std::string(stem.substr(0, at + 1)) + ".service.d");
        }
        result.push_back(unit + ".d");
        return result;
    }

    // Drop-ins by name over all folders; the more special folder hides one of the same name in a more general one.
    std::vector<std::string> drop_ins_of(const std::string& unit) {
        std::map<std::string, std::string> by_name;
        for (const std::string& special : drop_in_folders_of(unit)) {
            std::set<std::string> here;
            for (const std::string& folder : folders_) {
                const std::vector<std::string>& known = names_in(folder);
                if (!std::binary_search(known.begin(), known.end(), special)) continue;
                const std::string drop_ins = path_below(folder, special);
                for (const std::string& name : names_in(drop_ins)) {
                    if (ends_with(name, ".conf") && here.insert(name).second) {
                        by_name[name] = path_below(drop_ins, name);
                    }
                }
            }
        }
        std::vector<std::string> result;
        result.reserve(by_name.size());
        for (const auto& [name, file] : by_name) result.push_back(file);
        return result;
    }

    void read_settings(const std::string& file, std::string_view section, std::string_view key, Setting& setting) {
        for (const UnitLine& line : unit_lines(text_of(file), section)) {
            const std::string source = line_of(file, line.number);
            if (line.key == key) {
                if (line.value.empty()) setting.environment.clear();
                for (std::string& word : unit_words(line.value)) {
                    setting.environment.push_back({without_percents(word), source});
                }
            } else if (line.key == "EnvironmentFile") {
                if (line.value.empty()) setting.files.clear();
                if (!line.value.empty()) setting.files.push_back({line.value, source});
            } else if (line.key == "UnsetEnvironment") {
                if (line.value.empty()) setting.unset.clear();
                for (std::string& word : unit_words(line.value)) setting.unset.push_back(std::move(word));
            }
        }
    }

    Values of_unit(const std::string& unit, const std::string& file) {
        const Fact<ResolvedPath> real = file.empty() ? Fact<ResolvedPath>{} : root_.resolve(file);
        if (real && real->inside == "/dev/null") return {};  // masked: it cannot be started
        Setting setting;
        if (!file.empty()) read_settings(file, "Service", "Environment", setting);
        for (const std::string& drop_in : drop_ins_of(unit)) {
            read_settings(drop_in, "Service", "Environment", setting);
        }
        Values values;
        for (const UnitWord& word : setting.environment) assign(values, word.text, word.source);
        for (const UnitWord& named : setting.files) {
            const std::string path = named.text.front() == '-' ? named.text.substr(1) : named.text;
            if (path.empty() || path.front() != '/' || path.find_first_of("*?[%") != std::string::npos) continue;
            for (const UnitLine& line : environment_file_lines(text_of(path))) {
                if (is_ours(line.key)) values[line.key] = {line.value, line_of(path, line.number)};
            }
        }
        for (const std::string& name : setting.unset) {
            const std::size_t equals = name.find('=');
            const auto found = values.find(name.substr(0, equals));
            if (found == values.end()) continue;
            if (equals == std::string::npos || name.substr(equals + 1) == found->second.text) values.erase(found);
        }
        return values;
    }

    // DefaultEnvironment= of the manager, which every unit gets.
    Values for_all_units() {
        const std::vector<std::string> folders = folders_once(std::begin(config_folders), std::end(config_folders));
        std::vector<std::string> files;
        std::map<std::string, std::string> drop_ins;
        for (const std::string& folder : folders) {
            const std::vector<std::string> names = names_in(folder);
            if (files.empty() && std::binary_search(names.begin(), names.end(), "system.conf")) {
                files.push_back(path_below(folder, "system.conf"));
            }
            const std::string below = path_below(folder, "system.conf.d");
            for (const std::string& name : names_in(below)) {
                if (ends_with(name, ".conf")) drop_ins.emplace(name, path_below(below, name));
            }
        }
        for (const auto& [name, file] : drop_ins) files.push_back(file);
        Setting setting;
        for (const std::string& file : files) read_settings(file, "Manager", "DefaultEnvironment", setting);
        Values values;
        for (const UnitWord& word : setting.environment) assign(values, word.text, word.source);
        return values;
    }

    // pam_env gives /etc/environment to who logs in; services do not get it.
    Values sessions() {
        const std::string file = "/etc/environment";
        Values values;
        std::string_view rest = text_of(file);
        for (int number = 1; !rest.empty(); ++number) {
            std::string_view line = trimmed(take_line(rest));
            if (starts_with(line, "export ")) line = trimmed(line.substr(7));
            const std::size_t equals = line.find('=');
            if (equals == std::string_view::npos || !is_ours(line.substr(0, equals))) continue;
            std::string_view text = line.substr(equals + 1);
            const bool quoted =
                text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
            if (quoted) text = text.substr(1, text.size() - 2);
            values[std::string(line.substr(0, equals))] = {std::string(text), line_of(file, number)};
        }
        return values;
    }

    const SystemRoot& root_;
    std::vector<std::string> folders_;
    std::map<std::string, std::string> units_;  // name, file
    std::map<std::string, std::vector<std::string>, std::less<>> listed_;
    std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace

std::vector<UnitEnvironment> read_unit_environments(const SystemRoot& root) { return Reading(root).run(); }

}  // namespace jetcuda
