// jetcuda-probe: loads ONE libcuda, asks it step by step, and prints what it answers as the lines of
// probes/gpu/protocol.hpp. It sets itself no limits and catches no crash: whoever starts it (ask_driver) watches from
// outside, where a hang can be ended and a crash be told. "begin" is out before each call, so either is always
// in a named step.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

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
    "usage: jetcuda-probe LIBRARY [--work=STEP,...] [--repeat=N] [--available=BYTES] [--runtime=FILE] "
    "[--library=FILE]...\n"
    "\n"
    "Loads LIBRARY, the absolute path of one libcuda, and prints one JSON line before and one after each step:\n"
    "open, version, init, devices, name, capability, memory, context. It is started by jetcuda-check, which limits\n"
    "its time; started by hand, a hanging driver hangs it.\n"
    "\n"
    "  --work=STEP,...    then let the GPU work: native, jit, patterns, runtime, libraries\n"
    "  --repeat=N         do what native and patterns do N times, 1 to 1000\n"
    "  --available=BYTES  memory that the board has to spare; patterns takes a part of it\n"
    "  --runtime=FILE     absolute path of the libcudart for runtime\n"
    "  --library=FILE     absolute path of a library for libraries; may be given again\n"
    "  --help             print this and exit\n"
    "  --version          print the version and exit\n";

using AskStep = void(Session&, StepAnswer&);
constexpr std::array<AskStep*, 13> steps{ask_open,       ask_version, ask_init,    ask_devices, ask_name,
                                         ask_capability, ask_memory,  ask_context, do_native,   do_jit,
                                         do_patterns,    do_runtime,  do_libraries};

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

void ask_all(Session& session, int lines) {
    session.tell = [lines](const std::string& line) { write_line(lines, line); };
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

// Why the command line cannot be followed.
struct BadUsage {
    std::string why;
};

std::uint64_t number_of(const std::string& option, const std::string& value, std::uint64_t lowest,
                        std::uint64_t highest) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool whole = error == std::errc{} && end == value.data() + value.size();
    if (whole && number >= lowest && number <= highest) return number;
    throw BadUsage{option + " takes a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest) +
                   ", not \"" + value + "\"."};
}

std::string absolute_path(const std::string& option, const std::string& value) {
    if (!value.empty() && value.front() == '/') return value;
    throw BadUsage{option + ": \"" + value +
                   "\" is no absolute path; the loader would search for it. Give the whole path."};
}

void take_work(const std::string& list, Session& session) {
    std::string_view rest = list;
    while (true) {
        const std::string_view name = rest.substr(0, rest.find(','));
        const std::optional<ProbeStep> step = probe_step_named(name);
        if (!step || !is_work(*step)) {
            throw BadUsage{"--work takes native, jit, patterns, runtime and libraries, not \"" + std::string(name) +
                           "\"."};
        }
        session.answer.asked_work.push_back(*step);
        if (name.size() == rest.size()) return;
        rest.remove_prefix(name.size() + 1);
    }
}

void take_argument(const std::string& argument, Session& session) {
    const std::size_t equals = argument.find('=');
    if (argument.rfind("--", 0) != 0 || equals == std::string::npos) {
        if (!session.answer.library.empty() || argument.rfind("--", 0) == 0) {
            throw BadUsage{"\"" + argument + "\" is none of its options, and one libcuda is all that it loads."};
        }
        session.answer.library = absolute_path("LIBRARY", argument);
        return;
    }
    const std::string option = argument.substr(0, equals);
    const std::string value = argument.substr(equals + 1);
    if (option == "--work") return take_work(value, session);
    if (option == "--repeat") {
        session.repeat = static_cast<unsigned>(number_of(option, value, 1, 1000));
    } else if (option == "--available") {
        session.answer.available = number_of(option, value, 0, std::uint64_t{1} << 50U);
    } else if (option == "--runtime") {
        session.runtime = absolute_path(option, value);
    } else if (option == "--library") {
        session.libraries.push_back(absolute_path(option, value));
    } else {
        throw BadUsage{"there is no option " + option + "."};
    }
}

Session session_of(int argc, char** argv) {
    Session session;
    for (int at = 1; at < argc; ++at) take_argument(argv[at], session);
    if (session.answer.library.empty()) throw BadUsage{"it takes the path of a libcuda."};
    const auto& work = session.answer.asked_work;
    if (session.runtime.empty() && std::count(work.begin(), work.end(), ProbeStep::runtime) != 0) {
        throw BadUsage{"--work=runtime needs a libcudart. Name it: --runtime=FILE."};
    }
    return session;
}

int refuse(const std::string& why) {
    std::fprintf(stderr, "jetcuda-probe: %s\n%s", why.c_str(), usage);
    return usage_error;
}

}  // namespace
}  // namespace jetcuda

int main(int argc, char** argv) {
    using namespace jetcuda;
    const std::string first = argc > 1 ? argv[1] : "";
    if (argc == 2 && first == "--help") return std::fputs(usage, stdout) < 0 ? input_output_error : 0;
    if (argc == 2 && first == "--version")
        return std::puts("jetcuda-probe " JETCUDA_VERSION) < 0 ? input_output_error : 0;
    Session session;
    try {
        session = session_of(argc, argv);
    } catch (const BadUsage& usage_flaw) {
        return refuse(usage_flaw.why);
    }
    let_crashes_show();
    const int lines = take_away_standard_output();
    if (lines < 0) {
        std::fputs("jetcuda-probe: standard output is closed, so there is nobody to answer.\n", stderr);
        return input_output_error;
    }
    ask_all(session, lines);
}
