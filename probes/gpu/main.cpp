// jetcuda-probe: loads ONE libcuda, asks it step by step, and prints what it answers as the lines of
// probes/gpu/protocol.hpp. It sets itself no limits and catches no crash: whoever starts it (ask_driver) watches from
// outside, where a hang can be ended and a crash be told. "begin" is out before each call, so either is always
// in a named step.

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probes/gpu/protocol.hpp"
#include "probes/gpu/steps/step.hpp"

namespace jetcuda {
namespace {

constexpr int usage_error = 64;         // EX_USAGE of sysexits.h
constexpr int input_output_error = 74;  // EX_IOERR

constexpr const char* usage =
    "usage: jetcuda-probe LIBRARY\n"
    "\n"
    "Loads LIBRARY, the absolute path of one libcuda, and prints one JSON line before and one after each step:\n"
    "open, version, init, devices, name, capability, memory, context. It is started by jetcuda-check, which limits\n"
    "its time; started by hand, a hanging driver hangs it.\n"
    "\n"
    "  --help     print this and exit\n"
    "  --version  print the version and exit\n";

using AskStep = void(Session&, StepAnswer&);
constexpr std::array<AskStep*, 8> steps{ask_open, ask_version,    ask_init,   ask_devices,
                                        ask_name, ask_capability, ask_memory, ask_context};

// The library shares our descriptors, and may print. So the protocol moves away from standard output, and what is
// printed there goes where complaints go.
int take_away_standard_output() {
    if (fcntl(2, F_GETFD) < 0) {
        const int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0 && nowhere != 2) {
            dup2(nowhere, 2);
            close(nowhere);
        }
    }
    int lines = fcntl(1, F_DUPFD_CLOEXEC, 100);
    if (lines < 0) lines = fcntl(1, F_DUPFD_CLOEXEC, 3);  // the limit of open files is below 100
    dup2(2, 1);
    return lines;
}

// A crash must look like a crash (no handler of a sanitizer or a preloaded library), and leave no core file behind.
void let_crashes_show() {
    for (const int signal_number : {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP, SIGSYS}) {
        signal(signal_number, SIG_DFL);
    }
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

void write_line(int lines, std::string line) {
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t written = write(lines, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) _exit(input_output_error);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

void ask_all(const std::string& library, int lines) {
    Session session;
    session.answer.library = library;
    while (const auto step = next_step(session.answer)) {
        write_line(lines, begin_line(*step));
        StepAnswer answer;
        answer.step = *step;
        const auto started = std::chrono::steady_clock::now();
        steps.at(static_cast<std::size_t>(*step))(session, answer);
        answer.duration =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
        session.answer.steps.push_back(answer);
        write_line(lines, end_line(session.answer, answer));
    }
    write_line(lines, done_line());
    // Not by return: what a driver does at exit is no finding, and may hang.
    _exit(0);
}

int refuse(const std::string& why) {
    std::fprintf(stderr, "jetcuda-probe: %s\n%s", why.c_str(), usage);
    return usage_error;
}

}  // namespace
}  // namespace jetcuda

int main(int argc, char** argv) {
    using namespace jetcuda;
    if (argc != 2) return refuse("it takes exactly one argument, the path of a libcuda.");
    const std::string argument = argv[1];
    if (argument == "--help") return std::fputs(usage, stdout) < 0 ? input_output_error : 0;
    if (argument == "--version") return std::puts("jetcuda-probe " JETCUDA_VERSION) < 0 ? input_output_error : 0;
    if (argument.empty() || argument.front() != '/') {
        return refuse("\"" + argument + "\" is no absolute path; the loader would search for it. Give the whole path.");
    }
    let_crashes_show();
    const int lines = take_away_standard_output();
    if (lines < 0) {
        std::fputs("jetcuda-probe: standard output is closed, so there is nobody to answer.\n", stderr);
        return input_output_error;
    }
    ask_all(argument, lines);
}
