// `jetcuda-check list`: the checks, each with its claim; with --markdown as the table that the README holds.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/checks/check.hpp"
#include "daemon/cli/check_json.hpp"
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

std::string markdown_table() {
    std::string table = "| check | severity | what it claims | group |\n|---|---|---|---|\n";
    for (const Check* check : all_checks()) {
        table += fmt::format("| `{}` | {} | {} | {} |\n", check->id, name_of(check->severity), cell(check->claim),
                             name_of(check->group));
    }
    return table;
}

std::string plain_table() {
    std::size_t widest = 0;
    for (const Check* check : all_checks()) widest = std::max(widest, check->id.size());
    std::string table;
    for (const Check* check : all_checks()) {
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
    if (options.json) {
        write_output(checks_as_json(all_checks()));
    } else {
        write_output(options.markdown ? markdown_table() : plain_table());
    }
    return ExitStatus::healthy;
}

}  // namespace jetcuda
