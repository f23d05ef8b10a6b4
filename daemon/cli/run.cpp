// `jetcuda-check run`: judges now, in this process and its children. Needs no bus and no daemon.

#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/json.hpp"
#include "daemon/report/text.hpp"

namespace jetcuda {

ExitStatus perform_run(const Options& options) {
    if (options.request) return answer_request(options);
    const Inquiry inquiry = open_inquiry(options, options.arguments);
    tell_ignored(inquiry.custom);
    const Report report = judge_machine(inquiry);
    // Who asks for a check by name wants to see it, also where it passes.
    const bool every_check = options.all || !options.arguments.empty();
    write_output(options.json ? to_pretty_json(report) : to_text(report, {color_wanted(), every_check}));
    return exit_status_of(report.verdict);
}

}  // namespace jetcuda
