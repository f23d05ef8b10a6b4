#include "daemon/bus/report_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/bus/log.hpp"
#include "daemon/report/json.hpp"
#include "probes/custom_name.hpp"
#include "probes/system/write_all.hpp"

namespace jetcuda {

namespace {

constexpr std::size_t kept_reports = 8;
constexpr std::size_t kept_bytes = std::size_t{256} << 10;  // of the reports before the newest
constexpr std::size_t file_limit = std::size_t{4} << 20;
constexpr const char* unfinished = "run-did-not-finish";

const CheckResult* find(const Report& report, std::string_view id) {
    const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                    [&](const CheckResult& check) { return check.id == id; });
    return found == report.checks.end() ? nullptr : &*found;
}

bool is_no_jetson(const Report& report) {
    return report.reason == "not-a-jetson" ||
           std::any_of(report.checks.begin(), report.checks.end(),
                       [](const CheckResult& check) { return check.code == "not-a-jetson"; });
}

// The whole of a small regular file, or empty.
std::string contents_of(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        return {};
    }
    std::string text;
    struct stat status {};
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        static_cast<std::size_t>(status.st_size) <= file_limit) {
        text.resize(static_cast<std::size_t>(status.st_size));
        const auto count = read(descriptor, text.data(), text.size());
        text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    close(descriptor);
    return text;
}

}  // namespace

std::uint64_t usec_of(const std::string& rfc3339) {
    std::tm parts{};
    const char* end = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == nullptr || *end != '\0') {
        return 0;
    }
    const std::time_t seconds = timegm(&parts);
    return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds) * 1'000'000U;
}

std::string rfc3339_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Report complete_from(Report partial, const Report& earlier) {
    std::vector<CheckResult> checks;
    for (const CheckResult& before : earlier.checks) {
        const CheckResult* now = find(partial, before.id);
        checks.push_back(now != nullptr ? *now : before);
        if (now == nullptr && before.basis == Basis::measured && !partial.probed) {
            // Nobody asked the driver this time; merge_measured() then decides what of it stands.
            checks.back().status = Status::not_applicable;
            checks.back().code = "not-probed";
        }
    }
    for (CheckResult& now : partial.checks) {
        if (find(earlier, now.id) == nullptr) {
            checks.push_back(std::move(now));
        }
    }
    partial.checks = std::move(checks);
    const Decision decision = decide(partial.checks, !is_no_jetson(partial));
    partial.verdict = decision.verdict;
    partial.reason = decision.reason;
    return partial;
}

std::string contradiction_in(const Report& report, const RunRequest& request, std::string_view boot_id) {
    if (report.root == "/" && report.boot_id != boot_id) {
        return "it is of another boot (" + report.boot_id + ")";
    }
    std::set<std::string_view> seen;
    std::size_t customs = 0;
    for (const CheckResult& result : report.checks) {
        if (!seen.insert(result.id).second) {
            return "it judges " + result.id + " twice";
        }
        const Check* check = find_check(result.id);
        // The administrator's own are what the runner found in their folder, and no others may call themselves so.
        if (check == nullptr && is_custom_id(result.id) && result.group == Group::custom) {
            ++customs;
            continue;
        }
        if (check == nullptr) {
            return "it judges " + result.id + ", which this version does not know";
        }
        if (check->severity != result.severity || check->group != result.group) {
            return "it gives " + result.id + " another severity or group than it has";
        }
    }
    if (customs > custom_program_limit) {
        return "it judges " + std::to_string(customs) + " checks of the administrator's own; " +
               std::to_string(custom_program_limit) + " are the most";
    }
    if (request.checks.empty()) {
        for (const Check* check : all_checks()) {
            if (seen.count(check->id) == 0) {
                return "it does not judge " + std::string(check->id);
            }
        }
    } else {
        for (const std::string& id : request.checks) {
            if (seen.count(id) == 0) {
                return "it does not judge " + id + ", which was asked for";
            }
        }
    }
    if (report.probed && !request.probe) {
        return "it says that a driver was asked, which was not wanted";
    }
    const Decision decision = decide(report.checks, !is_no_jetson(report));
    if (decision.verdict != report.verdict) {
        return "it says " + std::string(name_of(report.verdict)) + " where its checks say " +
               std::string(name_of(decision.verdict));
    }
    return {};
}

ReportMemory::ReportMemory(std::string state_directory, std::string boot_id)
    : state_directory_(std::move(state_directory)), boot_id_(std::move(boot_id)) {
    newest_ = not_judged_yet(boot_id_);
    newest_json_ = to_json(newest_);
    load_file();
}

bool ReportMemory::judged() const { return newest_.sequence > 0 && newest_.reason != unfinished; }

void ReportMemory::load_file() {
    const std::string path = state_directory_ + "/report.json";
    std::string json = contents_of(path);
    if (json.empty() || boot_id_.empty()) {
        return;
    }
    try {
        Report report = report_from_json(json);
        if (report.boot_id != boot_id_ || report.sequence == 0) {
            return;
        }
        newest_ = std::move(report);
        newest_json_ = std::move(json);
        for (const CheckResult& check : newest_.checks) {
            last_changed_[check.id] = usec_of(newest_.generated_at);
        }
        recent_.push_front({newest_.sequence,
                            usec_of(newest_.generated_at),
                            newest_.boot_id,
                            std::string(name_of(newest_.verdict)),
                            digest(newest_),
                            {}});
    } catch (const std::exception& error) {
        log(LogLevel::warning, path + " is no report (" + error.what() + "); the board is judged anew");
    }
}

const std::string* ReportMemory::json_of(std::uint64_t sequence) const {
    if (sequence == 0 || sequence == newest_.sequence) {
        return &newest_json_;
    }
    const auto found =
        std::find_if(recent_.begin(), recent_.end(), [&](const ReportLine& line) { return line.sequence == sequence; });
    return found == recent_.end() ? nullptr : &found->json;
}

std::uint64_t ReportMemory::last_changed_usec(const std::string& id) const {
    const auto found = last_changed_.find(id);
    return found == last_changed_.end() ? 0 : found->second;
}

std::vector<Transition> ReportMemory::take(const std::string& runner_json, const RunRequest& request) {
    Report report;
    try {
        report = report_from_json(runner_json);
    } catch (const ReportFormatError& error) {
        throw std::runtime_error(std::string("the runner's report cannot be read: ") + error.what());
    }
    if (const std::string why = contradiction_in(report, request, boot_id_); !why.empty()) {
        throw std::runtime_error("the runner's report cannot be true: " + why);
    }
    report.boot_id = boot_id_;  // of another root too: it is this boot's daemon that had it judged
    if (!request.checks.empty() && judged()) {
        report = complete_from(std::move(report), newest_);
    }
    report = merge_measured(std::move(report), newest_);

    std::vector<Transition> transitions;
    for (const CheckResult& check : report.checks) {
        const CheckResult* before = find(newest_, check.id);
        const bool changed = before != nullptr && before->status != check.status;
        if (changed) {
            transitions.push_back({check.id, before->status, check.status});
        }
        if (changed || last_changed_.count(check.id) == 0) {
            last_changed_[check.id] = usec_of(report.generated_at);
        }
    }
    // Checks of the administrator's own come and go; what is no longer judged is not remembered for ever.
    std::erase_if(last_changed_, [&](const auto& entry) { return find(report, entry.first) == nullptr; });
    store(std::move(report));
    return transitions;
}

void ReportMemory::take_failure(const std::string& sentence, const ReportTime& time) {
    store(run_did_not_finish(boot_id_, unfinished, sentence, time));
}

void ReportMemory::store(Report report) {
    report.sequence = newest_.sequence + 1;
    if (!recent_.empty()) {
        recent_.front().json = std::move(newest_json_);  // the newest one's bytes are kept once
    }
    newest_ = std::move(report);
    newest_json_ = to_json(newest_);
    newest_json_.shrink_to_fit();
    recent_.push_front({newest_.sequence,
                        usec_of(newest_.generated_at),
                        newest_.boot_id,
                        std::string(name_of(newest_.verdict)),
                        digest(newest_),
                        {}});
    std::size_t bytes = 0;
    for (std::size_t i = 1; i < recent_.size(); ++i) {
        bytes += recent_[i].json.size();
        if (i >= kept_reports || bytes > kept_bytes) {
            recent_.resize(i);
        }
    }
    write_file();
}

void ReportMemory::write_file() const {
    const std::string path = state_directory_ + "/report.json";
    const std::string fresh = path + ".new";
    // Renamed into place: a reader sees the old report or the new one, never a part. /run needs no fsync.
    const int descriptor = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool written = descriptor >= 0 && fchmod(descriptor, 0644) == 0 && write_all(descriptor, newest_json_) == 0;
    int error = errno;
    if (descriptor >= 0 && close(descriptor) < 0) {
        written = false;
        error = errno;
    }
    if (written && rename(fresh.c_str(), path.c_str()) == 0) {
        return;
    }
    if (written) {
        error = errno;
    }
    log(LogLevel::warning, path + " cannot be written (" + std::generic_category().message(error) +
                               "); the report is on the bus only and does not survive a restart of the daemon. See to "
                               "the folder with: systemd-tmpfiles --create");
    unlink(fresh.c_str());
}

}  // namespace jetcuda
