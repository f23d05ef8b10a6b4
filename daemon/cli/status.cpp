// `jetcuda-check status`, what the command does without a verb: the daemon's newest report. Asking it needs no rights,
// since reading is open to everyone. Without a bus or a daemon the board is judged here and now, in the same words.

#include <chrono>

#include <fmt/format.h>
#include <unistd.h>

#include "daemon/bus/client.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/json.hpp"
#include "daemon/report/text.hpp"

namespace jetcuda {
namespace {

constexpr std::chrono::seconds first_report_limit{30};

struct Asked {
    std::optional<Report> report;
    std::string why_not;
};

Asked ask_daemon() {
    const BusAnswer<BusClient> client = BusClient::connect();
    if (!client) return {std::nullopt, client.why_not};
    BusAnswer<std::string> answer = client->describe();
    if (!answer) return {std::nullopt, answer.why_not};
    try {
        Report report = report_from_json(*answer);
        if (report.sequence == 0) {
            const bool tell = ::isatty(STDERR_FILENO) == 1;
            if (tell) {
                write_error_line(
                    fmt::format("The daemon is judging this board for the first time since boot; waiting "
                                "up to {} s …",
                                first_report_limit.count()));
            }
            answer = client->wait_for_report(first_report_limit);
            if (!answer) return {std::nullopt, answer.why_not};
            report = report_from_json(*answer);
        }
        return {std::move(report), ""};
    } catch (const ReportFormatError& error) {
        return {std::nullopt, fmt::format("the daemon's report is not understood ({})", error.what())};
    }
}

}  // namespace

ExitStatus perform_status(const Options& options) {
    std::optional<Report> report;
    if (options.names_another_machine()) {
        write_error_line(
            "With these options the daemon is not asked; judging here and now, as \"jetcuda-check run\" does.");
    } else {
        Asked asked = ask_daemon();
        report = std::move(asked.report);
        if (!report) {
            write_error_line(fmt::format("The daemon gave no report: {}; judging here and now.", asked.why_not));
        }
    }
    if (!report) {
        const Inquiry inquiry = open_inquiry(options);
        tell_ignored(inquiry.custom);
        report = judge_machine(inquiry);
    }
    write_output(options.json ? to_pretty_json(*report) : to_text(*report, {color_wanted(), options.all}));
    return exit_status_of(report->verdict);
}

}  // namespace jetcuda
