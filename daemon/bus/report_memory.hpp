// What the daemon remembers: the newest report of this boot with its JSON, the few before it, and what changed
// between two. The newest lies in the state folder too (report.json, the same bytes), so that it survives a restart
// of the daemon and can be read without a bus.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/report/report.hpp"
#include "daemon/runner_protocol.hpp"

namespace jetcuda {

// One check going from one status to another.
struct Transition {
    std::string id;
    Status before = Status::unknown;
    Status after = Status::unknown;
};

// A past report as ListReports tells it.
struct ReportLine {
    std::uint64_t sequence = 0;
    std::uint64_t realtime_usec = 0;
    std::string boot_id;
    std::string verdict;
    std::string digest;
    std::string json;
};

class ReportMemory {
public:
    // Takes up report.json of `state_directory` where it is a judged report of this boot; everything else in it is
    // left alone and replaced by the next report.
    ReportMemory(std::string state_directory, std::string boot_id);

    [[nodiscard]] const Report& newest() const { return newest_; }
    [[nodiscard]] const std::string& newest_json() const { return newest_json_; }
    [[nodiscard]] const std::string& boot_id() const { return boot_id_; }
    [[nodiscard]] bool judged() const;                                              // a run of this boot finished
    [[nodiscard]] const std::string* json_of(std::uint64_t sequence) const;         // 0: the newest; null: not kept
    [[nodiscard]] const std::deque<ReportLine>& recent() const { return recent_; }  // newest first
    [[nodiscard]] std::uint64_t last_changed_usec(const std::string& id) const;

    // Reads a runner's answer and takes it in: checks that were not asked for come from the report before, and so does
    // what was measured in this boot. Throws std::runtime_error, with a sentence, where the answer is no report, is of
    // another boot, or contradicts itself; nothing is changed then.
    std::vector<Transition> take(const std::string& runner_json, const RunRequest& request);

    // The first run failed: there has to be a report that says so. No transitions, for nothing was judged.
    void take_failure(const std::string& sentence, const ReportTime& time);

private:
    void store(Report report);
    void write_file() const;
    void load_file();

    std::string state_directory_;
    std::string boot_id_;
    Report newest_;
    std::string newest_json_;
    std::deque<ReportLine> recent_;
    std::map<std::string, std::uint64_t> last_changed_;
};

// The report of a run that was asked for some checks only, completed with the others from the report before.
Report complete_from(Report partial, const Report& earlier);

// Why a runner's report cannot be true, or empty. `decide` must agree with it: a verdict is never taken on trust.
std::string contradiction_in(const Report& report, const RunRequest& request, std::string_view boot_id);

std::uint64_t usec_of(const std::string& rfc3339);  // 0: no time
std::string rfc3339_now();

}  // namespace jetcuda
