// What a command line of jetcuda-check asks for, as plain values. Nothing here has been looked up on the machine
// yet: whether a folder exists is said by judge_here.hpp, where it is used.

#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace jetcuda {

struct Options {
    std::string verb;                    // always one of all_verbs()
    bool verb_given = false;             // and not the default one
    std::vector<std::string> arguments;  // what the verb was given: ids, codes, files

    bool help = false;
    bool version = false;
    bool json = false;
    bool no_probe = false;
    bool all = false;
    bool markdown = false;
    bool force = false;
    bool all_compat = false;
    std::optional<std::string> root, system, soc, driver, data, config;
    std::optional<std::string> for_file;
    std::optional<std::string> repeat;
    std::optional<std::string> sm, driver_cuda, l4t;           // the board that an inspection asks about
    std::optional<std::string> request, state_dir, deny_file;  // for the daemon, the units and the tests

    // The machine to judge is not simply this one with its own driver, so no report of the daemon can answer.
    [[nodiscard]] bool names_another_machine() const {
        return root || system || soc || driver || no_probe || data || config;
    }
};

// The caller asked for something that does not exist or cannot be: one line, with the way out.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Global options are taken before and after the verb, since people put them anywhere. Throws UsageError.
Options parse_options(int argc, const char* const* argv);

}  // namespace jetcuda
