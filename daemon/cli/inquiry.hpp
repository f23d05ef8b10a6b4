// What `run`, `facts`, and `status` without a daemon share: from the options to facts and a report, in this process
// and its children. The clock is read here and nowhere before.

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"
#include "daemon/cli/options.hpp"
#include "daemon/report/report.hpp"
#include "daemon/settings/settings.hpp"
#include "probes/collect.hpp"

namespace jetcuda {

inline constexpr std::string_view default_state_directory = "/run/jetcuda-check";

struct Inquiry {
    Settings settings;
    Catalog catalog;
    SystemRoot root;
    CollectRequest request;
    std::string state_directory{default_state_directory};
    std::chrono::milliseconds lock_wait{0};  // for another run that is asking the GPU
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

// Looks up everything that the options name. Throws UsageError, SettingsError or CatalogError.
Inquiry open_inquiry(const Options& options);

// The settings that hold for these options, and where they are.
std::string config_directory(const Options& options);
Settings settings_for(const Options& options);

// Holds gpu.lock while a driver may be asked; asks none where `driver_needed` is false.
Facts ask_machine(const Inquiry& inquiry, bool driver_needed = true);

// What was read, judged.
Report judge_facts(const Inquiry& inquiry, const Facts& facts, const std::vector<const Check*>& checks);

// Asks a driver only where one of `checks` rests on its answer.
Report judge_machine(const Inquiry& inquiry, const std::vector<const Check*>& checks);

// The checks of these ids, each once; no id: all. Throws UsageError for an id that does not exist.
std::vector<const Check*> checks_named(const std::vector<std::string>& ids);

}  // namespace jetcuda
