// How a child is started, watched and ended. One poll() waits for its end, its output and the clock together;
// everything that could wait for ever (a full pipe, a grandchild that keeps one open, a kill that does not work)
// is one of the things polled, never a blocking call.

#include "probes/system/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/system/descriptor.hpp"

namespace jetcuda {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// System calls that the C library of Ubuntu 20.04 (glibc 2.31) has no function and its headers no number for. The
// numbers are the same on every architecture (include/uapi/asm-generic/unistd.h).
constexpr long pidfd_open_call = 434;   // Linux 5.3
constexpr long close_range_call = 436;  // Linux 5.9

// Without a pidfd, or where it says "ended" but nobody may reap yet (a traced child), the end is asked for this often.
constexpr milliseconds asking_interval{10};

// ---- the child, between fork and exec: only what is safe there when the parent has threads ----

void close_range_or_each(unsigned first, unsigned last) {
    if (first > last) return;
    if (syscall(close_range_call, first, last, 0) == 0) return;
    rlimit limit{};
    const unsigned highest = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65'536
                                 ? static_cast<unsigned>(limit.rlim_cur)
                                 : 65'536U;
    for (unsigned number = first; number <= last && number <= highest; ++number) close(static_cast<int>(number));
}

// `kept` in rising order; -1 for none.
void close_all_above_standard_but(int kept, int also_kept) {
    unsigned first = 3;
    for (const int number : {kept, also_kept}) {
        if (number < 3) continue;
        const auto keep = static_cast<unsigned>(number);
        if (keep > first) close_range_or_each(first, keep - 1);
        first = keep + 1;
    }
    close_range_or_each(first, ~0U);
}

struct Start {
    char* const* argv;
    char* const* environment;
    const char* directory;      // or null
    int input, output, errors;  // the child's ends, all above 2
    int failure;                // close-on-exec: carries errno when exec fails
    int inherited;              // or -1
    pid_t parent;
};

[[noreturn]] void become_program(const Start& start) {
    const auto give_up = [&start] {
        const int reason = errno;
        // Should this write fail, too, the exit status alone tells that nothing was started.
        [[maybe_unused]] const ssize_t written = write(start.failure, &reason, sizeof reason);
        _exit(127);
    };

    setpgid(0, 0);
    // No probe outlives the one who wanted its answer. The parent may have died before the request took effect.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up();
    if (const pid_t parent = getppid(); parent != start.parent && parent != 0) _exit(127);

    // Ignored signals would stay ignored in the program, and a driver's crash could then look like a hang.
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    for (int signal_number = 1; signal_number < NSIG; ++signal_number) sigaction(signal_number, &usual, nullptr);

    if (start.directory != nullptr && chdir(start.directory) != 0) give_up();
    if (dup2(start.input, 0) < 0 || dup2(start.output, 1) < 0 || dup2(start.errors, 2) < 0) give_up();
    close_all_above_standard_but(std::min(start.failure, start.inherited), std::max(start.failure, start.inherited));
    if (start.inherited > 2 && fcntl(start.inherited, F_SETFD, 0) != 0) give_up();

    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    execve(start.argv[0], start.argv, start.environment);
    give_up();
    _exit(127);
}

// ---- the parent ----

struct Pipe {
    Descriptor reader;
    Descriptor writer;
};

// Both ends close on exec, and neither is 0, 1 or 2, where dup2 in the child would overwrite it.
bool make_pipe(Pipe& made) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    made.reader = Descriptor(ends[0]);
    made.writer = Descriptor(ends[1]);
    for (Descriptor* end : {&made.reader, &made.writer}) {
        if (end->number() > 2) continue;
        Descriptor higher(fcntl(end->number(), F_DUPFD_CLOEXEC, 3));
        if (!higher) return false;
        *end = std::move(higher);
    }
    return true;
}

void make_nonblocking(const Descriptor& end) {
    fcntl(end.number(), F_SETFL, fcntl(end.number(), F_GETFL) | O_NONBLOCK);
}

std::vector<char*> as_pointers(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

// A child that has closed its standard input must not end us by SIGPIPE, whatever our caller does with that signal.
ssize_t write_without_sigpipe(int number, const char* bytes, std::size_t size) {
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    const bool pending_before = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t written = write(number, bytes, size);
    const int reason = errno;
    if (written < 0 && reason == EPIPE && !pending_before) {
        const timespec at_once{};
        while (sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = reason;
    return written;
}

// Children that could not be ended. They stay ours: each later call tries to reap them.
class LetGo {
public:
    void add(pid_t pid) {
        const std::lock_guard lock(mutex_);
        pids_.push_back(pid);
    }
    void reap() {
        const std::lock_guard lock(mutex_);
        pids_.erase(
            std::remove_if(pids_.begin(), pids_.end(), [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; }),
            pids_.end());
    }

private:
    std::mutex mutex_;
    std::vector<pid_t> pids_;
};

LetGo& let_go() {
    static LetGo list;
    return list;
}

class Child {
public:
    Child(const ProcessRequest& request, const std::function<void(std::string_view)>& on_line)
        : request_(request), on_line_(on_line) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        // Only reached with a living child when `on_line` threw.
        if (pid_ > 0) abandon();
    }

    ProcessResult run() {
        if (start()) watch();
        result_.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
        result_.unended_line = std::move(line_);
        return std::move(result_);
    }

private:
    enum class Stage { running, terminating, killing };

    bool start();
    void watch();
    bool ended();
    void check_limits(Clock::time_point now);
    void end_it(ProcessEnd reason);
    void wait_for_events(Clock::time_point now);
    [[nodiscard]] Clock::time_point next_deadline() const;
    void write_input();
    bool read_output();
    bool read_errors();
    void read_failure();
    void take_output(std::string_view bytes);
    void finish(const siginfo_t& info);
    void drain();
    void abandon();
    void signal_group(int signal_number) const {
        if (pid_ > 0) kill(-pid_, signal_number);
    }

    const ProcessRequest& request_;
    const std::function<void(std::string_view)>& on_line_;
    ProcessResult result_;

    pid_t pid_ = -1;  // -1 again as soon as it was reaped or let go
    Descriptor pidfd_;
    Descriptor input_, output_, errors_, failure_;
    std::size_t input_written_ = 0;
    std::size_t output_read_ = 0;
    std::string line_;  // the beginning of a line whose end has not come yet

    Stage stage_ = Stage::running;
    Clock::time_point started_ = Clock::now();
    Clock::time_point last_line_ = started_;
    Clock::time_point stage_deadline_;
};

bool Child::start() {
    const auto refuse = [this](int reason) {
        result_.end = ProcessEnd::not_started;
        result_.error_number = reason;
        return false;
    };
    if (request_.argv.empty()) return refuse(EINVAL);

    Pipe input;
    Pipe output;
    Pipe errors;
    Pipe failure;
    if (!make_pipe(input) || !make_pipe(output) || !make_pipe(errors) || !make_pipe(failure)) return refuse(errno);

    const std::vector<char*> argv = as_pointers(request_.argv);
    const std::vector<char*> environment = as_pointers(request_.environment);
    const Start start{argv.data(),
                      environment.data(),
                      request_.directory.empty() ? nullptr : request_.directory.c_str(),
                      input.reader.number(),
                      output.writer.number(),
                      errors.writer.number(),
                      failure.writer.number(),
                      request_.inherited_descriptor,
                      getpid()};

    // A handler of ours must not run in the child, where our threads and their locks do not exist.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork();
    const int reason = errno;
    if (pid == 0) become_program(start);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return refuse(reason);

    pid_ = pid;
    result_.pid = pid;
    setpgid(pid, pid);  // the child does it, too: whoever comes first, the group is there before it is signalled
    pidfd_ = Descriptor(static_cast<int>(syscall(pidfd_open_call, pid, 0)));
    input_ = std::move(input.writer);
    output_ = std::move(output.reader);
    errors_ = std::move(errors.reader);
    failure_ = std::move(failure.reader);
    for (const Descriptor* end : {&input_, &output_, &errors_, &failure_}) make_nonblocking(*end);
    return true;
}

void Child::watch() {
    while (true) {
        write_input();
        if (ended()) return;
        const Clock::time_point now = Clock::now();
        check_limits(now);
        if (pid_ < 0) return;
        wait_for_events(now);
        read_failure();
        read_output();
        read_errors();
    }
}

// Asks without reaping, so that the number of the child and of its group stay ours until the group was ended.
bool Child::ended() {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        if (errno == EINTR) return false;
        // Somebody else reaped it (SIGCHLD is ignored, or a caller waits for any child): its status is lost.
        const int reason = errno;
        pid_ = -1;
        read_failure();
        drain();
        if (result_.error_number == 0) {
            result_.error_number = reason;
            if (stage_ == Stage::running) result_.end = ProcessEnd::exited;
            result_.exit_status = -1;
        }
        return true;
    }
    if (info.si_pid != pid_) return false;
    finish(info);
    return true;
}

void Child::finish(const siginfo_t& info) {
    signal_group(SIGKILL);  // what the child started ends with it
    read_failure();
    drain();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (result_.error_number != 0 || stage_ != Stage::running) return;  // never was the program, or was ended by us
    if (info.si_code == CLD_EXITED) {
        result_.end = ProcessEnd::exited;
        result_.exit_status = info.si_status;
    } else {
        result_.end = ProcessEnd::signalled;
        result_.signal = info.si_status;
    }
}

// Takes what is in the pipes now. Their end is not waited for: a grandchild may hold them open, and may write on
// and on, so the number of turns is limited, too.
void Child::drain() {
    for (int turn = 0; turn < 64 && read_output(); ++turn) {
    }
    for (int turn = 0; turn < 64 && read_errors(); ++turn) {
    }
}

void Child::check_limits(Clock::time_point now) {
    switch (stage_) {
        case Stage::running:
            if (now - started_ >= request_.total_limit) {
                end_it(ProcessEnd::timed_out);
            } else if (request_.step_limit.count() > 0 && now - last_line_ >= request_.step_limit) {
                result_.step_limit_hit = true;
                end_it(ProcessEnd::timed_out);
            }
            break;
        case Stage::terminating:
            if (now < stage_deadline_) break;
            signal_group(SIGKILL);
            stage_ = Stage::killing;
            stage_deadline_ = now + request_.grace;
            break;
        case Stage::killing:
            if (now < stage_deadline_) break;
            result_.end = ProcessEnd::unkillable;
            let_go().add(std::exchange(pid_, -1));
            break;
    }
}

void Child::end_it(ProcessEnd reason) {
    result_.end = reason;
    signal_group(SIGTERM);
    stage_ = Stage::terminating;
    stage_deadline_ = Clock::now() + request_.grace;
}

Clock::time_point Child::next_deadline() const {
    if (stage_ != Stage::running) return stage_deadline_;
    const Clock::time_point total = started_ + request_.total_limit;
    return request_.step_limit.count() > 0 ? std::min(total, last_line_ + request_.step_limit) : total;
}

void Child::wait_for_events(Clock::time_point now) {
    // poll() passes over entries with a negative descriptor.
    std::array<pollfd, 5> events{{{pidfd_.number(), POLLIN, 0},
                                  {output_.number(), POLLIN, 0},
                                  {errors_.number(), POLLIN, 0},
                                  {failure_.number(), POLLIN, 0},
                                  {input_.number(), POLLOUT, 0}}};
    milliseconds wait = std::chrono::ceil<milliseconds>(next_deadline() - now);
    if (!pidfd_) wait = std::min(wait, asking_interval);
    wait = std::clamp(wait, milliseconds{0}, milliseconds{3'600'000});
    poll(events.data(), events.size(), static_cast<int>(wait.count()));
    // Ended, and yet not ours to reap: without this, poll() would return at once for ever.
    if (pidfd_ && (events[0].revents & (POLLIN | POLLERR | POLLNVAL)) != 0) {
        siginfo_t info{};
        if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != pid_) {
            pidfd_.close();
        }
    }
}

void Child::write_input() {
    while (input_ && input_written_ < request_.input.size()) {
        const ssize_t written = write_without_sigpipe(input_.number(), request_.input.data() + input_written_,
                                                      request_.input.size() - input_written_);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return;
        if (written < 0) break;  // it does not want the rest
        input_written_ += static_cast<std::size_t>(written);
    }
    input_.close();
}

// One chunk, so that limits are looked at between chunks. Answers whether there may be more now.
bool Child::read_output() {
    if (!output_) return false;
    std::array<char, 16'384> chunk;
    const ssize_t size = read(output_.number(), chunk.data(), chunk.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
    if (size <= 0) {
        output_.close();
        return false;
    }
    // What comes after the decision to end the child is read, so that it can end, and does not count.
    if (stage_ == Stage::running) take_output({chunk.data(), static_cast<std::size_t>(size)});
    return true;
}

void Child::take_output(std::string_view bytes) {
    const std::size_t allowed = request_.output_limit - output_read_;
    const bool too_much = bytes.size() > allowed;
    bytes = bytes.substr(0, allowed);
    output_read_ += bytes.size();
    for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
        line_.append(bytes.substr(0, end));
        bytes.remove_prefix(end + 1);
        const std::string line = std::exchange(line_, {});
        if (on_line_) on_line_(line);
        last_line_ = Clock::now();
    }
    line_.append(bytes);
    if (too_much) end_it(ProcessEnd::babbled);
}

bool Child::read_errors() {
    if (!errors_) return false;
    std::array<char, 16'384> chunk;
    const ssize_t size = read(errors_.number(), chunk.data(), chunk.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
    if (size <= 0) {
        errors_.close();
        return false;
    }
    const std::size_t room = request_.error_limit - std::min(result_.error_output.size(), request_.error_limit);
    result_.error_output.append(chunk.data(), std::min(room, static_cast<std::size_t>(size)));
    return true;
}

// The pipe of `become_program`: closed by a successful exec, or it carries the reason why there was none.
void Child::read_failure() {
    if (!failure_) return;
    int reason = 0;
    const ssize_t size = read(failure_.number(), &reason, sizeof reason);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    failure_.close();
    if (size != static_cast<ssize_t>(sizeof reason)) return;
    result_.end = ProcessEnd::not_started;
    result_.error_number = reason;
}

void Child::abandon() {
    signal_group(SIGKILL);
    for (const Clock::time_point until = Clock::now() + request_.grace; Clock::now() < until;) {
        if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
        poll(nullptr, 0, static_cast<int>(asking_interval.count()));
    }
    let_go().add(pid_);
}

}  // namespace

ProcessResult run_process(const ProcessRequest& request, const std::function<void(std::string_view line)>& on_line) {
    let_go().reap();
    return Child(request, on_line).run();
}

}  // namespace jetcuda
