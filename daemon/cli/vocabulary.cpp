#include "daemon/cli/vocabulary.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/cli/paragraph.hpp"
#include "daemon/cli/verbs.hpp"

namespace jetcuda {
namespace {

const OptionWord every_check{"--all", "", "show the checks that pass, too", &Options::all};

std::string option_lines(const std::vector<OptionWord>& options) {
    std::string text;
    for (const OptionWord& option : options) {
        if (option.hidden) continue;
        std::string left = fmt::format("  {}", option.name);
        if (!option.value.empty()) left += fmt::format(" {}", option.value);
        text += hanging(left, 20, option.text);
    }
    return text;
}

bool has_visible(const std::vector<OptionWord>& options) {
    return std::any_of(options.begin(), options.end(), [](const OptionWord& option) { return !option.hidden; });
}

constexpr std::string_view of_the_verdict = "0 healthy, 1 degraded, 2 unhealthy, 3 unknown";

std::string exit_statuses(std::string_view own) {
    return fmt::format("Exit status: {};\n64 usage or configuration error, 70 our own fault, 74 input/output error.\n",
                       own.empty() ? of_the_verdict : own);
}

}  // namespace

const std::vector<OptionWord>& global_options() {
    static const std::vector<OptionWord> options = {
        {"--root", "DIR", "judge the system below DIR, not this one; nothing is probed unless --driver is given",
         &Options::root},
        {"--system", "PATH",
         "judge, before a switch to it, the NixOS system at PATH inside the root; nothing is probed unless --driver is "
         "given",
         &Options::system},
        {"--soc", "SOC", "the SoC of an image at rest, which names none itself: T194, T234 or T264", &Options::soc},
        {"--driver", "FILE", "the libcuda to ask, a file of this machine; nothing else changes", &Options::driver},
        {"--no-probe", "", "read and judge only; load no driver", &Options::no_probe},
        {"--data", "DIR", "where releases.json and socs.json are", &Options::data},
        {"--config", "DIR", "where config.json, config.d, checks.d and data.d are", &Options::config},
        {"--json", "", "answer as JSON", &Options::json},
        {"--help", "", "show this help", &Options::help},
        {"--version", "", "show the version", &Options::version},
        {"--state-dir", "DIR", "in place of /run/jetcuda-check", &Options::state_dir, true},
    };
    return options;
}

const std::vector<VerbWord>& all_verbs() {
    static const std::vector<VerbWord> verbs = {
        {"status",
         "",
         "the daemon's newest report; without a daemon it judges here and now (the default)",
         {every_check},
         perform_status},
        {"run",
         "[ID…]",
         "judge now, without the daemon: every check, or those named",
         {every_check,
          {"--repeat", "N", "let the GPU do its work N times, 1 to 1000", &Options::repeat},
          {"--all-compat", "", "try the drivers of idle cuda_compat folders, too", &Options::all_compat},
          {"--request", "-", "answer one request of the daemon on standard input", &Options::request, true}},
         perform_run},
        {"facts",
         "",
         "what was read, each value with its source or why it is missing",
         {},
         perform_facts,
         "0 answered"},
        {"list",
         "",
         "the checks, each with its claim",
         {{"--markdown", "", "as the table in the README", &Options::markdown}},
         perform_list,
         "0 answered"},
        {"explain",
         "ID [CODE]",
         "one check: what it claims, why it matters, what it reads, every way it can go and the remedy; or one of "
         "these ways",
         {},
         perform_explain,
         "0 answered"},
        {"which-libcuda",
         "",
         "which libcuda the loader would take, and every step that led there",
         {{"--for", "ELF", "for this program or library, in place of one without search paths of its own",
           &Options::for_file}},
         perform_which_libcuda,
         "0 one is found and is no stub, 2 none is found or a stub is taken"},
        {"inspect",
         "PATH…",
         "will these programs, libraries, wheels and folders run on this board, or on the one described? PATH \"-\" is "
         "standard input",
         {{"--sm", "SM", "the GPU that is meant: 72, 87 or 110", &Options::sm},
          {"--driver-cuda", "X.Y", "the CUDA version of its driver", &Options::driver_cuda},
          {"--l4t", "RELEASE", "its L4T release, such as 36.5, which says which driver it has", &Options::l4t}},
         perform_inspect,
         "0 all run or hold no GPU code, 1 some need JIT or a cuda_compat, 2 some cannot run, 3 something could not be "
         "read"},
        {"gate",
         "",
         "the boot decision: exit status 1 withholds boot-complete.target, 0 lets it be reached",
         {{"--deny-file", "FILE", "made when the boot is withheld, removed when it is not", &Options::deny_file, true}},
         perform_gate,
         "0 the boot passes, 1 it is withheld"},
        {"diff",
         "A B",
         "what changed between two reports, files that \"run --json\" wrote",
         {},
         perform_diff,
         "0 nothing changed, 1 something did"},
        {"bundle",
         "FILE",
         "a support bundle (.tar.gz or .tar.zst): facts, report, log lines and settings, without serial numbers, "
         "addresses and names; FILE \"-\" is standard output",
         {{"--force", "", "replace FILE if it is there already", &Options::force}},
         perform_bundle,
         "0 written"},
    };
    return verbs;
}

const VerbWord* find_verb(std::string_view name) {
    const auto& verbs = all_verbs();
    const auto found =
        std::find_if(verbs.begin(), verbs.end(), [&](const VerbWord& verb) { return verb.name == name; });
    return found == verbs.end() ? nullptr : &*found;
}

std::string help_text() {
    std::string text = "Usage: jetcuda-check [OPTION…] [VERB] …\n\n";
    text += "Tells whether CUDA on this NVIDIA Jetson is sound, and if not, what is wrong.\n\nVerbs:\n";
    for (const VerbWord& verb : all_verbs()) {
        std::string left = fmt::format("  {}", verb.name);
        if (!verb.arguments.empty()) left += fmt::format(" {}", verb.arguments);
        text += hanging(left, 20, verb.text);
    }
    text += "\nOptions, before or after the verb:\n";
    text += option_lines(global_options());
    text += "\n\"jetcuda-check VERB --help\" shows what else a verb takes; see also jetcuda-check(1).\n";
    text += exit_statuses(of_the_verdict);
    return text;
}

std::string help_text(const VerbWord& verb) {
    std::string text = fmt::format("Usage: jetcuda-check {} {}[OPTION…]\n\n", verb.name,
                                   verb.arguments.empty() ? "" : fmt::format("{} ", verb.arguments));
    text += hanging("", 0, fmt::format("{}: {}.", verb.name, verb.text));
    if (has_visible(verb.options)) {
        text += fmt::format("\nOptions of {}:\n", verb.name);
        text += option_lines(verb.options);
    }
    text += "\nOptions of every verb:\n";
    text += option_lines(global_options());
    text += '\n';
    text += exit_statuses(verb.exit_statuses);
    return text;
}

}  // namespace jetcuda
