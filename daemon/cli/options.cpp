#include "daemon/cli/options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/cli/suggest.hpp"
#include "daemon/cli/vocabulary.hpp"

namespace jetcuda {
namespace {

void add_options(CLI::App& app, const std::vector<OptionWord>& words, Options& options) {
    for (const OptionWord& word : words) {
        const std::string name = word.name == "--help" ? "-h,--help" : std::string{word.name};
        if (const auto* flag = std::get_if<bool Options::*>(&word.target)) {
            app.add_flag(name, options.**flag)->disable_flag_override();
        } else {
            auto& target = options.*std::get<std::optional<std::string> Options::*>(word.target);
            app.add_option_function<std::string>(name, [&target](const std::string& value) { target = value; })
                ->type_name(std::string{word.value})
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
    }
}

[[noreturn]] void refuse_option(std::string_view given, const VerbWord& verb) {
    const std::string_view name = given.substr(0, given.find('='));
    std::vector<std::string_view> known;
    for (const OptionWord& word : global_options()) {
        if (!word.hidden) known.push_back(word.name);
    }
    for (const VerbWord& other : all_verbs()) {
        for (const OptionWord& word : other.options) {
            if (word.name == name && other.name != verb.name) {
                throw UsageError(
                    fmt::format("{0} is an option of \"{1}\": write \"jetcuda-check {1} {0}\".", name, other.name));
            }
            if (!word.hidden && other.name == verb.name) known.push_back(word.name);
        }
    }
    throw UsageError(fmt::format("There is no option {}.{} \"jetcuda-check {} --help\" lists them.", name,
                                 did_you_mean(name, known), verb.name));
}

[[noreturn]] void refuse_verb(std::string_view given) {
    for (const OptionWord& word : global_options()) {
        if (word.name.substr(2) == given) {
            throw UsageError(
                fmt::format("{0} is no verb, but an option: write \"jetcuda-check {1}\".", given, word.name));
        }
    }
    std::vector<std::string_view> known;
    for (const VerbWord& verb : all_verbs()) known.push_back(verb.name);
    throw UsageError(
        fmt::format("There is no verb {}.{} The verbs are {}.", given, did_you_mean(given, known), either(known)));
}

// CLI11 words its errors "--root: 1 required DIR missing"; what people need is the option and its form.
[[noreturn]] void refuse(const CLI::ParseError& error) {
    const std::string_view text = error.what();
    const std::string_view name = text.substr(0, text.find_first_of(": "));
    const auto explain = [&](const std::vector<OptionWord>& words) {
        for (const OptionWord& word : words) {
            if (word.name != name && word.name.substr(2) != name) continue;  // it leaves the dashes out at times
            if (word.value.empty()) throw UsageError(fmt::format("{0} takes no value: write it as {0}.", word.name));
            throw UsageError(fmt::format("{0} needs a value: {0} {1}.", word.name, word.value));
        }
    };
    explain(global_options());
    for (const VerbWord& verb : all_verbs()) explain(verb.options);
    throw UsageError(fmt::format("{}. \"jetcuda-check --help\" shows what is understood.", text));
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
    Options options;
    CLI::App app{"", "jetcuda-check"};
    app.set_help_flag();
    app.allow_extras();
    app.require_subcommand(0, 1);
    add_options(app, global_options(), options);
    for (const VerbWord& verb : all_verbs()) {
        CLI::App* sub = app.add_subcommand(std::string{verb.name});
        sub->set_help_flag();
        sub->fallthrough();
        sub->allow_extras();
        add_options(*sub, verb.options, options);
        if (!verb.arguments.empty()) sub->add_option("arguments", options.arguments);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        refuse(error);
    }

    const auto parsed = app.get_subcommands();
    options.verb_given = !parsed.empty();
    options.verb = parsed.empty() ? std::string{default_verb} : parsed.front()->get_name();
    const VerbWord& verb = *find_verb(options.verb);
    std::vector<std::string> unknown = app.remaining(true);
    unknown.erase(std::remove(unknown.begin(), unknown.end(), "--"), unknown.end());  // it only ends the options
    if (!unknown.empty() && !options.help) {
        const auto option = std::find_if(unknown.begin(), unknown.end(),
                                         [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
        // A verb that does not exist makes its options unknown too; the verb is the cause.
        if (parsed.empty() && unknown.front()[0] != '-') refuse_verb(unknown.front());
        if (option != unknown.end()) refuse_option(*option, verb);
        if (!verb.arguments.empty()) {
            throw UsageError(fmt::format("{0} stands before the verb: write \"jetcuda-check {1} {0}\".",
                                         unknown.front(), verb.name));
        }
        throw UsageError(
            fmt::format("\"{0}\" takes no argument, and was given {1}. \"jetcuda-check {0} --help\" "
                        "shows what it takes.",
                        verb.name, unknown.front()));
    }
    return options;
}

}  // namespace jetcuda
