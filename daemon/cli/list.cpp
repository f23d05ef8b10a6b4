// `jetcuda-check list`: the checks, each with its claim, also those of this machine's administrator; with --markdown as
// the table that the README holds.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/checks/check.hpp"
#include "daemon/cli/check_json.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/paragraph.hpp"
#include "daemon/cli/verbs.hpp"

namespace jetcuda {
namespace {

// A "|" would end its cell.
std::string cell(std::string_view text) {
    std::string escaped;
    for (const char letter : text) {
        if (letter == '|') escaped += '\\';
        escaped += letter;
    }
    return escaped;
}

// Of the build alone: the README is the same on every machine.
std::string markdown_table() {
    std::string table = "| check | severity | what it claims | group |\n|---|---|---|---|\n";
    for (const Check* check : all_checks()) {
        table += fmt::format("| `{}` | {} | {} | {} |\n", check->id, name_of(check->severity), cell(check->claim),
                             name_of(check->group));
    }
    return table;
}

std::string plain_table(const std::vector<const Check*>& checks) {
    std::size_t widest = 0;
    for (const Check* check : checks) widest = std::max(widest, check->id.size());
    std::string table;
    for (const Check* check : checks) {
        const std::string left =
            fmt::format("{:<{}}  {:<8}  {:<8}", check->id, widest, name_of(check->severity), name_of(check->group));
        // The claim is not wrapped: one line a check, so that grep finds whole ones.
        table += fmt::format("{}  {}\n", left, check->claim);
    }
    return table;
}

}  // namespace

ExitStatus perform_list(const Options& options) {
    if (options.json && options.markdown) {
        throw UsageError("--json and --markdown are two forms of one answer. Give one of the two.");
    }
    if (options.markdown) {
        write_output(markdown_table());
        return ExitStatus::healthy;
    }
    const CustomPart custom = custom_part_for(options, settings_for(options));
    tell_ignored(custom);
    const std::vector<const Check*> checks = every_check(custom);
    write_output(options.json ? checks_as_json(checks) : plain_table(checks));
    return ExitStatus::healthy;
}

}  // namespace jetcuda
