// `jetcuda-check run --request=-`: the daemon's runner. It speaks daemon/runner_protocol.hpp on its standard input
// and output, which are a socket under systemd and two pipes without it.
//
// Its exit status tells how the talk went and not what was found: the unit of a runner that reported a sick board
// has not failed.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/settling.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/json.hpp"
#include "daemon/runner_protocol.hpp"

namespace jetcuda {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds request_limit{30'000};  // a connection on which nobody asks must not occupy the runner
constexpr milliseconds lock_limit{10'000};     // the daemon has a limit of its own, and asks again later
constexpr std::size_t request_size_limit = std::size_t{64} << 10;

// The first line of standard input. Throws RunnerProtocolError where none comes.
std::string read_request_line() {
    const auto deadline = std::chrono::steady_clock::now() + request_limit;
    std::string line;
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = ::poll(&input, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            throw RunnerProtocolError(
                fmt::format("no request came on standard input within {} s", request_limit.count() / 1000));
        }
        char buffer[4096];
        const ssize_t count = ready < 0 ? ready : ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            throw RunnerProtocolError("standard input could not be read: " + std::generic_category().message(errno));
        }
        line.append(buffer, static_cast<std::size_t>(count));
        const std::size_t end = line.find('\n');
        if (end != std::string::npos) return line.substr(0, end);
        if (count == 0 && !line.empty()) return line;
        if (count == 0) throw RunnerProtocolError("standard input ended before a request came");
        if (line.size() > request_size_limit) throw RunnerProtocolError("the request is longer than 64 KiB");
    }
}

// Writes lines until the other side leaves; after that it says nothing more, and everything ends soon.
class Teller {
public:
    void tell(const RunnerLine& line) {
        if (peer_left_) return;
        try {
            write_output(to_line(line) + '\n');
        } catch (const OutputError& error) {
            if (!error.reader_left) throw;
            peer_left_ = true;
        }
    }

    // Sleeps for `pause`, or until the other side leaves; answers whether it is still there.
    bool stays_through(milliseconds pause) {
        const auto until = std::chrono::steady_clock::now() + pause;
        while (!peer_left_) {
            const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
            // No event is asked for: a peer that only shut down its writing side is still there.
            pollfd output{STDOUT_FILENO, 0, 0};
            const int ready = ::poll(&output, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
            if (ready < 0 && errno == EINTR) continue;
            if (ready == 0) return true;
            peer_left_ = true;
        }
        return false;
    }

private:
    bool peer_left_ = false;
};

void judge_and_tell(const Options& options, const RunRequest& request, Teller& teller) {
    Inquiry inquiry = open_inquiry(options, request.checks);
    tell_ignored(inquiry.custom);
    inquiry.request.probe = inquiry.request.probe && request.probe;
    inquiry.request.on_progress = [&teller](std::string_view source) {
        teller.tell({std::string{source}, std::nullopt, std::nullopt});
    };
    inquiry.lock_wait = lock_limit;
    Report report = judge_machine(inquiry);
    for (const milliseconds pause : request.settle) {
        const auto elapsed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - inquiry.begin);
        if (!worth_asking_again(report, elapsed + pause)) break;
        if (!teller.stays_through(pause)) return;
        report = judge_machine(inquiry);
    }
    teller.tell({std::nullopt, to_json(report), std::nullopt});
}

}  // namespace

ExitStatus answer_request(const Options& options) {
    if (*options.request != "-") {
        throw UsageError("--request takes \"-\" only: one request, on standard input.");
    }
    if (!options.arguments.empty()) {
        throw UsageError("With --request the checks to judge are named in the request, not as arguments.");
    }
    Teller teller;
    const auto refuse = [&teller](const std::string& sentence, ExitStatus status) {
        write_error_line(sentence);
        teller.tell({std::nullopt, std::nullopt, sentence});
        return status;
    };
    try {
        judge_and_tell(options, run_request_from_line(read_request_line()), teller);
        return ExitStatus::healthy;
    } catch (const OutputError&) {
        throw;  // there is nobody left to tell; main.cpp says it
    } catch (const RunnerProtocolError& error) {
        return refuse(error.what(), ExitStatus::input_output_error);
    } catch (const UsageError& error) {
        return refuse(error.what(), ExitStatus::usage_error);
    } catch (const SettingsError& error) {
        return refuse(error.what(), ExitStatus::usage_error);
    } catch (const CatalogError& error) {
        return refuse(error.what(), ExitStatus::usage_error);
    } catch (const std::exception& error) {
        return refuse(fmt::format("the run failed by a fault of its own: {}", error.what()), ExitStatus::our_fault);
    }
}

}  // namespace jetcuda
