#include "daemon/bus/runner.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/bus/log.hpp"

namespace jetcuda {

namespace {

using std::chrono::milliseconds;

// systemd closes a connection at once while the unit of the run before is still ending (MaxConnections=1), which may
// take as long as a run. A runner that dies before its first word looks the same, so the pauses grow.
constexpr milliseconds first_pause{250};

std::string reason_of(int error_number) { return std::generic_category().message(error_number); }

std::string in_words(milliseconds limit) {
    return limit.count() % 1000 == 0 ? std::to_string(limit.count() / 1000) + " s"
                                     : std::to_string(limit.count()) + " ms";
}

std::string how_it_ended(const siginfo_t& how) {
    if (how.si_code == CLD_EXITED) {
        return "left with exit status " + std::to_string(how.si_status);
    }
    const char* name = strsignal(how.si_status);  // NOLINT(concurrency-mt-unsafe): the daemon has one thread
    return "was ended by signal " + std::to_string(how.si_status) +
           (name == nullptr ? "" : " (" + std::string(name) + ")");
}

// What a killed runner leaves behind (a probe that hangs in the driver leads a process group of its own) becomes our
// child, since start_child() makes the daemon the reaper of its descendants. The daemon has no other children.
void end_orphans() {
    const std::string self = std::to_string(getpid());
    std::ifstream children("/proc/self/task/" + self + "/children");
    pid_t orphan = 0;
    while (children >> orphan) {
        if (waitpid(orphan, nullptr, WNOHANG) != 0) {
            continue;  // it had ended
        }
        log(LogLevel::warning, "ending process " + std::to_string(orphan) + ", which the runner left behind");
        kill(orphan, SIGKILL);
        // One that is stuck in the kernel stays; the next run's end looks again.
        for (int i = 0; i < 20 && waitpid(orphan, nullptr, WNOHANG) == 0; ++i) {
            usleep(5000);
        }
    }
}

[[noreturn]] void become_runner(const char* program, int stream) {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(stream, STDIN_FILENO);
    dup2(stream, STDOUT_FILENO);
    std::array<const char*, 5> arguments = {program, "run", "--json", "--request=-", nullptr};
    execv(program, const_cast<char* const*>(arguments.data()));
    const std::string sentence =
        std::string("jetcuda-checkd: cannot start ") + program + ": " + reason_of(errno) + "\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, sentence.data(), sentence.size());
    _exit(127);
}

}  // namespace

Runner::Runner(EventLoop& loop, const RunnerPlace& place, const RunRequest& request, const RunnerLimits& limits,
               OnProgress on_progress, OnEnd on_end)
    : loop_(loop),
      place_(place),
      limits_(limits),
      request_line_(to_line(request) + "\n"),
      on_progress_(std::move(on_progress)),
      on_end_(std::move(on_end)) {
    set_limit(limits_.first_line, "to say its first line");
    if (place_.socket.empty()) {
        start_child();
    } else {
        connect();
    }
}

Runner::~Runner() {
    on_stream_.reset();
    if (stream_ >= 0) {
        close(stream_);
    }
    if (child_ > 0) {
        kill(-child_, SIGKILL);
        kill(child_, SIGKILL);
    }
}

void Runner::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (place_.socket.size() >= sizeof(address.sun_path)) {
        conclude({RunnerEnd::failed, "", "the runner's socket path " + place_.socket + " is too long"});
        return;
    }
    std::memcpy(address.sun_path, place_.socket.c_str(), place_.socket.size() + 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        conclude({RunnerEnd::failed, "", "no socket could be made: " + reason_of(errno)});
        return;
    }
    // sockaddr_un goes by this cast, and by no other way, through the interface of sockets.
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
        const int error = errno;
        close(descriptor);
        if (error == EAGAIN && connect_later()) {  // the socket's queue is full
            return;
        }
        conclude({RunnerEnd::failed, "",
                  "the runner cannot be reached at " + place_.socket + " (" + reason_of(error) +
                      "); see systemctl status jetcuda-check-run.socket"});
        return;
    }
    talk(descriptor);
}

bool Runner::connect_later() {
    const auto pause = first_pause * (1 << attempts_);
    waited_ += pause;
    if (waited_ > limits_.whole) {
        return false;
    }
    ++attempts_;
    retry_ = loop_.after(pause, [this] { connect(); });
    return true;
}

void Runner::start_child() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) {
        conclude({RunnerEnd::failed, "", "no socket pair could be made: " + reason_of(errno)});
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t pid = fork();
    if (pid == 0) {
        become_runner(place_.program.c_str(), ends[1]);
    }
    const int error = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        conclude({RunnerEnd::failed, "", "the runner could not be started: " + reason_of(error)});
        return;
    }
    setpgid(pid, pid);  // whichever of the two comes first
    child_ = pid;
    on_child_ = loop_.on_child(pid, [this](const siginfo_t& how) {
        child_end_ = how_it_ended(how);
        child_is_gone();
    });
    talk(ends[0]);
}

void Runner::talk(int descriptor) {
    stream_ = descriptor;
    on_stream_ = loop_.on_io(stream_, EPOLLIN, [this](int, std::uint32_t) { read_some(); });
    // Far smaller than a socket's buffer, so it is taken at once or never.
    const auto sent = send(stream_, request_line_.data(), request_line_.size(), MSG_NOSIGNAL);
    if (sent >= 0 && static_cast<std::size_t>(sent) == request_line_.size()) {
        shutdown(stream_, SHUT_WR);
    }
    // A runner that is gone already shows as the end of the stream.
}

void Runner::read_some() {
    std::array<char, 16384> piece{};
    const auto count = read(stream_, piece.data(), piece.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {  // an error (ECONNRESET) is an end too
        end_of_stream();
        return;
    }
    if (received_ == 0) {
        set_limit(limits_.whole, "to finish");
    }
    received_ += static_cast<std::size_t>(count);
    if (received_ > limits_.output) {
        conclude({RunnerEnd::failed, "",
                  "the runner printed more than " + std::to_string(limits_.output) + " bytes and was ended"});
        return;
    }
    // Only what is new can hold the end of a line: a long line must not be searched again for every piece.
    const std::string_view news(piece.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    while (!concluded_) {
        const auto end = news.find('\n', begin);
        if (end == std::string_view::npos) {
            break;
        }
        buffer_ += news.substr(begin, end - begin);
        const std::string line = std::exchange(buffer_, {});
        take_line(line);
        begin = end + 1;
    }
    if (concluded_) {
        return;
    }
    buffer_ += news.substr(begin);
    if (buffer_.size() > runner_line_limit) {
        conclude(
            {RunnerEnd::failed, "",
             "the runner printed a line of more than " + std::to_string(runner_line_limit) + " bytes and was ended"});
    }
}

void Runner::take_line(std::string_view text) {
    if (++lines_ > limits_.lines) {
        conclude({RunnerEnd::failed, "",
                  "the runner printed more than " + std::to_string(limits_.lines) + " lines and was ended"});
        return;
    }
    RunnerLine line;
    try {
        line = runner_line_from(text);
    } catch (const RunnerProtocolError& error) {
        conclude({RunnerEnd::failed, "", std::string("the runner said what it must not say: ") + error.what()});
        return;
    }
    if (line.report_json) {
        conclude({RunnerEnd::reported, std::move(*line.report_json), ""});
    } else if (line.error) {
        conclude({RunnerEnd::failed, "", "the runner could not work: " + *line.error});
    } else if (line.progress) {
        on_progress_(*line.progress);
    }
}

void Runner::end_of_stream() {
    if (!place_.socket.empty() && received_ == 0) {
        on_stream_.reset();
        close(std::exchange(stream_, -1));
        if (connect_later()) {
            return;
        }
    }
    ended_silently_ = true;
    conclude({RunnerEnd::failed, "", ""});
}

void Runner::cancel() { conclude({RunnerEnd::cancelled, "", "the run was cancelled"}); }

void Runner::set_limit(milliseconds limit, const char* what) {
    limit_ = loop_.after(limit, [this, limit, what] {
        conclude({RunnerEnd::timed_out, "", "the runner took more than " + in_words(limit) + " " + what});
    });
}

void Runner::conclude(RunnerOutcome outcome) {
    if (concluded_) {
        return;
    }
    concluded_ = true;
    outcome_ = std::move(outcome);
    limit_.reset();
    retry_.reset();
    leaving_.reset();
    on_stream_.reset();
    buffer_ = {};
    if (stream_ >= 0) {
        close(std::exchange(stream_, -1));  // a runner of the socket unit learns by this that nobody listens any more
    }
    if (child_ <= 0) {
        deliver_soon();
        return;
    }
    // One that has reported, or closed its end, may leave by itself; the others are told to.
    if (outcome_.end == RunnerEnd::timed_out || outcome_.end == RunnerEnd::cancelled) {
        end_child();
    } else {
        leaving_ = loop_.after(limits_.to_leave, [this] { end_child(); });
    }
}

void Runner::end_child() {
    ++signals_sent_;
    if (signals_sent_ > 2) {
        log(LogLevel::error, "the runner (process " + std::to_string(child_) +
                                 ") cannot be ended, it is stuck in the kernel; it is let go");
        on_child_.reset();
        child_ = -1;
        deliver_soon();
        return;
    }
    kill(-child_, signals_sent_ == 1 ? SIGTERM : SIGKILL);
    leaving_ = loop_.after(limits_.to_leave, [this] { end_child(); });
}

void Runner::child_is_gone() {
    kill(-child_, SIGKILL);  // what is left of its group
    child_ = -1;
    leaving_.reset();
    if (concluded_) {
        deliver_soon();
    } else {
        // The rest of what it printed is still in the stream, whose end concludes; unless another process holds it.
        leaving_ = loop_.after(limits_.to_leave, [this] { end_of_stream(); });
    }
}

void Runner::deliver_soon() {
    delivery_ = loop_.after(milliseconds(0), [this] {
        if (place_.socket.empty()) {
            end_orphans();
        }
        if (ended_silently_) {
            outcome_.sentence = "the runner " + (child_end_.empty() ? "ended" : child_end_) + " without a report";
            if (!place_.socket.empty()) {
                outcome_.sentence += " (see journalctl -b -u 'jetcuda-check-run@*')";
            }
        }
        const auto on_end = std::move(on_end_);  // which may destroy this
        on_end(std::move(outcome_));
    });
}

}  // namespace jetcuda
