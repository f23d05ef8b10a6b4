#include "probes/custom/custom_programs.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "probes/custom/trust.hpp"
#include "probes/custom_name.hpp"
#include "probes/gpu/protocol.hpp"
#include "probes/system/process.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t most_output = std::size_t{256} << 10;
constexpr std::size_t most_error_output = std::size_t{8} << 10;
constexpr std::size_t lines_kept = 20;
constexpr std::size_t line_limit = 300;  // bytes
constexpr mode_t executable_by_any = S_IXUSR | S_IXGRP | S_IXOTH;

// Where each distribution has its tools. Nobody but root writes there.
constexpr const char* search_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

// As people may be shown it.
std::string cleaned(std::string_view line) {
    std::string text(trimmed(line));
    std::replace(text.begin(), text.end(), '\t', ' ');
    return std::string(trimmed(printable(text, line_limit)));
}

// Keeps the first lines of what a program prints; the rest is read and dropped.
class Lines {
public:
    explicit Lines(CustomAnswer& answer) : answer_(answer) {}

    void take(std::string_view line) {
        if (first_) {
            first_ = false;
            answer_.summary = cleaned(line);
        } else if (answer_.more.size() < lines_kept) {
            if (std::string text = cleaned(line); !text.empty()) answer_.more.push_back(std::move(text));
        }
    }

private:
    CustomAnswer& answer_;
    bool first_ = true;
};

std::vector<std::string> first_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < lines_kept) {
        if (std::string line = cleaned(take_line(text)); !line.empty()) lines.push_back(std::move(line));
    }
    return lines;
}

void take_end(const ProcessResult& result, CustomAnswer& answer) {
    switch (result.end) {
        case ProcessEnd::not_started:
            answer.end = CustomEnd::not_started;
            answer.why = std::generic_category().message(result.error_number);
            break;
        case ProcessEnd::exited:
            answer.end = CustomEnd::exited;
            answer.exit_status = result.exit_status;
            break;
        case ProcessEnd::signalled:
            answer.end = CustomEnd::signalled;
            answer.signal = result.signal;
            break;
        case ProcessEnd::timed_out: answer.end = CustomEnd::timed_out; break;
        case ProcessEnd::babbled: answer.end = CustomEnd::printed_too_much; break;
        case ProcessEnd::unkillable:
            answer.end = CustomEnd::stuck;
            answer.pid = result.pid;
            break;
    }
}

void run(CustomAnswer& answer) {
    ProcessRequest request;
    request.argv = {answer.file};
    request.environment = {search_path, "LC_ALL=C.UTF-8"};
    request.directory = "/";
    request.total_limit = answer.limit;
    request.step_limit = milliseconds{0};
    request.output_limit = most_output;
    request.error_limit = most_error_output;
    Lines lines(answer);
    const ProcessResult result = run_process(request, [&lines](std::string_view line) { lines.take(line); });
    if (!result.unended_line.empty()) lines.take(result.unended_line);
    answer.errors = first_lines(result.error_output);
    answer.duration = result.duration;
    take_end(result, answer);
}

// The answer of a program that is not run, or its file's Missing; nothing where it may be run.
std::optional<Fact<CustomAnswer>> refusal(const CustomAnswer& asked, const Trust& folder) {
    const auto untrusted = [&asked](const std::string& why) {
        CustomAnswer answer = asked;
        answer.end = CustomEnd::not_trusted;
        answer.why = why;
        return Fact<CustomAnswer>(std::move(answer), asked.file);
    };
    const Trust file = examine_trust(asked.file);
    if (file.state == TrustState::missing) return Missing{Lack::not_there, file.why, asked.file};
    if (file.state == TrustState::closed) return Missing{Lack::not_readable, file.why, asked.file};
    if (folder.state == TrustState::untrusted) return untrusted(folder.why);
    if (file.state == TrustState::untrusted) return untrusted(file.why);
    if (!S_ISREG(file.mode)) return Missing{Lack::not_understood, asked.file + " is no regular file", asked.file};
    if ((file.mode & executable_by_any) != 0) return std::nullopt;
    CustomAnswer answer = asked;
    answer.end = CustomEnd::not_executable;
    return Fact<CustomAnswer>(std::move(answer), asked.file);
}

}  // namespace

CustomFolder list_custom_programs(const std::string& folder) {
    CustomFolder found;
    found.path = folder;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    if (error == std::errc::no_such_file_or_directory) return found;
    if (error) {
        found.ignored.push_back(printable(folder) + " cannot be listed (" + error.message() +
                                "), so of its programs only those are known that the settings name; make it a folder "
                                "that this user may read.");
        return found;
    }
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path& file = entry->path();
        const std::string name = file.filename().string();
        if (name.front() == '.') continue;  // an editor's, a package manager's, or a folder kept by git
        std::error_code ignored;
        const fs::file_type type = fs::status(file, ignored).type();
        if (!is_custom_name(name)) {
            found.ignored.push_back(
                printable(file.string()) +
                " is not run: the name of a check has lower-case letters, digits and \"-\" only, at "
                "most " +
                std::to_string(custom_name_limit) + "; rename it, or take it out of the folder.");
        } else if (fs::read_symlink(file, ignored) == "/dev/null") {
            found.masked.push_back(name);
        } else if (type == fs::file_type::regular || type == fs::file_type::not_found ||
                   type == fs::file_type::unknown || type == fs::file_type::none) {
            found.names.push_back(name);
        } else {
            found.ignored.push_back(file.string() + " is not run: it is no regular file; take it out of the folder.");
        }
    }
    std::sort(found.names.begin(), found.names.end());
    std::sort(found.ignored.begin(), found.ignored.end());
    return found;
}

std::map<std::string, Fact<CustomAnswer>, std::less<>> ask_custom_programs(const CustomRequest& request) {
    std::map<std::string, Fact<CustomAnswer>, std::less<>> answers;
    if (request.programs.empty()) return answers;
    const Trust folder = examine_trust(request.folder);
    const Clock::time_point end = Clock::now() + request.total_limit;
    for (const CustomProgram& program : request.programs) {
        if (request.on_progress) request.on_progress(std::string(custom_prefix) + program.name);
        CustomAnswer answer;
        answer.file = path_below(request.folder, program.name);
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        answer.limit = std::min(program.limit, left);
        if (std::optional<Fact<CustomAnswer>> refused = refusal(answer, folder)) {
            answers[program.name] = std::move(*refused);
            continue;
        }
        if (left.count() <= 0) {
            answer.end = CustomEnd::no_time_left;
            answer.limit = request.total_limit;
        } else {
            run(answer);
        }
        const std::string source = answer.file;
        answers[program.name] = Fact<CustomAnswer>(std::move(answer), source);
    }
    return answers;
}

}  // namespace jetcuda
