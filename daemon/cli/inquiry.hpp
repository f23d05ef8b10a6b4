// What `run`, `facts`, and `status` without a daemon share: from the options to facts and a report, in this process
// and its children. The clock is read here and nowhere before.

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"
#include "daemon/checks/custom_checks.hpp"
#include "daemon/cli/options.hpp"
#include "daemon/report/report.hpp"
#include "daemon/settings/settings.hpp"
#include "probes/collect.hpp"

namespace jetcuda {

inline constexpr std::string_view default_state_directory = "/run/jetcuda-check";

// The administrator's own checks of the machine that the options name.
struct CustomPart {
    CustomChecks checks;
    std::vector<CustomProgram> programs;  // of each of them
    std::string folder;
    std::vector<std::string> ignored;  // complete sentences about what lies in the folder and is no check
};

struct Inquiry {
    Settings settings;
    Catalog catalog;
    SystemRoot root;
    CollectRequest request;
    CustomPart custom;
    std::vector<const Check*> checks;  // that are asked for
    std::string state_directory{default_state_directory};
    std::chrono::milliseconds lock_wait{0};  // for another run that is asking the GPU
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

// Looks up everything that the options and the ids of checks name; no id: every check, also the administrator's own.
// Throws UsageError, SettingsError or CatalogError.
Inquiry open_inquiry(const Options& options, const std::vector<std::string>& ids = {},
                     CatalogUse use = CatalogUse::whole);

// The settings that hold for these options, and where they are.
std::string config_directory(const Options& options);
Settings settings_for(const Options& options);

// Another system than the running one has none, unless its settings are named.
CustomPart custom_part_for(const Options& options, const Settings& settings);

// Those of the build, then the administrator's own.
std::vector<const Check*> every_check(const CustomPart& custom);

// Says on standard error what is ignored in the folder of the administrator's own checks.
void tell_ignored(const CustomPart& custom);

// Holds gpu.lock while a driver may be asked or a program run; does neither where no check asked for rests on it.
Facts ask_machine(const Inquiry& inquiry);

// What was read, judged.
Report judge_facts(const Inquiry& inquiry, const Facts& facts);

Report judge_machine(const Inquiry& inquiry);

// Of `all`, the checks of these ids, each once; no id: all. Throws UsageError for an id that does not exist.
std::vector<const Check*> checks_named(const std::vector<std::string>& ids, const std::vector<const Check*>& all);

}  // namespace jetcuda
