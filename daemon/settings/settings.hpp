// The configuration: /etc/jetcuda-check/config.json, then config.d/*.json in the order of their names; a later
// file wins, key by key. config/defaults.json holds every key with its default, config/settings.schema.json what each
// means; an unknown key or a wrong type is an error that names file, line and key.

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/checks/check.hpp"

namespace jetcuda {

enum class GateMode { observe, enforce };
enum class OnUnknown { allow, deny };

// What the administrator says of one of his own checks, custom/NAME.
struct CustomCheckSettings {
    Severity severity = Severity::wanted;
    std::optional<std::chrono::seconds> limit;  // nothing: custom_limit
    std::string remedy;                         // empty: the general one

    bool operator==(const CustomCheckSettings&) const = default;
};

struct Settings {
    std::vector<std::string> service_users;
    std::vector<std::string> programs;
    bool probe_enabled = true;
    std::chrono::seconds probe_step_limit{20};
    std::chrono::seconds probe_total_limit{60};
    std::chrono::seconds custom_limit{10};
    std::chrono::seconds custom_total_limit{60};
    std::map<std::string, CustomCheckSettings> custom_checks;  // by name
    bool recheck_active = false;
    GateMode gate_mode = GateMode::enforce;
    OnUnknown gate_on_unknown = OnUnknown::allow;
    std::chrono::seconds gate_deadline{60};
    unsigned history_reports = 64;
    unsigned long history_bytes = 4UL << 20;
    std::string log_level = "info";

    bool operator==(const Settings&) const = default;

    // The release's own driver has its limit, and all cuda_compat together have it once more.
    [[nodiscard]] std::chrono::seconds time_for_drivers() const { return 2 * probe_total_limit; }
};

struct SettingsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Every key that load_settings takes, as "probe.step_limit_s", sorted.
std::vector<std::string> setting_keys();

// `directory` holds config.json and config.d; neither has to exist. Throws SettingsError.
Settings load_settings(const std::filesystem::path& directory);

}  // namespace jetcuda
