// jetcuda-checkd: listens on the system bus, remembers this boot's reports, and tells systemd how the board is. It
// reads no machine and judges nothing; the runner does (jetcuda-check, in a unit of its own), so this process can live
// in the strictest sandbox and answer at once whatever a driver does.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include <getopt.h>
#include <unistd.h>

#include "daemon/bus/log.hpp"
#include "daemon/bus/service.hpp"
#include "daemon/report/exit_status.hpp"
#include "daemon/settings/settings.hpp"
#include "probes/programs/file_looks.hpp"

namespace {

using namespace jetcuda;
using std::chrono::milliseconds;

constexpr const char* help_text =
    "Usage: jetcuda-checkd [OPTION]...\n"
    "Owns io.jetcuda.Check1 on the system bus and has the board judged. Normally systemd starts it.\n"
    "\n"
    "  --runner-socket PATH  reach the runner at this socket; without it the runner is started as a child\n"
    "  --runner PROGRAM      the runner; without it jetcuda-check beside this program or the installed one\n"
    "  --state-dir DIR       where report.json is written (default: /run/jetcuda-check)\n"
    "  --config DIR          the configuration (default: " JETCUDA_SYSCONFDIR
    ")\n"
    "  --boot-id ID          this boot's id, where /proc/sys is hidden\n"
    "  --help, --version\n";

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// systemd's %b has no dashes; reports have them.
std::string with_dashes(std::string id) {
    id.erase(std::remove(id.begin(), id.end(), '-'), id.end());
    if (id.size() != 32 || id.find_first_not_of("0123456789abcdef") != std::string::npos) {
        throw UsageError("--boot-id must be 32 hexadecimal digits");
    }
    for (const std::size_t place : {20U, 16U, 12U, 8U}) {
        id.insert(place, "-");
    }
    return id;
}

std::string boot_id_of_kernel() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

milliseconds milliseconds_from(const std::string& text, const char* option) {
    if (text.empty() || text.size() > 7 || text.find_first_not_of("0123456789") != std::string::npos) {
        throw UsageError(std::string(option) + " takes milliseconds, at most seven digits each");
    }
    return milliseconds(std::stol(text));
}

std::vector<milliseconds> pauses_from(const std::string& list) {
    std::vector<milliseconds> pauses;
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        pauses.push_back(milliseconds_from(list.substr(begin, end - begin), "--settle-ms"));
        begin = end + 1;
    }
    return pauses;
}

// Beside this program in a build tree; else the installed one.
std::string default_runner() {
    std::array<char, 4096> path{};
    const auto length = readlink("/proc/self/exe", path.data(), path.size());
    if (length > 0) {
        const std::string self(path.data(), static_cast<std::size_t>(length));
        std::string beside = self.substr(0, self.rfind('/')) + "/jetcuda-check";
        if (access(beside.c_str(), X_OK) == 0) {
            return beside;
        }
    }
    return JETCUDA_BINDIR "/jetcuda-check";
}

struct Command {
    ServiceOptions service;
    std::string config = JETCUDA_SYSCONFDIR;
    std::string run_limit;
    bool only_print = false;
};

Command command_from(int count, char** words) {
    enum Option { runner = 1, runner_socket, state_dir, config, boot_id, settle_ms, run_limit_ms, help, version };
    // The last two are for tests, which cannot wait for minutes.
    const std::array<option, 10> known = {{{"runner", required_argument, nullptr, runner},
                                           {"runner-socket", required_argument, nullptr, runner_socket},
                                           {"state-dir", required_argument, nullptr, state_dir},
                                           {"config", required_argument, nullptr, config},
                                           {"boot-id", required_argument, nullptr, boot_id},
                                           {"settle-ms", required_argument, nullptr, settle_ms},
                                           {"run-limit-ms", required_argument, nullptr, run_limit_ms},
                                           {"help", no_argument, nullptr, help},
                                           {"version", no_argument, nullptr, version},
                                           {nullptr, 0, nullptr, 0}}};
    Command command;
    command.service.state_directory = "/run/jetcuda-check";
    command.service.settle = {milliseconds(2000), milliseconds(4000), milliseconds(8000), milliseconds(16000)};
    int found = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before anything else runs
    while ((found = getopt_long(count, words, "", known.data(), nullptr)) != -1) {
        const std::string value = optarg == nullptr ? "" : optarg;
        switch (found) {
            case runner: command.service.runner.program = value; break;
            case runner_socket: command.service.runner.socket = value; break;
            case state_dir: command.service.state_directory = value; break;
            case config: command.config = value; break;
            case boot_id: command.service.boot_id = with_dashes(value); break;
            case settle_ms: command.service.settle = pauses_from(value); break;
            case run_limit_ms: command.run_limit = value; break;
            case help:
                std::fputs(help_text, stdout);
                command.only_print = true;
                break;
            case version:
                std::puts(std::string(tool_version()).c_str());
                command.only_print = true;
                break;
            default: throw UsageError("see jetcuda-checkd --help");  // getopt has named the option
        }
    }
    if (optind < count) {
        throw UsageError(std::string("\"") + words[optind] + "\" is no option; see jetcuda-checkd --help");
    }
    return command;
}

int serve(Command command) {
    const Settings settings = load_settings(command.config);
    set_log_level(settings.log_level);
    ServiceOptions& service = command.service;
    if (service.runner.program.empty()) {
        service.runner.program = default_runner();
    }
    if (service.boot_id.empty()) {
        service.boot_id = boot_id_of_kernel();
    }
    service.probe_at_boot = settings.probe_enabled;
    // The runner has its own limits and tells what it knows when they are reached; ours is for one that does not.
    constexpr std::chrono::seconds for_the_rest{15};
    service.limits.whole = settings.time_for_drivers() + settings.custom_total_limit + longest_look + for_the_rest;
    if (service.runner.socket.empty()) {
        service.limits.first_line = service.limits.whole;  // nobody holds a child back until other services are done
    }
    if (!command.run_limit.empty()) {
        service.limits.whole = milliseconds_from(command.run_limit, "--run-limit-ms");
        service.limits.first_line = service.limits.whole;
        service.limits.to_leave = milliseconds(300);
    }
    return Service(std::move(service)).run();
}

}  // namespace

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        Command command = command_from(count, words);
        return command.only_print ? 0 : serve(std::move(command));
    } catch (const UsageError& error) {
        std::fprintf(stderr, "jetcuda-checkd: %s\n", error.what());
        return to_int(ExitStatus::usage_error);
    } catch (const SettingsError& error) {
        log(LogLevel::error, error.what());  // names file, line and key; a restart would not mend it
        return to_int(ExitStatus::usage_error);
    } catch (const std::exception& error) {
        log(LogLevel::error, std::string("jetcuda-checkd cannot work: ") + error.what());
        return to_int(ExitStatus::our_fault);
    }
}
