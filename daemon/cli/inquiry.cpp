#include "daemon/cli/inquiry.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/checks/judge.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/suggest.hpp"
#include "probes/custom_name.hpp"
#include "probes/gpu/gpu_lock.hpp"
#include "probes/programs/file_looks.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

namespace fs = std::filesystem;

// The folder as given, or the way out where it is none. With its links followed, so that every name of "/" is "/".
fs::path existing_folder(std::string_view option, const std::string& given) {
    if (given.empty())
        throw UsageError(fmt::format("{} needs the name of a folder, and was given an empty one.", option));
    std::error_code error;
    fs::path folder = fs::canonical(given, error);
    if (!error && fs::is_directory(folder, error)) return folder;
    const std::string why = error ? error.message() : "it is no folder";
    throw UsageError(fmt::format("{} {}: {}. Name a folder that exists.", option, given, why));
}

std::string existing_driver(const std::string& given) {
    std::error_code error;
    const fs::path file = fs::absolute(given, error);
    const fs::file_status status = error ? fs::file_status{} : fs::status(file, error);
    if (fs::is_regular_file(status)) return file;
    const std::string why = error                ? error.message()
                            : fs::exists(status) ? "it is no regular file"
                                                 : "there is no such file";
    throw UsageError(
        fmt::format("--driver {}: {}. Name a libcuda, such as "
                    "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1.",
                    given, why));
}

// Beside this program where that is a build tree or an archive somebody unpacked, else where it was installed.
std::string probe_program() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (!error) {
        const fs::path beside = self.parent_path() / "jetcuda-probe";
        if (::access(beside.c_str(), X_OK) == 0) return beside;
    }
    return JETCUDA_LIBEXECDIR "/jetcuda-probe";
}

void check_soc(const std::string& given, const Catalog& catalog) {
    std::vector<std::string_view> known;
    for (const SocRecord& record : catalog.socs) {
        if (record.support == SocSupport::supported) known.push_back(record.id);
    }
    if (std::find(known.begin(), known.end(), given) != known.end()) return;
    throw UsageError(fmt::format("--soc {}: there is no such SoC. It is one of {}.", given, either(known)));
}

std::string now_as_text() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[sizeof "2026-01-01T00:00:00Z"] = "";
    return std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 ? text : "1970-01-01T00:00:00Z";
}

fs::path data_directory(const Options& options) {
    if (options.data) return existing_folder("--data", *options.data);
    fs::path installed = JETCUDA_DATADIR "/data";
    std::error_code error;
    if (fs::is_directory(installed, error)) return installed;
    throw UsageError(
        fmt::format("{} is not there, so jetcuda-check is not wholly installed. Install it, or name the folder "
                    "that holds releases.json and socs.json: --data DIR.",
                    installed.string()));
}

constexpr std::chrono::seconds lock_margin{5};

// With what they need, and what that needs.
std::vector<const Check*> reached_by(const std::vector<const Check*>& checks) {
    std::vector<const Check*> reached = checks;
    for (std::size_t i = 0; i < reached.size(); ++i) {
        for (const std::string_view id : reached[i]->needs) {
            const Check* need = find_check(id);
            if (need != nullptr && std::find(reached.begin(), reached.end(), need) == reached.end()) {
                reached.push_back(need);
            }
        }
    }
    return reached;
}

bool rests_on_driver(const std::vector<const Check*>& reached) {
    return std::any_of(reached.begin(), reached.end(),
                       [](const Check* check) { return check->basis == Basis::measured; });
}

// What several GB of files carry is asked only where it is to be judged.
bool is_among(std::string_view id, const std::vector<const Check*>& checks) {
    return std::any_of(checks.begin(), checks.end(), [id](const Check* check) { return check->id == id; });
}

bool is_own(const std::string& folder) {
    struct stat status {};
    return !folder.empty() && ::stat(folder.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

// The folder of this user for what can be had again: systemd's for the unit, else the one of the XDG base directory
// specification. Empty: none, or it is another user's, as with "sudo -E".
std::string memory_folder() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
        return std::string(value == nullptr ? "" : value);
    };
    if (std::string given = variable("CACHE_DIRECTORY"); !given.empty()) return given;
    std::string above = variable("XDG_CACHE_HOME");
    if (const std::string home = variable("HOME"); above.empty() && is_own(home)) {
        above = path_below(home, ".cache");
        ::mkdir(above.c_str(), 0700);  // as that specification wants it; it mostly exists
    }
    return is_own(above) ? path_below(above, "jetcuda-check") : std::string();
}

// Of the administrator's programs, those that `checks` rest on.
std::vector<CustomProgram> programs_of(const CustomPart& custom, const std::vector<const Check*>& checks) {
    std::vector<CustomProgram> wanted;
    for (std::size_t i = 0; i < custom.programs.size(); ++i) {
        if (std::find(checks.begin(), checks.end(), custom.checks.all()[i]) != checks.end()) {
            wanted.push_back(custom.programs[i]);
        }
    }
    return wanted;
}

constexpr unsigned most_repeats = 1000;

unsigned repeat_of(const Options& options) {
    if (!options.repeat) return 1;
    const std::string& given = *options.repeat;
    unsigned count = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
    const bool whole = error == std::errc{} && end == given.data() + given.size();
    if (!whole || count < 1 || count > most_repeats) {
        throw UsageError(fmt::format("--repeat {}: give a whole number from 1 to {}.", given, most_repeats));
    }
    if (options.no_probe)
        throw UsageError("--repeat repeats what the GPU does, and --no-probe says to ask it nothing.");
    return count;
}

// For another root nothing of this machine counts, unless its settings are named.
bool judges_foreign_root(const Options& options) {
    return options.root && existing_folder("--root", *options.root) != "/";
}

}  // namespace

std::string config_directory(const Options& options) {
    return options.config ? existing_folder("--config", *options.config).string() : JETCUDA_SYSCONFDIR;
}

Settings settings_for(const Options& options) {
    // Nothing of this machine leaks into the judgement of another: its settings name users and programs.
    if (judges_foreign_root(options) && !options.config) return {};
    return load_settings(config_directory(options));
}

CustomPart custom_part_for(const Options& options, const Settings& settings) {
    CustomPart custom;
    if (judges_foreign_root(options) && !options.config) return custom;
    CustomFolder found = list_custom_programs(path_below(config_directory(options), custom_folder_name));
    custom.folder = std::move(found.path);
    custom.ignored = std::move(found.ignored);

    // One that the settings name is a check also where its program is gone: a required one must not vanish in silence.
    std::vector<std::string> names;
    for (const auto& entry : settings.custom_checks) {
        const auto& masked = found.masked;
        if (std::find(masked.begin(), masked.end(), entry.first) == masked.end()) names.push_back(entry.first);
    }
    for (const std::string& name : found.names) {
        if (settings.custom_checks.count(name) != 0) continue;
        if (names.size() < custom_program_limit) {
            names.push_back(name);
        } else {
            custom.ignored.push_back(
                fmt::format("{} is not run: there are more than {} programs, and those go first that "
                            "the settings name; take some out of the folder.",
                            path_below(custom.folder, name), custom_program_limit));
        }
    }
    std::sort(names.begin(), names.end());

    std::vector<CustomSetup> setups;
    for (const std::string& name : names) {
        const auto given = settings.custom_checks.find(name);
        const CustomCheckSettings set = given == settings.custom_checks.end() ? CustomCheckSettings{} : given->second;
        setups.push_back({name, path_below(custom.folder, name), set.severity, set.remedy});
        custom.programs.push_back({name, set.limit.value_or(settings.custom_limit)});
    }
    custom.checks = CustomChecks(setups);
    return custom;
}

std::vector<const Check*> every_check(const CustomPart& custom) {
    std::vector<const Check*> checks = all_checks();
    checks.insert(checks.end(), custom.checks.all().begin(), custom.checks.all().end());
    return checks;
}

void tell_ignored(const CustomPart& custom) {
    for (const std::string& sentence : custom.ignored) write_error_line(sentence);
}

Inquiry open_inquiry(const Options& options, const std::vector<std::string>& ids, CatalogUse use) {
    if (options.driver && options.no_probe) {
        throw UsageError("--driver names a driver to ask, and --no-probe says to ask none. Give one of the two.");
    }
    const std::string driver = options.driver ? existing_driver(*options.driver) : "";
    const fs::path root = options.root ? existing_folder("--root", *options.root) : fs::path{"/"};
    Settings settings = settings_for(options);
    CustomPart custom = custom_part_for(options, settings);
    std::vector<const Check*> checks = checks_named(ids, every_check(custom));

    const fs::path data = data_directory(options);
    Catalog catalog = load_catalog(data, fs::path{config_directory(options)} / "data.d", use);
    if (options.soc) check_soc(*options.soc, catalog);

    CollectRequest request;
    request.soc = options.soc;
    if (options.driver) request.driver = driver;
    // A driver that the caller names is asked, whatever the settings say.
    request.probe = !options.no_probe && (settings.probe_enabled || options.driver);
    request.probe_program = probe_program();
    request.probe_step_limit = settings.probe_step_limit;
    request.probe_total_limit = settings.probe_total_limit;
    request.all_compat = options.all_compat;
    request.repeat = repeat_of(options);
    request.service_users = settings.service_users;
    request.programs = settings.programs;
    request.custom_folder = custom.folder;
    request.custom_total_limit = settings.custom_total_limit;

    try {
        Inquiry inquiry{std::move(settings), std::move(catalog), SystemRoot{root, options.system},
                        std::move(request),  std::move(custom),  std::move(checks)};
        if (options.state_dir) inquiry.state_directory = *options.state_dir;
        // Another run ends within its own limits, so one that is waited for this long is no ordinary one.
        inquiry.lock_wait = inquiry.settings.time_for_drivers() + longest_look + lock_margin;
        if (!inquiry.custom.programs.empty()) inquiry.lock_wait += inquiry.settings.custom_total_limit;
        return inquiry;
    } catch (const std::runtime_error& error) {  // the folder, its .jetcuda-root.json, or the system
        throw UsageError(error.what());
    }
}

Facts ask_machine(const Inquiry& inquiry) {
    CollectRequest request = inquiry.request;
    const std::vector<const Check*> reached = reached_by(inquiry.checks);
    request.ask_driver = rests_on_driver(reached);
    request.look_into_libraries = is_among("cuda-libraries-cover-this-gpu", reached);
    request.look_into_programs =
        is_among("programs-cover-this-gpu", reached) || is_among("programs-load-one-driver", reached);
    if (inquiry.root.live() && (request.look_into_libraries || request.look_into_programs)) {
        request.memory_folder = memory_folder();
        request.memory_tool = tool_version();
    }
    request.custom_programs = programs_of(inquiry.custom, inquiry.checks);
    const bool running_system = inquiry.root.live() && inquiry.root.incoming_system().empty();
    const bool asks_driver = request.ask_driver && (running_system || request.driver);
    const bool runs_programs = !request.custom_programs.empty() && running_system;
    if (!request.probe || (!asks_driver && !runs_programs)) return collect(inquiry.root, inquiry.catalog, request);

    if (request.on_progress) request.on_progress("gpu lock");  // the daemon hears from us before we wait
    const std::string lock_file = fs::path{inquiry.state_directory} / "gpu.lock";
    const GpuLock lock{lock_file, inquiry.lock_wait};
    const bool taken = lock.state() == GpuLockState::busy || lock.state() == GpuLockState::still_stuck;
    request.probe = !taken;
    request.probe_lock = lock.descriptor();
    Facts facts = collect(inquiry.root, inquiry.catalog, request);
    if (taken) {
        facts.scope.probe_wanted = true;
        facts.scope.probe_stuck = lock.state() == GpuLockState::still_stuck;
        const Missing reason{Lack::not_asked, lock.why(), lock_file};
        facts.driver_probe = reason;
        if (lock.state() == GpuLockState::busy && running_system) {
            for (const CustomProgram& program : request.custom_programs) facts.custom[program.name] = reason;
        }
    }
    return facts;
}

Report judge_facts(const Inquiry& inquiry, const Facts& facts) {
    std::vector<CheckResult> results = judge(facts, inquiry.checks);
    ReportTime time;
    time.generated_at = now_as_text();
    time.duration_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - inquiry.begin).count();
    return make_report(facts, std::move(results), time);
}

Report judge_machine(const Inquiry& inquiry) { return judge_facts(inquiry, ask_machine(inquiry)); }

std::vector<const Check*> checks_named(const std::vector<std::string>& ids, const std::vector<const Check*>& all) {
    if (ids.empty()) return all;
    std::vector<std::string_view> known;
    known.reserve(all.size());
    for (const Check* check : all) known.push_back(check->id);
    std::vector<const Check*> checks;
    std::string complaint;  // about every one of them at once, so that nobody mends one and meets the next
    for (const std::string& id : ids) {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Check* check) { return check->id == id; });
        if (found == all.end()) {
            complaint += fmt::format("There is no check {}.{} ", id.empty() ? "\"\"" : id, did_you_mean(id, known));
        } else if (std::find(checks.begin(), checks.end(), *found) == checks.end()) {
            checks.push_back(*found);
        }
    }
    if (!complaint.empty()) throw UsageError(complaint + "\"jetcuda-check list\" shows them all.");
    return checks;
}

}  // namespace jetcuda
