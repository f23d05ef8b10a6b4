// A child process with limits: on its time, on the time of each of its steps, and on what it may print.
// The command starts jetcuda-probe through this, and the daemon starts the command through it where there is
// no systemd. Nothing that a child does can hang or crash its parent; how it ended is told apart, because for
// a driver a crash, a hang and a kill from outside are three different findings.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

struct ProcessRequest {
    std::vector<std::string> argv;         // argv[0] is a path; PATH is not searched
    std::vector<std::string> environment;  // the whole of it: "NAME=value"; nothing is inherited
    std::string directory;                 // where it starts; empty: where its parent is
    std::string input;                     // written to its standard input, which is then closed
    std::chrono::milliseconds total_limit{60'000};
    std::chrono::milliseconds step_limit{20'000};     // between one line of output and the next; 0: none
    std::chrono::milliseconds grace{500};             // from SIGTERM to SIGKILL, and from SIGKILL to letting go
    std::size_t output_limit = std::size_t{1} << 20;  // bytes of standard output; more ends the child
    std::size_t error_limit = std::size_t{16} << 10;  // bytes of standard error kept; the rest is read and dropped
    int inherited_descriptor = -1;                    // stays open in the child under the same number, e.g. a lock
};

enum class ProcessEnd {
    not_started,  // fork or exec failed; `error_number` says why
    exited,       // by itself; `exit_status`
    signalled,    // by a signal that was not ours; `signal`
    timed_out,    // over a limit, ended by us; `step_limit_hit` says which limit
    babbled,      // over its output limit, ended by us
    unkillable,   // still there after SIGKILL and the grace: stuck in the kernel; it was let go
};

struct ProcessResult {
    ProcessEnd end = ProcessEnd::not_started;
    int exit_status = 0;
    int signal = 0;
    int error_number = 0;
    bool step_limit_hit = false;
    int pid = 0;
    std::string unended_line;  // what it printed after its last newline
    std::string error_output;
    std::chrono::milliseconds duration{0};
};

// Calls `on_line` for every full line of standard output, without its newline, as it comes. The child leads a
// process group of its own, and the whole group is ended with it. Returns when the child is gone or let go.
// An unkillable child's pipes are closed on our side, and a later call reaps it if it ever ends.
ProcessResult run_process(const ProcessRequest& request, const std::function<void(std::string_view line)>& on_line);

}  // namespace jetcuda
