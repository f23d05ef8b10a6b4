// One conversation with the runner (`jetcuda-check run --json --request=-`), from the request to its last line. The
// runner reads the machine and its child calls the driver, so it may crash, hang, be killed, or say anything: what
// comes back is limited in time and size, checked line by line, and a conversation always ends.
//
// Under systemd the runner is reached through jetcuda-check-run.socket, which starts it in a unit of its own: a child
// of the daemon would inherit the daemon's sandbox, in which no device and no kernel module can be seen. Without
// systemd the daemon starts it as its child. The stream between them is the same.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "daemon/bus/event_loop.hpp"
#include "daemon/runner_protocol.hpp"

namespace jetcuda {

// Where the runner is.
struct RunnerPlace {
    std::string socket;   // path of the listening socket; empty: start `program` as a child
    std::string program;  // path of jetcuda-check
};

struct RunnerLimits {
    // Until the first line. systemd may hold the runner back at boot until the services that come first are done.
    std::chrono::milliseconds first_line{300'000};
    std::chrono::milliseconds whole{75'000};    // from the first line to the end
    std::chrono::milliseconds to_leave{2'000};  // for a child: to end by itself, then from SIGTERM to SIGKILL
    std::size_t output = std::size_t{8} << 20;  // bytes in all
    std::size_t lines = 10'000;                 // a run has a line for each source and check
};

enum class RunnerEnd {
    reported,   // `report_json` is what it said, unchecked but for the form of its line
    failed,     // it told an error, broke the protocol, or ended without a report: `sentence` says which
    timed_out,  // over a limit
    cancelled,
};

struct RunnerOutcome {
    RunnerEnd end = RunnerEnd::failed;
    std::string report_json;
    std::string sentence;  // complete, without full stop; empty when it reported
};

class Runner {
public:
    using OnProgress = std::function<void(const std::string& what)>;
    using OnEnd = std::function<void(RunnerOutcome outcome)>;

    // Starts at once. `on_end` comes exactly once, from the loop and never from inside this constructor or cancel();
    // it may destroy the Runner. Then a child is gone, or it was stuck in the kernel and was let go.
    Runner(EventLoop& loop, const RunnerPlace& place, const RunRequest& request, const RunnerLimits& limits,
           OnProgress on_progress, OnEnd on_end);
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    ~Runner();

    void cancel();

private:
    void connect();
    bool connect_later();  // false: long enough
    void start_child();
    void talk(int descriptor);
    void read_some();
    void take_line(std::string_view line);
    void end_of_stream();
    void conclude(RunnerOutcome outcome);
    void end_child();
    void child_is_gone();
    void deliver_soon();
    void set_limit(std::chrono::milliseconds limit, const char* what);

    EventLoop& loop_;
    RunnerPlace place_;
    RunnerLimits limits_;
    std::string request_line_;
    OnProgress on_progress_;
    OnEnd on_end_;

    int stream_ = -1;
    int attempts_ = 0;
    std::chrono::milliseconds waited_{0};  // between attempts
    std::string buffer_;
    std::size_t received_ = 0;
    std::size_t lines_ = 0;
    bool concluded_ = false;
    RunnerOutcome outcome_;

    pid_t child_ = -1;
    int signals_sent_ = 0;
    bool ended_silently_ = false;
    std::string child_end_;  // "was ended by signal 9 (Killed)"

    EventSourcePtr on_stream_;
    EventSourcePtr limit_;
    EventSourcePtr retry_;
    EventSourcePtr on_child_;
    EventSourcePtr leaving_;
    EventSourcePtr delivery_;
};

}  // namespace jetcuda
