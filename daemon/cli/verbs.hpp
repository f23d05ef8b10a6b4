// What each verb does; one file each. All write to standard output through output.hpp and answer with the exit
// status; what they throw is told in main.cpp.

#pragma once

#include "daemon/cli/options.hpp"
#include "daemon/report/exit_status.hpp"

namespace jetcuda {

ExitStatus perform_status(const Options& options);
ExitStatus perform_run(const Options& options);
ExitStatus perform_facts(const Options& options);
ExitStatus perform_list(const Options& options);
ExitStatus perform_explain(const Options& options);
ExitStatus perform_which_libcuda(const Options& options);
ExitStatus perform_inspect(const Options& options);
ExitStatus perform_gate(const Options& options);
ExitStatus perform_diff(const Options& options);
ExitStatus perform_bundle(const Options& options);

// `run --request=-`: one request on standard input, the lines of runner_protocol.hpp on standard output.
ExitStatus answer_request(const Options& options);

}  // namespace jetcuda
