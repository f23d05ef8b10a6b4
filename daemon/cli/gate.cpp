// `jetcuda-check gate`: the boot decision. Exit status 1 withholds boot-complete.target, on which boot loaders roll
// back to the system before; so it is given for what was measured on this board only. Every fault of our own, a
// broken configuration and a daemon that does not answer among them, ends with 0 and a sentence.
//
// The deadline lives in here. What holds where the daemon says nothing is decided first; an alarm carries it out where
// the bus keeps us beyond the deadline.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "daemon/bus/client.hpp"
#include "daemon/cli/gate_policy.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/json.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {
namespace {

using std::chrono::milliseconds;

constexpr unsigned alarm_margin_s = 2;  // after the deadline, by which the ordinary way has ended

// All that the alarm needs, since a signal handler can neither allocate nor decide.
struct LastResort {
    std::array<char, 1024> sentence{};
    std::array<char, 4096> deny_file{};  // empty: none
    ExitStatus status = ExitStatus::healthy;
};
LastResort last_resort;

template <std::size_t Size>
void keep(std::array<char, Size>& place, std::string_view text) {
    const std::size_t length = std::min(text.size(), Size - 1);
    std::copy_n(text.data(), length, place.data());
    place[length] = '\0';
}

extern "C" void act_on_alarm(int /*signal*/) {
    const LastResort& resort = last_resort;
    // Nothing could be done where a write fails.
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, resort.sentence.data(), ::strlen(resort.sentence.data()));
    if (resort.status != ExitStatus::healthy && resort.deny_file[0] != '\0') {
        const int file = ::open(resort.deny_file.data(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        written = ::write(file, resort.sentence.data(), ::strlen(resort.sentence.data()));
    }
    ::_exit(to_int(resort.status));
}

// Exit statuses of a decision, not of a verdict: 1 withholds (contract, section 7).
ExitStatus status_of(const GateDecision& decision) {
    return decision.allow ? ExitStatus::healthy : ExitStatus::degraded;
}

void set_alarm(const GateDecision& decision, const std::optional<std::string>& deny_file,
               std::chrono::seconds deadline) {
    keep(last_resort.sentence,
         fmt::format("jetcuda-check: The daemon did not answer before gate.deadline_s. {}\n", decision.sentence));
    keep(last_resort.deny_file, deny_file.value_or(""));
    last_resort.status = status_of(decision);
    std::signal(SIGALRM, act_on_alarm);
    ::alarm(static_cast<unsigned>(deadline.count()) + alarm_margin_s);
}

std::string without_dashes(std::string_view text) {
    std::string id;
    for (const char letter : text) {
        if (letter != '-') id += letter;
    }
    return id;
}

// The report that the daemon left in its state folder, where it is one of this boot; else the sentence why not.
std::optional<Report> read_stored_report(const std::filesystem::path& directory, const std::string& boot_id,
                                         std::string& why_not) {
    const std::string path = directory / "report.json";
    const Fact<std::string> stored = SystemRoot{"/"}.read(path, report_size_limit);
    if (!stored) {
        why_not = stored.missing().why;
        return std::nullopt;
    }
    try {
        Report report = report_from_json(*stored);
        if (!boot_id.empty() && without_dashes(report.boot_id) == without_dashes(boot_id)) return report;
        why_not = fmt::format("{} is not of this boot", path);
    } catch (const ReportFormatError& error) {
        why_not = fmt::format("{} is not understood ({})", path, error.what());
    }
    return std::nullopt;
}

std::optional<Report> ask_daemon(milliseconds limit, std::string& why_not) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const BusAnswer<BusClient> client = BusClient::connect();
    if (!client) {
        why_not = client.why_not;
        return std::nullopt;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    const BusAnswer<std::string> answer = client->wait_for_report(std::max(left, milliseconds{0}));
    if (!answer) {
        why_not = answer.why_not;
        return std::nullopt;
    }
    try {
        Report report = report_from_json(*answer);
        if (report.sequence > 0) return report;
        why_not = fmt::format("the daemon had judged nothing after {} s", limit.count() / 1000);
    } catch (const ReportFormatError& error) {
        why_not = fmt::format("the daemon's report is not understood ({})", error.what());
    }
    return std::nullopt;
}

GateDecision decision_from(const std::optional<Report>& report, const Settings& settings) {
    const Report* const known = report ? &*report : nullptr;
    return with_policy(decide_gate(known), known, settings);
}

GateDecision decide(const Options& options) {
    const Settings settings = settings_for(options);
    const std::filesystem::path state_directory =
        std::filesystem::absolute(options.state_dir.value_or(std::string{default_state_directory}));
    const Fact<std::string> boot_id_read = SystemRoot{"/"}.read_value("/proc/sys/kernel/random/boot_id");
    const std::string boot_id = boot_id_read ? *boot_id_read : "";

    std::string nothing_stored;
    std::optional<Report> report = read_stored_report(state_directory, boot_id, nothing_stored);
    set_alarm(decision_from(report, settings), options.deny_file, settings.gate_deadline);

    std::string no_answer;
    report = ask_daemon(settings.gate_deadline, no_answer);
    ::alarm(0);
    if (!report) {
        // Once more, since it may have come while we waited.
        report = read_stored_report(state_directory, boot_id, nothing_stored);
        write_error_line(fmt::format("The daemon gave no report: {}; {}.", no_answer,
                                     report ? "its stored report of this boot decides" : nothing_stored));
    }
    return decision_from(report, settings);
}

// The unit's second line tests for this file, so that our own crash, which leaves none, lets the boot pass.
void leave_deny_file(const std::string& path, const GateDecision& decision) {
    if (decision.allow) return;
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    const std::string text = decision.sentence + '\n';
    const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written) {
        write_error_line(fmt::format("{} could not be written: {}. Make its folder writable for the gate.", path,
                                     std::generic_category().message(errno)));
    }
    if (file >= 0) ::close(file);
}

void remove_deny_file(const std::string& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
    write_error_line(
        fmt::format("{} could not be removed: {}. Remove it by hand.", path, std::generic_category().message(errno)));
}

void tell(const GateDecision& decision, bool as_json) {
    if (!as_json) return write_output(decision.sentence + '\n');
    nlohmann::ordered_json json;
    json["schema"] = "jetcuda-check.gate/1";
    json["allow"] = decision.allow;
    json["sentence"] = decision.sentence;
    write_output(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
}

}  // namespace

ExitStatus perform_gate(const Options& options) {
    GateDecision decision;
    try {
        if (options.deny_file) remove_deny_file(*options.deny_file);
        decision = decide(options);
        if (options.deny_file) leave_deny_file(*options.deny_file, decision);
    } catch (const std::exception& error) {
        decision = {true, fmt::format("The boot passes, because the gate could not decide: {}", error.what())};
        write_error_line(decision.sentence);
    }
    try {
        tell(decision, options.json);
    } catch (const OutputError& error) {  // the decision stands, also where nobody hears it
        write_error_line(error.what());
    }
    return status_of(decision);
}

}  // namespace jetcuda
