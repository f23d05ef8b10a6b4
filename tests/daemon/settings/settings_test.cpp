#include "daemon/settings/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "probes/custom_name.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using nlohmann::json;
using std::chrono::seconds;

namespace {

std::string complaint_about(const TempRoot& root) {
    try {
        load_settings(root.directory());
    } catch (const SettingsError& error) {
        return error.what();
    }
    return {};
}

// What is said of a config.json with this text, without the path of the folder; empty where it is taken.
std::string complaint_about(std::string_view text) {
    const TempRoot root;
    root.write("config.json", text);
    const std::string complaint = complaint_about(root);
    const std::string folder = root.directory().string() + "/";
    CHECK((complaint.empty() || complaint.find(folder + "config.json") == 0));
    return complaint.empty() ? complaint : complaint.substr(folder.size());
}

json read_json(const char* name) {
    std::ifstream stream(std::string(JETCUDA_SOURCE_DIR) + "/config/" + name);
    return json::parse(stream);
}

// Leaves as "probe.step_limit_s", with the JSON they lead to. What lies below custom.checks has names of its own.
std::map<std::string, json> leaves_of(const json& settings) {
    std::map<std::string, json> leaves;
    for (const auto& [key, value] : settings.items()) {
        if (!value.is_object()) leaves[key] = value;
        if (!value.is_object()) continue;
        for (const auto& [inner, leaf] : value.items()) leaves[key + "." + inner] = leaf;
    }
    return leaves;
}

std::map<std::string, json> schema_leaves() {
    std::map<std::string, json> leaves;
    const json schema = read_json("settings.schema.json");
    for (const auto& [key, entry] : schema.at("properties").items()) {
        if (!entry.contains("properties")) leaves[key] = entry;
        if (!entry.contains("properties")) continue;
        for (const auto& [inner, leaf] : entry.at("properties").items()) leaves[key + "." + inner] = leaf;
    }
    return leaves;
}

template <typename Map>
std::vector<std::string> names_of(const Map& map) {
    std::vector<std::string> names;
    for (const auto& entry : map) names.push_back(entry.first);
    return names;
}

// A config.json that sets one key.
std::string setting(const std::string& key, const json& value) {
    const std::size_t dot = key.find('.');
    json document;
    if (dot == std::string::npos) {
        document[key] = value;
    } else {
        document[key.substr(0, dot)][key.substr(dot + 1)] = value;
    }
    // A short total would trip over the default step.
    if (key == "probe.total_limit_s") document["probe"]["step_limit_s"] = 1;
    if (key == "probe.step_limit_s") document["probe"]["total_limit_s"] = 3600;
    return document.dump(1);
}

}  // namespace

TEST_CASE("without files, the defaults hold") {
    CHECK(load_settings("/nonexistent/jetcuda-check") == Settings{});
    const TempRoot root;
    CHECK(load_settings(root.directory()) == Settings{});
    root.make_directory("config.d");
    CHECK(load_settings(root.directory()) == Settings{});
}

TEST_CASE("config/defaults.json is what holds without it, and names every key") {
    const TempRoot root;
    const json defaults = read_json("defaults.json");
    root.write("config.json", defaults.dump());
    CHECK(load_settings(root.directory()) == Settings{});
    CHECK(names_of(leaves_of(defaults)) == setting_keys());
}

TEST_CASE("the schema says of every key what it means, and its default") {
    const auto leaves = schema_leaves();
    CHECK(names_of(leaves) == setting_keys());
    const auto defaults = leaves_of(read_json("defaults.json"));
    for (const auto& [key, entry] : leaves) {
        CAPTURE(key);
        CHECK(entry.at("description").get<std::string>().size() > 20);
        CHECK(entry.at("default") == defaults.at(key));
    }
    const json schema = read_json("settings.schema.json");
    for (const auto& [key, entry] : schema.at("properties").items()) {
        CAPTURE(key);
        CHECK(entry.contains("description"));
        if (entry.contains("properties")) CHECK(entry.at("additionalProperties") == false);
    }
}

TEST_CASE("the reader has the schema's bounds and words") {
    int bounded = 0;
    int worded = 0;
    for (const auto& [key, entry] : schema_leaves()) {
        CAPTURE(key);
        const auto taken = [&, name = key](const json& value) { return complaint_about(setting(name, value)).empty(); };
        if (entry.contains("minimum")) {
            ++bounded;
            const auto smallest = entry.at("minimum").get<std::int64_t>();
            const auto largest = entry.at("maximum").get<std::int64_t>();
            CHECK(taken(smallest));
            CHECK(taken(largest));
            CHECK_FALSE(taken(smallest - 1));
            CHECK_FALSE(taken(largest + 1));
            CHECK_FALSE(taken(static_cast<double>(smallest) + 0.5));
        }
        if (entry.contains("enum")) {
            ++worded;
            for (const json& word : entry.at("enum")) CHECK(taken(word));
            CHECK_FALSE(taken("other"));
        }
        CHECK(taken(entry.at("default")));
        CHECK_FALSE(taken(nullptr));
        if (!entry.at("default").is_object()) CHECK_FALSE(taken(json::object()));
        CHECK_FALSE(taken("20"));
        CHECK_FALSE(taken(-1));
    }
    CHECK(bounded == 7);
    CHECK(worded == 3);
}

TEST_CASE("every key reaches its setting") {
    const TempRoot root;
    root.write("config.json", R"({
        "service_users": ["ollama", "triton-server"], "programs": ["/opt/app"],
        "probe": {"enabled": false, "step_limit_s": 5, "total_limit_s": 30},
        "custom": {"limit_s": 3, "total_limit_s": 33, "checks": {"disk": {"severity": "required"}}}, "recheck": {"active": true},
        "gate": {"mode": "observe", "on_unknown": "deny", "deadline_s": 90},
        "history": {"reports": 10, "bytes": 100000}, "log": {"level": "debug"}})");
    const Settings settings = load_settings(root.directory());
    CHECK(settings.service_users == std::vector<std::string>{"ollama", "triton-server"});
    CHECK(settings.programs == std::vector<std::string>{"/opt/app"});
    CHECK_FALSE(settings.probe_enabled);
    CHECK(settings.probe_step_limit == seconds(5));
    CHECK(settings.probe_total_limit == seconds(30));
    CHECK(settings.custom_limit == seconds(3));
    CHECK(settings.custom_total_limit == seconds(33));
    CHECK(settings.custom_checks ==
          std::map<std::string, CustomCheckSettings>{{"disk", {Severity::required, std::nullopt, ""}}});
    CHECK(settings.recheck_active);
    CHECK(settings.gate_mode == GateMode::observe);
    CHECK(settings.gate_on_unknown == OnUnknown::deny);
    CHECK(settings.gate_deadline == seconds(90));
    CHECK(settings.history_reports == 10);
    CHECK(settings.history_bytes == 100000);
    CHECK(settings.log_level == "debug");
}

TEST_CASE("a later file wins, key by key; an array replaces") {
    const TempRoot root;
    root.write("config.json", R"({"service_users": ["a", "b"], "gate": {"mode": "observe", "deadline_s": 10}})");
    root.write("config.d/20-b.json", R"({"gate": {"deadline_s": 30}, "service_users": ["c"]})");
    root.write("config.d/10-a.json", R"({"gate": {"deadline_s": 20}, "log": {"level": "error"}})");
    const Settings settings = load_settings(root.directory());
    CHECK(settings.gate_mode == GateMode::observe);
    CHECK(settings.gate_deadline == seconds(30));
    CHECK(settings.service_users == std::vector<std::string>{"c"});
    CHECK(settings.log_level == "error");
}

TEST_CASE("of config.d, only files that an administrator means count") {
    const TempRoot root;
    const char* const other = R"({"nonsense": 1})";
    for (const char* name : {"a.json~", "a.json.dpkg-old", ".a.json.swp", ".hidden.json", "README", "a.conf"}) {
        root.write(std::string("config.d/") + name, other);
    }
    root.link("config.d/masked.json", "/dev/null");
    CHECK(load_settings(root.directory()) == Settings{});
    root.write("elsewhere.txt", R"({"log": {"level": "error"}})");
    root.link("config.d/linked.json", "../elsewhere.txt");
    CHECK(load_settings(root.directory()).log_level == "error");
    root.write("config.d/z.json", other);
    CHECK(complaint_about(root).find("/config.d/z.json, line 1: ") != std::string::npos);
}

TEST_CASE("an unknown key is named with its line and with the keys there are") {
    CHECK(complaint_about("{\n  \"probes\": {}\n}") ==
          "config.json, line 2: there is no key \"probes\"; the keys are programs, service_users, custom, gate, "
          "history, log, probe, recheck.");
    CHECK(complaint_about("{\n  \"log\": {\"level\": \"info\"},\n  \"probe\": {\n    \"enabled\": true,\n    "
                          "\"enabeld\": false\n  }\n}") ==
          "config.json, line 5: there is no key \"probe.enabeld\"; the keys of \"probe\" are enabled, step_limit_s, "
          "total_limit_s.");
    // The same word elsewhere in the file does not lead astray.
    CHECK(complaint_about("{\n\"service_users\": [\"probe\", \"enabled\"],\n\"probe\": {\n\n\"enabled\": 1}}") ==
          "config.json, line 5: \"probe.enabled\" is 1; it must be true or false.");
    CHECK(complaint_about("{\"\": 1}") != "");
    CHECK(complaint_about("{\"probe.enabled\": true}").find("line 1: there is no key") != std::string::npos);
}

TEST_CASE("a wrong type or value is named with its line, what stands there, and what may") {
    CHECK(complaint_about("{\n\"probe\": {\n\"step_limit_s\": \"20\"}}") ==
          "config.json, line 3: \"probe.step_limit_s\" is \"20\"; it must be a whole number from 1 to 3600.");
    CHECK(complaint_about("{\"probe\": true}") ==
          "config.json, line 1: \"probe\" is true; it must be an object with the keys enabled, step_limit_s, "
          "total_limit_s.");
    CHECK(complaint_about("{\"gate\": {\"mode\": \"on\"}}") ==
          "config.json, line 1: \"gate.mode\" is \"on\"; it must be \"observe\" or \"enforce\".");
    CHECK(complaint_about("\n\n{\"programs\": [\"relative\"]}") ==
          "config.json, line 3: \"programs\" is [\"relative\"]; it must be an array of at most 1000 absolute paths.");
    for (const char* name : {"", "two words", "a:b", "../x", "-r", "a\\n"}) {
        CAPTURE(name);
        CHECK(complaint_about("{\"service_users\": [\"" + std::string(name) + "\"]}") != "");
    }
    CHECK(complaint_about("[]") == "config.json: the file must hold one JSON object: {…}.");
    CHECK(complaint_about("{\"probe\": {\"step_limit_s\": 99999999999999999999999}}") != "");
}

TEST_CASE("the administrator's own checks are set by name, key by key over all files") {
    const TempRoot root;
    root.write("config.json", R"({"custom": {"checks": {
        "disk": {"severity": "required", "limit_s": 5, "remedy": "Mount it: mount /data"}, "fan": {}}}})");
    root.write("config.d/10-more-time.json", R"({"custom": {"checks": {"disk": {"limit_s": 50}, "net": {}}}})");
    const Settings settings = load_settings(root.directory());
    REQUIRE(settings.custom_checks.size() == 3);
    const CustomCheckSettings& disk = settings.custom_checks.at("disk");
    CHECK(disk.severity == Severity::required);
    CHECK(disk.limit == seconds(50));
    CHECK(disk.remedy == "Mount it: mount /data");
    CHECK(settings.custom_checks.at("fan") == CustomCheckSettings{});
}

TEST_CASE("a mistake in the administrator's own checks is named like any other") {
    const auto complaint = [](const std::string& checks) {
        return complaint_about("{\"custom\": {\n\"checks\": " + checks + "}}");
    };
    CHECK(complaint("[]") ==
          "config.json, line 2: \"custom.checks\" is []; it must be an object of at most 100 names of programs.");
    CHECK(complaint("{\n\"Disk.sh\": {}}") ==
          "config.json, line 3: \"Disk.sh\" is no name of a check; it has lower-case letters, digits and \"-\" only, "
          "at most 64.");
    CHECK(complaint("{\n\"disk\": 1}") ==
          "config.json, line 3: \"custom.checks.disk\" is 1; it must be an object with some of the keys limit_s, "
          "remedy, severity.");
    CHECK(complaint("{\"disk\": {\n\n\"severety\": \"required\"}}") ==
          "config.json, line 4: there is no key \"custom.checks.disk.severety\"; the keys of \"custom.checks.disk\" "
          "are limit_s, remedy, severity.");
    CHECK(complaint("{\"disk\": {\n\"severity\": \"high\"}}") ==
          "config.json, line 3: \"custom.checks.disk.severity\" is \"high\"; it must be \"required\" or \"wanted\".");
    for (const char* bad : {R"({"limit_s": 0})", R"({"limit_s": 3601})", R"({"remedy": ""})", R"({"remedy": 1})",
                            R"({"remedy": "a\nb"})", R"({"remedy": "\u001b[31m"})", R"({"severity": null})"}) {
        CAPTURE(bad);
        CHECK(complaint("{\"disk\": " + std::string(bad) + "}").find("config.json, line 2: ") == 0);
    }
    CHECK(complaint("{\"disk\": {\"remedy\": \"" + std::string(501, 'x') + "\"}}") != "");
    CHECK(complaint("{\"disk\": {\"remedy\": \"" + std::string(500, 'x') + "\"}}").empty());
    CHECK(complaint("{\"disk\": {}, \"disk\": {}}").find("a second time") != std::string::npos);
}

TEST_CASE("the schema says the same of the administrator's own checks") {
    const json section = read_json("settings.schema.json").at("properties").at("custom").at("properties").at("checks");
    const json& entry = section.at("additionalProperties");
    CHECK(section.at("maxProperties") == custom_program_limit);
    CHECK(section.at("propertyNames").at("maxLength") == custom_name_limit);
    CHECK(entry.at("additionalProperties") == false);
    CHECK(names_of(entry.at("properties").get<std::map<std::string, json>>()) ==
          std::vector<std::string>{"limit_s", "remedy", "severity"});
    for (const auto& [key, value] : entry.at("properties").items()) {
        CAPTURE(key);
        CHECK(value.at("description").get<std::string>().size() > 20);
    }
}

TEST_CASE("two limits that contradict each other are named with the later file") {
    const TempRoot root;
    root.write("config.json", R"({"probe": {"total_limit_s": 30}})");
    CHECK(complaint_about(root).empty());
    root.write("config.d/a.json", "{\n\"probe\": {\n\"step_limit_s\": 40}}");
    const std::string complaint = complaint_about(root);
    CHECK(complaint.find("/config.d/a.json, line 3: \"probe.total_limit_s\" (30) is less than") != std::string::npos);
}

TEST_CASE("what is no JSON is named with line and column") {
    CHECK(complaint_about("{\n  \"probe\": {\"enabled\": yes}\n}")
              .find("config.json, line 2, column 24: this is no JSON") == 0);
    CHECK(complaint_about("").find("config.json, line 1, column 1: this is no JSON") == 0);
    CHECK(complaint_about("{\"log\": {}").find("this is no JSON") != std::string::npos);
    CHECK(complaint_about("{\"log\": {\"level\": \"\xff\"}}").find("this is no JSON") != std::string::npos);
    CHECK(complaint_about("{} {}").find("this is no JSON") != std::string::npos);
    CHECK(complaint_about(std::string(100000, '[')).find("nests deeper") != std::string::npos);
    CHECK(complaint_about("{\"programs\":[" + std::string(300000, ' ') + "]}").find("bytes") != std::string::npos);
    CHECK(complaint_about("{\"probe\": {\"step_limit_s\": 1e999}}").find("config.json") == 0);
    CHECK(complaint_about("\xEF\xBB\xBF{\"log\": {\"level\": \"info\"}}").empty());  // a byte order mark is passed over
}

TEST_CASE("a key that stands twice is named, for one of the two was meant to be another") {
    CHECK(complaint_about("{\"log\": {\"level\": \"info\",\n\"level\": \"debug\"}}") ==
          "config.json, line 2: \"log.level\" stands here a second time; remove one of the two.");
    CHECK(complaint_about("{\"log\": {},\n\n\"log\": {}}") ==
          "config.json, line 3: \"log\" stands here a second time; remove one of the two.");
}

TEST_CASE("what cannot be read is an error, not a default") {
    const TempRoot root;
    SUBCASE("a folder in a file's place") {
        root.make_directory("config.json");
        CHECK(complaint_about(root).find("no regular file") != std::string::npos);
    }
    SUBCASE("a link that leads nowhere") {
        root.link("config.json", "gone.json");
        CHECK(complaint_about(root).find("/config.json: ") != std::string::npos);
    }
    SUBCASE("a file in the folder's place") {
        root.write("config.d", "");
        CHECK(complaint_about(root).find("/config.d: ") != std::string::npos);
    }
    SUBCASE("a file without permission") {
        root.write("config.json", "{}");
        std::filesystem::permissions(root.on_host("config.json"), std::filesystem::perms::none);
        // Root reads everything.
        if (::geteuid() != 0) CHECK(complaint_about(root).find("Permission denied") != std::string::npos);
    }
}

TEST_CASE("random and damaged files are read or refused, never more") {
    std::ifstream stream(std::string(JETCUDA_SOURCE_DIR) + "/config/defaults.json");
    const std::string good((std::istreambuf_iterator<char>(stream)), {});
    const TempRoot root;
    int refused = 0;
    for (unsigned seed = 0; seed < 800; ++seed) {
        root.write("config.json", seed % 4 == 0 ? random_bytes(seed, 200) : mutated(good, seed));
        const std::string complaint = complaint_about(root);
        if (!complaint.empty()) ++refused;
        REQUIRE(complaint.size() < 1000);
        REQUIRE(complaint.find('\n') == std::string::npos);
    }
    CHECK(refused > 400);
    CHECK(refused < 800);
}
