// Reading the settings. A mistake in them must not look like a sick or a healthy driver, so every key is checked.

#include "tests/drivers/settings.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace simulated {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 13> steps{"open",       "version", "init",     "devices", "name",
                                                 "capability", "memory",  "context",  "native",  "jit",
                                                 "patterns",   "runtime", "libraries"};
constexpr std::array<std::string_view, 18> actions{"say",      "return",  "unwritten", "hang",    "sleep",  "crash",
                                                   "abort",    "sigkill", "sigterm",   "sigsys",  "babble", "value",
                                                   "discrete", "absent",  "exit",      "garbage", "noise",  "refused"};
constexpr std::array<std::string_view, 4> kernel_actions{"wrong", "skipped", "poison", "endless"};
constexpr std::array<std::string_view, 5> memory_actions{"bit-flip", "stuck-at", "alias", "stale", "unseen"};
constexpr std::array<std::string_view, 10> whole_actions{"no-jit",       "jit-below-promise", "ecc",  "out-of-memory",
                                                         "exclusive",    "prohibited",        "busy", "no-managed",
                                                         "no-zero-copy", "takes-any-image"};

// Names and capabilities of the integrated GPUs; the driver version is that of JetPack 5, 6.2 and 7. The count of
// multiprocessors is that of an AGX; it changes with the module and its power mode.
void become_board(Settings& settings, const std::string& board) {
    if (board == "xavier") {
        settings.gpu_name = "Xavier";
        settings.major = 7;
        settings.minor = 2;
        settings.multiprocessors = 8;
        settings.driver_version = 11040;
    } else if (board == "orin") {
        settings.gpu_name = "Orin";
        settings.major = 8;
        settings.minor = 7;
        settings.multiprocessors = 16;
        settings.driver_version = 12060;
    } else if (board == "thor") {
        settings.gpu_name = "NVIDIA Thor";
        settings.major = 11;
        settings.minor = 0;
        settings.multiprocessors = 20;
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

template <std::size_t size>
bool is_in(const std::array<std::string_view, size>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// "7.0" as 70.
int ptx_version(const std::string& text) {
    const auto dot = text.find('.');
    if (dot == std::string::npos) throw std::runtime_error("no PTX version: " + text);
    return std::stoi(text.substr(0, dot)) * 10 + std::stoi(text.substr(dot + 1));
}

void read_place(Fault& fault, const json& entry) {
    int places = 0;
    for (const char* place : {"step", "call", "kernel", "memory"}) places += entry.contains(place) ? 1 : 0;
    if (places > 1) throw std::runtime_error("a fault has one place: " + entry.dump());
    for (const char* place : {"step", "call", "kernel", "memory"}) fault.place += entry.value(place, std::string());
    fault.call = entry.value("call", std::string());
    fault.kernel = entry.value("kernel", std::string());
    fault.image = entry.value("image", std::string());
    fault.memory = entry.value("memory", std::string());
    if (!fault.image.empty() && fault.image != "cubin" && fault.image != "ptx") {
        throw std::runtime_error("unknown image \"" + fault.image + '"');
    }
    if (!fault.memory.empty() && fault.memory != "device" && fault.memory != "host" && fault.memory != "managed") {
        throw std::runtime_error("unknown memory \"" + fault.memory + '"');
    }
    if (!entry.contains("step")) return;
    const auto step = entry["step"].get<std::string>();
    const auto* const found = std::find(steps.begin(), steps.end(), step);
    if (found == steps.end()) throw std::runtime_error("unknown step \"" + step + '"');
    fault.step = static_cast<Step>(found - steps.begin());
}

void check_action(const Fault& fault) {
    bool known = is_in(actions, fault.action);
    if (!fault.kernel.empty()) {
        known = (known && fault.action != "absent" && fault.action != "value") || is_in(kernel_actions, fault.action);
    } else if (!fault.memory.empty()) {
        known = is_in(memory_actions, fault.action);
    } else if (!fault.step && fault.call.empty()) {
        known = is_in(whole_actions, fault.action);
    }
    if (fault.call == "cudaMemcpy" && fault.action == "wrong") known = true;
    if (!known) throw std::runtime_error("unknown fault \"" + fault.action + '"');
    if (fault.step == Step::open && (fault.action == "return" || fault.action == "absent")) {
        throw std::runtime_error("\"open\" makes no call that could \"" + fault.action + '"');
    }
    if (fault.action == "absent" && fault.step >= Step::native) {
        throw std::runtime_error("a step of work makes many calls: name the one that is absent");
    }
    if (!fault.step && fault.action == "value") throw std::runtime_error("only a step has a value");
    if (fault.memory == "device" && (fault.action == "stale" || fault.action == "unseen")) {
        throw std::runtime_error("the CPU never sees device memory");
    }
}

Fault read_fault(const json& entry) {
    allow_only(entry, {"step", "call", "kernel", "image", "memory", "nth", "do", "result", "ms", "value", "index",
                       "flip", "word", "bit", "ptx", "at_least", "above"});
    Fault fault;
    read_place(fault, entry);
    fault.action = entry.at("do").get<std::string>();
    check_action(fault);
    fault.nth = entry.value("nth", 0);
    if (fault.action == "return" || fault.action == "poison") fault.result = entry.at("result").get<int>();
    if (fault.action == "say") fault.text = entry.at("value").get<std::string>();
    if (fault.action == "sleep") fault.milliseconds = entry.at("ms").get<int>();
    if (fault.action == "value" && fault.step == Step::name) {
        fault.text = entry.at("value").get<std::string>();
    } else if (fault.action == "value" || fault.action == "stuck-at") {
        fault.value = entry.at("value").get<std::int64_t>();
    }
    if (fault.action == "wrong") fault.index = entry.at("index").get<std::uint64_t>();
    fault.flip = entry.value("flip", std::uint32_t{1});
    if (fault.action == "bit-flip" || fault.action == "stuck-at" || fault.action == "alias") {
        fault.word = entry.at("word").get<std::uint64_t>();
        fault.bit = entry.at("bit").get<unsigned>();
        if (fault.bit > 31) throw std::runtime_error("a word has 32 bits");
    }
    fault.at_least = entry.value("at_least", std::uint64_t{256} << 10);
    fault.above = entry.value("above", std::uint64_t{0});
    fault.ptx = ptx_version(entry.value("ptx", std::string("7.0")));
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

const Fault* Settings::whole(std::string_view action) const {
    const auto found = std::find_if(faults.begin(), faults.end(), [=](const Fault& one) {
        return one.action == action && !one.step && one.call.empty() && one.kernel.empty() && one.memory.empty();
    });
    return found == faults.end() ? nullptr : &*found;
}

bool Settings::absent(std::string_view call) const {
    return std::any_of(faults.begin(), faults.end(),
                       [=](const Fault& one) { return one.call == call && one.action == "absent"; });
}

Settings read_settings(const std::string& file) {
    Settings settings;
    become_board(settings, "orin");
    std::ifstream stream(file);
    if (!stream) return settings;
    try {
        const json object = json::parse(stream);
        allow_only(object, {"board", "driver_version", "every_call", "free_bytes", "attributes", "faults"});
        become_board(settings, object.value("board", std::string("orin")));
        settings.driver_version = object.value("driver_version", settings.driver_version);
        settings.free_bytes = object.value("free_bytes", settings.free_bytes);
        const json attributes = object.value("attributes", json::object());
        for (const auto& attribute : attributes.items()) {
            settings.attributes[std::stoi(attribute.key())] = attribute.value().get<int>();
        }
        if (object.contains("every_call")) settings.every_call = object["every_call"].get<int>();
        for (const json& entry : object.value("faults", json::array())) settings.faults.push_back(read_fault(entry));
    } catch (const std::exception& flaw) {
        settings.flaw = file + ": " + flaw.what();
    }
    return settings;
}

Settings read_library_settings(const std::string& path) {
    Settings settings;
    const auto slash = path.rfind('/') + 1;
    const std::string file = path.substr(0, slash) + "simulated_library.json";
    std::ifstream stream(file);
    if (!stream) return settings;
    try {
        const json libraries = json::parse(stream);
        const json object = libraries.value(path.substr(slash), json::object());
        allow_only(object, {"version", "every_call", "faults"});
        std::istringstream version(object.value("version", std::string("0")));
        std::string number;
        for (int& part : settings.library_version) {
            if (std::getline(version, number, '.')) part = std::stoi(number);
        }
        if (object.contains("every_call")) settings.every_call = object["every_call"].get<int>();
        for (const json& entry : object.value("faults", json::array())) settings.faults.push_back(read_fault(entry));
    } catch (const std::exception& flaw) {
        settings.flaw = file + ": " + flaw.what();
    }
    return settings;
}

}  // namespace simulated
