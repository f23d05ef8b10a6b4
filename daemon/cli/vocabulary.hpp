// Every word that jetcuda-check understands, once: the parser, the help, and the tests that hold the man page and
// the completions to it all read these tables. A verb is added here and in a file of its own.

#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/cli/options.hpp"
#include "daemon/report/exit_status.hpp"

namespace jetcuda {

struct OptionWord {
    std::string_view name;   // "--root"
    std::string_view value;  // "DIR"; empty: a flag
    std::string_view text;   // what it does, without full stop
    std::variant<bool Options::*, std::optional<std::string> Options::*> target;
    bool hidden = false;  // for the daemon, the units and the tests; not in the help
};

struct VerbWord {
    std::string_view name;
    std::string_view arguments;  // "[ID…]"; empty: takes none
    std::string_view text;       // what it does, without full stop
    std::vector<OptionWord> options;
    ExitStatus (*perform)(const Options&);
    std::string_view exit_statuses = {};  // what 0 and those below 64 mean; empty: the verdict
};

const std::vector<OptionWord>& global_options();
const std::vector<VerbWord>& all_verbs();
const VerbWord* find_verb(std::string_view name);  // null: no such verb
inline constexpr std::string_view default_verb = "status";

// The text of --help: of the whole program, or of one verb.
std::string help_text();
std::string help_text(const VerbWord& verb);

}  // namespace jetcuda
