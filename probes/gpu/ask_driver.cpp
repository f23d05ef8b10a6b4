// Starts jetcuda-probe, reads its lines and tells how it ended. How a probe died decides what is said about the
// board: a crash and a hang are the driver's, a kill from outside and a refusal by a sandbox are not.

#include "probes/gpu/ask_driver.hpp"

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

#include "probes/system/process.hpp"

namespace jetcuda {
namespace {

// Without work all steps are some ten short lines; this leaves room for every device that a machine can have. With it
// some hundred lines more.
std::size_t most_output(const ProbeRequest& request) { return std::size_t{request.work.empty() ? 64U : 256U} << 10U; }
constexpr std::size_t most_error_output = std::size_t{4} << 10;

StepEnd end_of_signal(int signal_number) {
    switch (signal_number) {
        case SIGSEGV:
        case SIGBUS:
        case SIGILL:
        case SIGABRT:
        case SIGFPE:
        case SIGTRAP:  // how compilers end a program that reached what cannot be, on arm64
            return StepEnd::crashed;
        case SIGSYS: return StepEnd::sandbox_refused;
        default: return StepEnd::killed_from_outside;
    }
}

std::string seconds_text(std::chrono::milliseconds time) {
    const auto count = time.count();
    if (count % 1000 != 0) return std::to_string(count) + " ms";
    return std::to_string(count / 1000) + " s";
}

void take_end(const ProcessResult& result, const ProbeRequest& request, std::chrono::milliseconds since_last_line,
              AnswerReader& reader) {
    const auto tell = [&](StepEnd end, const std::string& failure, int signal_number = 0) {
        reader.end_unfinished_step(end, signal_number, failure, since_last_line);
    };
    // After its last word only one thing still counts: that the process is there and cannot be ended.
    if (reader.done() && result.end != ProcessEnd::unkillable) return;
    switch (result.end) {
        case ProcessEnd::not_started: break;
        case ProcessEnd::exited:
            tell(StepEnd::garbled,
                 "it left with exit status " + std::to_string(result.exit_status) + " before it had answered");
            break;
        case ProcessEnd::signalled:
            tell(end_of_signal(result.signal), "it was ended by signal " + std::to_string(result.signal),
                 result.signal);
            break;
        case ProcessEnd::timed_out:
            tell(StepEnd::timed_out, result.step_limit_hit
                                         ? "it did not return within " + seconds_text(request.step_limit)
                                         : "all steps together took longer than " + seconds_text(request.total_limit));
            break;
        case ProcessEnd::babbled:
            tell(StepEnd::babbled, "it printed more than " + std::to_string(most_output(request) >> 10U) + " KiB");
            break;
        case ProcessEnd::unkillable:
            tell(StepEnd::unkillable,
                 "process " + std::to_string(result.pid) + " is stuck in the kernel and could not be ended");
            break;
    }
}

// The library's complaints, line by line as it wrote them.
std::string shown_errors(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string clean = printable(line);
        if (clean.empty()) continue;
        if (!shown.empty()) shown += '\n';
        shown += clean;
    }
    return shown;
}

// A seccomp filter refuses with EPERM, which drivers pass on as some failure of their own. Only where both are
// seen, a filter and the words of EPERM, is the failure taken for a refusal.
void recognize_refusal(ProbeAnswer& answer) {
    if (!answer.seccomp || answer.steps.empty()) return;
    StepAnswer& last = answer.steps.back();
    const bool failed = last.end == StepEnd::failed || (last.end == StepEnd::answered && last.result != 0);
    const std::string refusal = "Operation not permitted";  // strerror(EPERM) in the probe, which has no locale
    const auto names_it = [&refusal](const std::string& text) { return text.find(refusal) != std::string::npos; };
    if (!failed || !(names_it(last.failure) || names_it(last.text) || names_it(answer.error_output))) return;
    last.end = StepEnd::sandbox_refused;
    if (last.failure.empty()) last.failure = "a seccomp filter is active, and the library reports: " + refusal;
}

std::vector<std::string> command_line(const std::string& probe_program, const ProbeRequest& request) {
    std::vector<std::string> argv{probe_program, request.library};
    if (request.work.empty()) return argv;
    std::string steps;
    for (const ProbeStep step : request.work) steps.append(steps.empty() ? "" : ",").append(name_of(step));
    argv.push_back("--work=" + steps);
    if (request.repeat != 1) argv.push_back("--repeat=" + std::to_string(request.repeat));
    if (request.available) argv.push_back("--available=" + std::to_string(*request.available));
    if (!request.runtime.empty()) argv.push_back("--runtime=" + request.runtime);
    for (const std::string& library : request.libraries) argv.push_back("--library=" + library);
    return argv;
}

// One process, from its start to its end.
ProbeAnswer ask_once(const std::string& probe_program, const ProbeRequest& request, int inherited_descriptor) {
    ProcessRequest process;
    process.argv = command_line(probe_program, request);
    process.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CUDA_CACHE_DISABLE=1"};
    if (!request.library_path.empty()) process.environment.push_back("LD_LIBRARY_PATH=" + request.library_path);
    process.total_limit = request.total_limit;
    process.step_limit = request.step_limit;
    process.output_limit = most_output(request);
    process.error_limit = most_error_output;
    process.inherited_descriptor = inherited_descriptor;

    AnswerReader reader{request.work};
    const auto started = std::chrono::steady_clock::now();
    auto last_line = started;
    const ProcessResult result = run_process(process, [&](std::string_view line) {
        reader.take_line(line);
        last_line = std::chrono::steady_clock::now();
    });
    const auto since_last_line =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - last_line);
    take_end(result, request, since_last_line, reader);

    ProbeAnswer answer = std::move(reader.answer());
    answer.library = request.library;
    answer.available = request.available;
    if (result.end == ProcessEnd::unkillable) answer.stuck_pid = result.pid;
    answer.duration = result.duration;
    answer.error_output = shown_errors(result.error_output);
    if (result.end == ProcessEnd::not_started) {
        answer.not_started =
            probe_program + " could not be started: " + std::generic_category().message(result.error_number);
    }
    recognize_refusal(answer);
    return answer;
}

// The work steps that a process left undone which died in one of them by the driver's own doing, or came to a state in
// which it could do no more. After a hang nothing
// more is asked of a GPU that may hang still, and after a kill from outside there is somebody who wants an end.
std::vector<ProbeStep> left_undone(const ProbeAnswer& answer) {
    std::vector<ProbeStep> left;
    if (answer.steps.empty()) return left;
    const StepAnswer& last = answer.steps.back();
    const bool unusable = last.end == StepEnd::answered && leaves_context_unusable(last.result);
    const bool died = last.end == StepEnd::crashed || last.end == StepEnd::garbled || last.end == StepEnd::babbled;
    if (!is_work(last.step) || !(died || unusable)) return left;
    for (const ProbeStep step : answer.asked_work) {
        if (step > last.step) left.push_back(step);
    }
    return left;
}

// Adds what a later process did to what is known from the earlier ones: its work. That it opened the library again, and
// made another context, is no second answer; that it could not, is told by the work that is missing.
void add_work(ProbeAnswer& answer, ProbeAnswer later) {
    for (StepAnswer& step : later.steps) {
        if (is_work(step.step)) answer.steps.push_back(std::move(step));
    }
    for (WorkItem& item : later.work) answer.work.push_back(std::move(item));
    if (answer.stuck_pid == 0) answer.stuck_pid = later.stuck_pid;
    if (answer.error_output.empty()) answer.error_output = std::move(later.error_output);
    answer.duration += later.duration;
}

}  // namespace

ProbeAnswer ask_driver(const std::string& probe_program, const ProbeRequest& request, int inherited_descriptor) {
    ProbeAnswer answer = ask_once(probe_program, request, inherited_descriptor);
    for (std::vector<ProbeStep> left = left_undone(answer); !left.empty(); left = left_undone(answer)) {
        ProbeRequest rest = request;
        rest.work = left;
        rest.total_limit = request.total_limit - answer.duration;
        if (rest.total_limit <= std::chrono::milliseconds{0}) break;
        ProbeAnswer later = ask_once(probe_program, rest, inherited_descriptor);
        const bool got_to_work = !later.steps.empty() && is_work(later.steps.back().step);
        add_work(answer, std::move(later));
        if (!got_to_work) break;  // the driver no longer comes as far as a context
    }
    return answer;
}

}  // namespace jetcuda
