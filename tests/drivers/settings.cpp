// Reading the settings. A mistake in them must not look like a sick or a healthy driver, so every key is checked.

#include "tests/drivers/settings.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace simulated {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 8> steps{"open", "version",    "init",   "devices",
                                                "name", "capability", "memory", "context"};
constexpr std::array<std::string_view, 18> actions{"say",      "return",  "unwritten", "hang",    "sleep",  "crash",
                                                   "abort",    "sigkill", "sigterm",   "sigsys",  "babble", "value",
                                                   "discrete", "absent",  "exit",      "garbage", "noise",  "refused"};

// Names and capabilities of the integrated GPUs; the driver version is that of JetPack 5, 6.2 and 7.
void become_board(Settings& settings, const std::string& board) {
    if (board == "xavier") {
        settings.gpu_name = "Xavier";
        settings.major = 7;
        settings.minor = 2;
        settings.driver_version = 11040;
    } else if (board == "orin") {
        settings.gpu_name = "Orin";
        settings.major = 8;
        settings.minor = 7;
        settings.driver_version = 12060;
    } else if (board == "thor") {
        settings.gpu_name = "NVIDIA Thor";
        settings.major = 11;
        settings.minor = 0;
        settings.driver_version = 13000;
    } else {
        throw std::runtime_error("the board \"" + board + "\" is none of xavier, orin, thor");
    }
}

void allow_only(const json& object, std::initializer_list<std::string_view> keys) {
    if (!object.is_object()) throw std::runtime_error("not an object: " + object.dump());
    for (const auto& entry : object.items()) {
        if (std::find(keys.begin(), keys.end(), entry.key()) == keys.end()) {
            throw std::runtime_error("unknown key \"" + entry.key() + '"');
        }
    }
}

Fault read_fault(const json& entry) {
    allow_only(entry, {"step", "do", "result", "ms", "value"});
    Fault fault;
    const auto step = entry.at("step").get<std::string>();
    const auto* const found = std::find(steps.begin(), steps.end(), step);
    if (found == steps.end()) throw std::runtime_error("unknown step \"" + step + '"');
    fault.step = static_cast<Step>(found - steps.begin());
    fault.action = entry.at("do").get<std::string>();
    if (std::find(actions.begin(), actions.end(), fault.action) == actions.end()) {
        throw std::runtime_error("unknown fault \"" + fault.action + '"');
    }
    if (fault.step == Step::open && (fault.action == "return" || fault.action == "absent")) {
        throw std::runtime_error("\"open\" makes no call that could \"" + fault.action + '"');
    }
    if (fault.action == "return") fault.result = entry.at("result").get<int>();
    if (fault.action == "say") fault.text = entry.at("value").get<std::string>();
    if (fault.action == "sleep") fault.milliseconds = entry.at("ms").get<int>();
    if (fault.action == "value" && fault.step == Step::name) {
        fault.text = entry.at("value").get<std::string>();
    } else if (fault.action == "value") {
        fault.value = entry.at("value").get<std::int64_t>();
    }
    return fault;
}

}  // namespace

const Fault* Settings::fault(Step step) const {
    const auto found = std::find_if(faults.begin(), faults.end(), [=](const Fault& one) { return one.step == step; });
    return found == faults.end() ? nullptr : &*found;
}

const Fault* Settings::fault(Step step, const char* action) const {
    const auto found = std::find_if(faults.begin(), faults.end(),
                                    [=](const Fault& one) { return one.step == step && one.action == action; });
    return found == faults.end() ? nullptr : &*found;
}

Settings read_settings(const std::string& file) {
    Settings settings;
    become_board(settings, "orin");
    std::ifstream stream(file);
    if (!stream) return settings;
    try {
        const json object = json::parse(stream);
        allow_only(object, {"board", "driver_version", "every_call", "faults"});
        become_board(settings, object.value("board", std::string("orin")));
        settings.driver_version = object.value("driver_version", settings.driver_version);
        if (object.contains("every_call")) settings.every_call = object["every_call"].get<int>();
        for (const json& entry : object.value("faults", json::array())) settings.faults.push_back(read_fault(entry));
    } catch (const std::exception& flaw) {
        settings.flaw = file + ": " + flaw.what();
    }
    return settings;
}

}  // namespace simulated
