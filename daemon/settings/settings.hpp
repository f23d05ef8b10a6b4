// The configuration: /etc/jetcuda-check/config.json, then config.d/*.json in the order of their names; a later
// file wins, key by key. config/defaults.json holds every key with its meaning and default; an unknown key or a
// wrong type is an error that names file, line and key.

#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace jetcuda {

enum class GateMode { observe, enforce };
enum class OnUnknown { allow, deny };

struct Settings {
    std::vector<std::string> service_users;
    std::vector<std::string> programs;
    bool probe_enabled = true;
    std::chrono::seconds probe_step_limit{20};
    std::chrono::seconds probe_total_limit{60};
    bool recheck_active = false;
    GateMode gate_mode = GateMode::enforce;
    OnUnknown gate_on_unknown = OnUnknown::allow;
    std::chrono::seconds gate_deadline{60};
    unsigned history_reports = 64;
    unsigned long history_bytes = 4UL << 20;
    std::string log_level = "info";
};

struct SettingsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// `directory` holds config.json and config.d; neither has to exist. Throws SettingsError.
Settings load_settings(const std::filesystem::path& directory);

}  // namespace jetcuda
