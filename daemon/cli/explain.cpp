// `jetcuda-check explain ID [CODE]`: one check, whole, or one of the ways it can go. Where a report says what is wrong
// with this board, this says what could be wrong with any, and how each way is mended on each distribution.

#include <algorithm>

#include <fmt/format.h>

#include "daemon/checks/check.hpp"
#include "daemon/cli/check_json.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/paragraph.hpp"
#include "daemon/cli/suggest.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t margin = 12;
constexpr std::size_t most_named = 3;

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

// Who meets a code in a report has the check's id beside it, so the check is told in its shortest form.
std::string in_words(const Check& check, const Code& code) {
    std::string text = fmt::format("{} ({}, {})\n", check.id, name_of(check.severity), name_of(check.group));
    text += hanging("", 0, fmt::format("Claims that {}.", check.claim));
    text += '\n';
    return text + code_lines(code);
}

const Code& code_named(const Check& check, const std::string& name) {
    if (const Code* code = check.find_code(name)) return *code;
    std::vector<std::string_view> known;
    for (const auto* codes : {&check.codes, &common_codes()}) {
        for (const Code& code : *codes) known.push_back(code.code);
    }
    throw UsageError(fmt::format("{0} has no code {1}.{2} \"jetcuda-check explain {0}\" shows them all.", check.id,
                                 name, did_you_mean(name, known)));
}

// A report shows ids and codes side by side, so one is easily taken for the other.
void refuse_code_as_id(const std::string& word, const std::vector<const Check*>& all) {
    std::vector<std::string_view> ids;
    for (const Check* check : all) {
        if (check->id == word) return;
        const auto& codes = check->codes;
        if (std::any_of(codes.begin(), codes.end(), [&](const Code& code) { return code.code == word; })) {
            ids.push_back(check->id);
        }
    }
    if (!ids.empty() && ids.size() <= most_named) {
        throw UsageError(fmt::format("{0} is no check, but a code of {1}: write \"jetcuda-check explain {2} {0}\".",
                                     word, either(ids), ids.front()));
    }
    const bool common =
        std::any_of(common_codes().begin(), common_codes().end(), [&](const Code& code) { return code.code == word; });
    if (common || !ids.empty()) {
        throw UsageError(
            fmt::format("{0} is no check, but a code of many: write \"jetcuda-check explain ID {0}\" with the "
                        "id of one.",
                        word));
    }
}

}  // namespace

ExitStatus perform_explain(const Options& options) {
    if (options.arguments.empty() || options.arguments.size() > 2) {
        throw UsageError(fmt::format(
            "\"explain\" takes the id of one check and perhaps one of its codes, and was given {}. "
            "\"jetcuda-check list\" shows every id.",
            options.arguments.empty() ? std::string{"none"} : std::to_string(options.arguments.size()) + " words"));
    }
    const CustomPart custom = custom_part_for(options, settings_for(options));
    const std::vector<const Check*> all = every_check(custom);
    refuse_code_as_id(options.arguments.front(), all);
    const std::vector<const Check*> checks = checks_named({options.arguments.front()}, all);
    const Check& check = *checks.front();
    if (options.arguments.size() == 1) {
        write_output(options.json ? checks_as_json(checks) : in_words(check));
        return ExitStatus::healthy;
    }
    const Code& code = code_named(check, options.arguments.back());
    write_output(options.json ? checks_as_json(checks, &code) : in_words(check, code));
    return ExitStatus::healthy;
}

}  // namespace jetcuda
