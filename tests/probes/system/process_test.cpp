// A child in every way that it can end, and in the ways that it can refuse to.

#include "probes/system/process.hpp"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace jetcuda;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

ProcessRequest shell(const std::string& script) {
    ProcessRequest request;
    request.argv = {"/bin/sh", "-c", script};
    request.environment = {"PATH=/usr/bin:/bin"};
    request.grace = 300ms;
    return request;
}

ProcessResult run(const ProcessRequest& request, Lines& lines) {
    return run_process(request, [&lines](std::string_view line) { lines.emplace_back(line); });
}

ProcessResult run(const ProcessRequest& request) {
    Lines ignored;
    return run(request, ignored);
}

// Waits for what has to happen soon, and answers whether it did: half a minute is for ever on a loaded machine.
template <typename Condition>
bool happens(const Condition& condition) {
    for (int turn = 0; turn < 3000; ++turn) {
        if (condition()) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

// Neither running nor sleeping: no such process, or a zombie that its new parent has not reaped yet.
bool is_gone(int pid) {
    std::ifstream stream("/proc/" + std::to_string(pid) + "/stat");
    std::stringstream text;
    text << stream.rdbuf();
    const std::string stat = text.str();
    const std::size_t name_end = stat.rfind(") ");
    return name_end == std::string::npos || stat.compare(name_end + 2, 1, "Z") == 0;
}

}  // namespace

TEST_CASE("a child that ends by itself: its lines in order, its status, what it complained of") {
    Lines lines;
    const ProcessResult result = run(shell("echo one; echo two >&2; printf 'three\\n\\nhalf'; exit 7"), lines);
    CHECK(result.end == ProcessEnd::exited);
    CHECK(result.exit_status == 7);
    CHECK(result.pid > 0);
    CHECK(lines == Lines{"one", "three", ""});  // a line without its end is none
    CHECK(result.unended_line == "half");
    CHECK(result.error_output == "two\n");
}

TEST_CASE("a child starts where it is told to, or not at all") {
    Lines lines;
    ProcessRequest request = shell("pwd");
    request.directory = "/proc";
    CHECK(run(request, lines).end == ProcessEnd::exited);
    CHECK(lines == Lines{"/proc"});
    request.directory = "/nonexistent";
    const ProcessResult result = run(request);
    CHECK(result.end == ProcessEnd::not_started);
    CHECK(result.error_number == ENOENT);
}

TEST_CASE("thousands of lines come whole and in order") {
    Lines lines;
    const ProcessResult result = run(shell("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done"), lines);
    CHECK(result.end == ProcessEnd::exited);
    REQUIRE(lines.size() == 5000);
    for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == "line " + std::to_string(i));
}

TEST_CASE("the environment is the given one and nothing else") {
    ProcessRequest request;
    request.argv = {"/usr/bin/env"};
    request.environment = {"ONE=1", "TWO=two words"};
    Lines lines;
    CHECK(run(request, lines).end == ProcessEnd::exited);
    CHECK(lines == request.environment);
}

TEST_CASE("a program that cannot be started is told with its errno") {
    ProcessRequest request;
    SUBCASE("not there") {
        request.argv = {"/nonexistent/program"};
        CHECK(run(request).error_number == ENOENT);
    }
    SUBCASE("no program") {
        request.argv = {"/etc/passwd"};
        CHECK(run(request).error_number == EACCES);
    }
    SUBCASE("a folder") {
        request.argv = {"/etc"};
        CHECK(run(request).error_number == EACCES);
    }
    SUBCASE("no name at all") { CHECK(run(request).error_number == EINVAL); }
    CHECK(run(request).end == ProcessEnd::not_started);
}

TEST_CASE("a name without a slash is not searched in PATH") {
    ProcessRequest request;
    request.argv = {"true"};
    request.environment = {"PATH=/usr/bin:/bin"};
    CHECK(run(request).end == ProcessEnd::not_started);
}

TEST_CASE("signals that are not ours are told by number") {
    for (const int number : {SIGSEGV, SIGKILL, SIGTERM, SIGABRT}) {
        const ProcessResult result = run(shell("ulimit -c 0; kill -" + std::to_string(number) + " $$"));
        CHECK(result.end == ProcessEnd::signalled);
        CHECK(result.signal == number);
    }
}

TEST_CASE("input reaches the child, however much it is") {
    ProcessRequest request = shell("cat");
    for (int i = 0; i < 40'000; ++i) request.input += "a line of input\n";
    Lines lines;
    const ProcessResult result = run(request, lines);
    CHECK(result.end == ProcessEnd::exited);
    CHECK(lines.size() == 40'000);
}

TEST_CASE("a child that does not want its input does us no harm") {
    std::signal(SIGPIPE, SIG_DFL);
    for (const char* script : {"exit 0", "exec <&-; echo closed; sleep 0.1", "head -c 1 >/dev/null"}) {
        ProcessRequest request = shell(script);
        request.input.assign(1'000'000, 'x');
        CHECK(run(request).end == ProcessEnd::exited);
    }
}

TEST_CASE("the total limit ends a child, whatever it prints") {
    ProcessRequest request = shell("while :; do echo alive; sleep 0.02; done");
    request.total_limit = 400ms;
    Lines lines;
    const ProcessResult result = run(request, lines);
    CHECK(result.end == ProcessEnd::timed_out);
    CHECK_FALSE(result.step_limit_hit);
    CHECK_FALSE(lines.empty());
}

TEST_CASE("the step limit ends a child that has gone silent, and what it said before counts") {
    ProcessRequest request = shell("echo begin; exec sleep 1000");
    request.step_limit = 300ms;
    Lines lines;
    const ProcessResult result = run(request, lines);
    CHECK(result.end == ProcessEnd::timed_out);
    CHECK(result.step_limit_hit);
    CHECK(lines == Lines{"begin"});
}

TEST_CASE("each full line renews the step limit, and half a line does not") {
    SUBCASE("full lines") {
        ProcessRequest request = shell("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.3; done");
        request.step_limit = 1800ms;  // less than the 2.4 s of all, far more than the 0.3 s of one
        CHECK(run(request).end == ProcessEnd::exited);
    }
    SUBCASE("half a line") {
        ProcessRequest request = shell("while :; do printf .; sleep 0.02; done");
        request.step_limit = 400ms;
        const ProcessResult result = run(request);
        CHECK(result.end == ProcessEnd::timed_out);
        CHECK(result.step_limit_hit);
    }
}

TEST_CASE("a child that ignores SIGTERM, or is stopped, is ended by SIGKILL") {
    for (const char* script : {"trap '' TERM; echo ready; while :; do sleep 0.1; done", "echo ready; kill -STOP $$"}) {
        ProcessRequest request = shell(script);
        request.step_limit = 300ms;
        const ProcessResult result = run(request);
        CHECK(result.end == ProcessEnd::timed_out);
        CHECK(is_gone(result.pid));
    }
}

TEST_CASE("a child that never stops printing is ended") {
    for (const char* script : {"yes", "tr '\\0' x </dev/zero", "trap '' TERM; while :; do echo babble; done"}) {
        ProcessRequest request = shell(script);
        request.output_limit = 50'000;
        std::size_t bytes = 0;
        const ProcessResult result = run_process(request, [&](std::string_view line) { bytes += line.size() + 1; });
        CHECK(result.end == ProcessEnd::babbled);
        CHECK(bytes <= request.output_limit);
    }
}

TEST_CASE("printing exactly as much as is allowed is no babble, one byte more is") {
    ProcessRequest request = shell("head -c 4096 /dev/zero");
    request.output_limit = 4096;
    CHECK(run(request).end == ProcessEnd::exited);
    request.output_limit = 4095;
    CHECK(run(request).end == ProcessEnd::babbled);
}

TEST_CASE("complaints without end are cut, and do not stop the child") {
    ProcessRequest request = shell("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo done");
    request.error_limit = 1000;
    Lines lines;
    const ProcessResult result = run(request, lines);
    CHECK(result.end == ProcessEnd::exited);
    CHECK(result.error_output == std::string(1000, 'e'));
    CHECK(lines == Lines{"done"});
}

TEST_CASE("what a child leaves behind in its group ends with it, and cannot keep us by its pipes") {
    Lines lines;
    const ProcessResult result = run(shell("sleep 1000 & echo $!; exit 3"), lines);
    CHECK(result.end == ProcessEnd::exited);
    CHECK(result.exit_status == 3);
    REQUIRE(lines.size() == 1);
    CHECK(happens([&] { return is_gone(std::stoi(lines[0])); }));
}

TEST_CASE("a grandchild that has left the group and holds the pipes does not keep us") {
    Lines lines;
    // Its session (field 6 of stat) is looked at, so that it has left before the child ends.
    const ProcessResult result = run(shell("setsid sleep 1000 & p=$!; "
                                           "until [ \"$(cut -d' ' -f6 /proc/$p/stat)\" = $p ]; do sleep 0.01; done; "
                                           "echo $p; exit 4"),
                                     lines);
    CHECK(result.end == ProcessEnd::exited);
    CHECK(result.exit_status == 4);
    REQUIRE(lines.size() == 1);
    CHECK_FALSE(is_gone(std::stoi(lines[0])));
    kill(std::stoi(lines[0]), SIGKILL);
}

TEST_CASE("the child leads a group of its own") {
    ProcessRequest request;
    request.argv = {"/usr/bin/cut", "-d ", "-f5", "/proc/self/stat"};
    Lines lines;
    const ProcessResult result = run(request, lines);
    CHECK(lines == Lines{std::to_string(result.pid)});
}

TEST_CASE("no descriptor reaches the child but the three and the one that is given") {
    const int leaked = fcntl(0, F_DUPFD, 40);  // without close-on-exec
    const int given = fcntl(0, F_DUPFD_CLOEXEC, 57);
    REQUIRE(leaked >= 40);
    REQUIRE(given >= 57);
    ProcessRequest request;
    request.argv = {"/bin/ls", "/proc/self/fd"};  // 3 is its own, of that folder
    Lines lines;
    run(request, lines);
    CHECK(lines == Lines{"0", "1", "2", "3"});

    request.inherited_descriptor = given;
    lines.clear();
    run(request, lines);
    CHECK(lines == Lines{"0", "1", "2", "3", std::to_string(given)});
    CHECK((fcntl(given, F_GETFD) & FD_CLOEXEC) != 0);  // ours is as it was
    close(leaked);
    close(given);
}

TEST_CASE("signals that we ignore or block are as usual in the child") {
    auto* const term_before = std::signal(SIGTERM, SIG_IGN);
    auto* const pipe_before = std::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    ProcessRequest request;
    request.argv = {"/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"};
    Lines lines;
    run(request, lines);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    std::signal(SIGTERM, term_before);
    std::signal(SIGPIPE, pipe_before);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "SigBlk:\t0000000000000000");
    CHECK(lines[1] == "SigIgn:\t0000000000000000");
}

TEST_CASE("a listener that throws takes the child along, not us") {
    int pid = 0;
    CHECK_THROWS_AS(run_process(shell("echo $$; exec sleep 1000"),
                                [&pid](std::string_view line) {
                                    pid = std::stoi(std::string(line));
                                    throw std::runtime_error("enough");
                                }),
                    std::runtime_error);
    REQUIRE(pid > 0);
    CHECK(is_gone(pid));
}

TEST_CASE("a child whose status somebody else took has ended, with no status") {
    auto* const before = std::signal(SIGCHLD, SIG_IGN);  // the kernel then reaps
    Lines lines;
    const ProcessResult result = run(shell("echo here; exit 5"), lines);
    std::signal(SIGCHLD, before);
    CHECK(result.end == ProcessEnd::exited);
    CHECK(result.exit_status == -1);
    CHECK(result.error_number == ECHILD);
    CHECK(lines == Lines{"here"});
}

TEST_CASE("no child outlives its parent") {
    int report[2];
    REQUIRE(pipe(report) == 0);
    const pid_t parent = fork();
    if (parent == 0) {
        run_process(shell("echo $$; exec sleep 1000"), [&report](std::string_view line) {
            const std::string text = std::string(line) + '\n';
            if (write(report[1], text.data(), text.size()) < 0) _exit(1);
        });
        _exit(0);
    }
    close(report[1]);
    char text[32] = {};
    REQUIRE(read(report[0], text, sizeof text - 1) > 0);
    close(report[0]);
    const int pid = std::stoi(text);
    CHECK_FALSE(is_gone(pid));
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    CHECK(happens([pid] { return is_gone(pid); }));
}
