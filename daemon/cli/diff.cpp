// `jetcuda-check diff A B`: what changed between two reports, each as `run --json` or `status --json` printed it. As
// diff(1) does, it answers 0 where nothing did and 1 where something did.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/cli/files.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/difference.hpp"
#include "daemon/report/json.hpp"

namespace jetcuda {
namespace {

ComparedReport read_report(const std::string& file) {
    const std::string name = file == "-" ? "standard input" : file;
    const std::string text = read_file(file, report_size_limit);
    try {
        ComparedReport compared{name, report_from_json(text), ""};
        compared.stated_digest = nlohmann::json::parse(text).at("digest").get<std::string>();
        return compared;
    } catch (const ReportFormatError& error) {
        throw FileError(fmt::format("{} holds no report: {}. A report is what \"jetcuda-check run --json\" prints.",
                                    name, error.what()));
    }
}

}  // namespace

ExitStatus perform_diff(const Options& options) {
    if (options.arguments.size() != 2) {
        throw UsageError(
            fmt::format("\"diff\" compares two reports, and was given {}. Name two files that \"jetcuda-check run "
                        "--json\" wrote, the earlier one first: jetcuda-check diff A.json B.json.",
                        options.arguments.empty() ? std::string{"none"} : std::to_string(options.arguments.size())));
    }
    if (std::count(options.arguments.begin(), options.arguments.end(), "-") > 1) {
        throw UsageError("Standard input can be one of the two reports only. Name a file for the other.");
    }
    const ComparedReport before = read_report(options.arguments[0]);
    const ComparedReport after = read_report(options.arguments[1]);
    const ReportDifference difference = compare(before, after);
    write_output(options.json ? to_pretty_json(before, after, difference)
                              : to_text(before, after, difference, {color_wanted(), true}));
    return difference.same ? ExitStatus::healthy : ExitStatus::degraded;
}

}  // namespace jetcuda
