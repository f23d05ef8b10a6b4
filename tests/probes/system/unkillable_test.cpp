// Children that SIGKILL does not rid us of. On a board that is a driver stuck in the kernel; here it is a process
// that a cgroup's freezer holds (it gets no signal until it is thawed), and one whose tracer keeps its remains (dead,
// and yet not ours to reap). The first needs root and the freezer of cgroup v1; the second runs everywhere.

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/system/process.hpp"

using namespace jetcuda;
using namespace std::chrono_literals;

namespace {

// Let go is not forgotten: once it has ended, the next child's start takes its remains away.
bool is_reaped_by_a_later_call(int pid) {
    ProcessRequest next;
    next.argv = {"/bin/true"};
    for (int turn = 0; turn < 3000; ++turn) {
        run_process(next, nullptr);
        if (kill(pid, 0) != 0 && errno == ESRCH) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

class FrozenGroup {
public:
    FrozenGroup() : folder_("/sys/fs/cgroup/freezer/jetcuda-test-" + std::to_string(getpid())) {
        made_ = mkdir(folder_.c_str(), 0755) == 0;
        reason_ = made_ ? "" : folder_ + " cannot be made: " + std::generic_category().message(errno);
    }
    ~FrozenGroup() {
        if (!made_) return;
        thaw();
        for (int turn = 0; turn < 500 && rmdir(folder_.c_str()) != 0; ++turn) std::this_thread::sleep_for(10ms);
    }
    FrozenGroup(const FrozenGroup&) = delete;
    FrozenGroup& operator=(const FrozenGroup&) = delete;

    [[nodiscard]] bool made() const { return made_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    void thaw() const { std::ofstream(folder_ + "/freezer.state") << "THAWED\n" << std::flush; }

private:
    std::string folder_;
    bool made_ = false;
    std::string reason_;
};

}  // namespace

TEST_CASE("a child that the kernel holds is let go, and reaped when it is free") {
    const FrozenGroup group;
    if (!group.made()) {
        MESSAGE("NOT TESTED HERE: a child frozen in the kernel, since ", group.reason());
        return;
    }
    ProcessRequest request;
    request.argv = {"/bin/sh", "-c",
                    "echo $$ > \"$1/cgroup.procs\" && echo begin && echo FROZEN > \"$1/freezer.state\"; echo thawed",
                    "sh", group.folder()};
    request.step_limit = 400ms;
    request.grace = 200ms;
    std::vector<std::string> lines;
    const ProcessResult result = run_process(request, [&lines](std::string_view line) { lines.emplace_back(line); });
    CHECK(result.end == ProcessEnd::unkillable);
    CHECK(result.step_limit_hit);
    CHECK(lines == std::vector<std::string>{"begin"});
    CHECK(kill(result.pid, 0) == 0);  // still there
    group.thaw();
    CHECK(is_reaped_by_a_later_call(result.pid));
}

TEST_CASE("a lock that such a child inherited stays locked until it is gone") {
    const FrozenGroup group;
    if (!group.made()) {
        MESSAGE("NOT TESTED HERE: a frozen child with a lock, since ", group.reason());
        return;
    }
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    ProcessRequest request;
    request.argv = {"/bin/sh", "-c", "echo $$ > \"$1/cgroup.procs\" && echo FROZEN > \"$1/freezer.state\"", "sh",
                    group.folder()};
    request.step_limit = 400ms;
    request.grace = 200ms;
    request.inherited_descriptor = ends[1];
    CHECK(run_process(request, nullptr).end == ProcessEnd::unkillable);
    close(ends[1]);
    REQUIRE(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == -1);  // EAGAIN: somebody holds the other end
    group.thaw();
    REQUIRE(fcntl(ends[0], F_SETFL, 0) == 0);
    CHECK(read(ends[0], &byte, 1) == 0);  // its end has ended the last copy
    close(ends[0]);
}

TEST_CASE("a child whose remains somebody keeps is let go, without a busy wait") {
    ProcessRequest request;
    request.argv = {"/proc/self/exe", "--no-skip", "--test-case=helper: a child that its tracer keeps"};
    request.step_limit = 1000ms;
    request.grace = 300ms;
    int tracer = 0;
    std::string refusal;
    timespec before{};
    timespec after{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    const ProcessResult result = run_process(request, [&](std::string_view line) {
        if (line.substr(0, 7) == "tracer ") tracer = std::stoi(std::string(line.substr(7)));
        if (line.substr(0, 8) == "refused ") refusal = line.substr(8);
    });
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    if (!refusal.empty()) {
        MESSAGE("NOT TESTED HERE: a child kept by its tracer, since tracing is refused: ", refusal);
        return;
    }
    REQUIRE(tracer > 0);
    CHECK(result.end == ProcessEnd::unkillable);
    const auto used_ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1'000'000;
    CHECK(used_ms < 150);  // of our own processor time; a busy wait would have used the whole 300 ms
    kill(tracer, SIGKILL);
    CHECK(is_reaped_by_a_later_call(result.pid));
}

// Not a test: the program of the child above. Its own child traces it, leaves its group, and never looks.
TEST_CASE("helper: a child that its tracer keeps" * doctest::skip()) {
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);  // asked for by the Yama module
    const pid_t tracee = getpid();
    if (fork() == 0) {
        setsid();
        const bool traces = ptrace(PTRACE_SEIZE, tracee, nullptr, nullptr) == 0;
        const std::string line = traces ? "\ntracer " + std::to_string(getpid()) + '\n'
                                        : std::string("\nrefused ") + std::generic_category().message(errno) + '\n';
        if (write(1, line.data(), line.size()) < 0 || !traces) _exit(1);
        std::this_thread::sleep_for(60s);
        _exit(0);
    }
    std::this_thread::sleep_for(60s);
}
