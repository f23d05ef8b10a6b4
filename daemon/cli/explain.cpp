// `jetcuda-check explain ID`: one check, whole. Where a report says what is wrong with this board, this says what
// could be wrong with any, and how each way is mended on each distribution.

#include <fmt/core.h>

#include "daemon/checks/check.hpp"
#include "daemon/cli/check_json.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/paragraph.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t margin = 12;

std::string joined(const std::vector<std::string_view>& words) {
    std::string text;
    for (const std::string_view word : words) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    return text.empty() ? "nothing" : text;
}

std::string remedy_lines(const Remedy& remedy) {
    std::string text;
    const auto add = [&](std::string_view distribution, std::string_view words) {
        if (words.empty()) return;
        const RemedyParts parts = remedy_parts(words);
        text += hanging(fmt::format("      {}", distribution), 16, parts.words);
        // The command is not wrapped: it is there to be copied.
        if (!parts.command.empty()) text += fmt::format("{:16}    {}\n", "", parts.command);
    };
    add("Ubuntu", remedy.apt);
    add("NixOS", remedy.nix);
    add("Yocto", remedy.yocto);
    add(remedy.apt.empty() && remedy.nix.empty() && remedy.yocto.empty() ? "remedy" : "others", remedy.other);
    return text;
}

std::string code_lines(const Code& code) {
    return fmt::format("  {} ({})\n", code.code, name_of(code.status)) + hanging("", 6, code.sentence) +
           remedy_lines(code.remedy);
}

std::string in_words(const Check& check) {
    std::string text = fmt::format("{} ({}, {})\n", check.id, name_of(check.severity), name_of(check.group));
    text += hanging("", 0, fmt::format("Claims that {}.", check.claim));
    text += '\n';
    text += hanging("", 0, check.why);
    text += '\n';
    text += hanging("Reads", margin, joined(check.reads));
    text += hanging("Needs", margin, joined(check.needs));
    text += hanging("Rests on", margin, description_of(check.basis));
    text += "\nEvery way it can go ({words in braces} are filled in for the machine):\n";
    for (const Code& code : check.codes) text += code_lines(code);
    text += "\nAs every check:\n";
    for (const Code& code : common_codes()) text += code_lines(code);
    return text;
}

}  // namespace

ExitStatus perform_explain(const Options& options) {
    if (options.arguments.size() != 1) {
        throw UsageError(
            fmt::format("\"explain\" takes the id of one check, and was given {}. \"jetcuda-check list\" "
                        "shows them all.",
                        options.arguments.empty() ? std::string{"none"} : std::to_string(options.arguments.size())));
    }
    const std::vector<const Check*> checks = checks_named(options.arguments);
    write_output(options.json ? checks_as_json(checks) : in_words(*checks.front()));
    return ExitStatus::healthy;
}

}  // namespace jetcuda
