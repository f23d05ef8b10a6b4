// What a program of the administrator's answered, as a finding: exit status 0 passes, 1 fails, 2 means that it does not
// know, as contract and monitoring plugins have it. Whatever else happens to it is unknown and never a pass: a check
// that crashed, hung or could not be started has said nothing about the board, and must not read as if it had.

#include "daemon/checks/custom_checks.hpp"

#include <map>
#include <string_view>
#include <utility>

#include "probes/custom_name.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view run_by_hand = "Run it by hand, and see all that it says: sudo {file}";

std::string duration_text(std::chrono::milliseconds time) {
    const auto count = time.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

std::string_view code_of_status(int exit_status) {
    switch (exit_status) {
        case 0: return "ok";
        case 1: return "failed";
        case 2: return "not-decided";
        default: return "unexpected-status";
    }
}

std::string_view code_of(const CustomAnswer& answer) {
    switch (answer.end) {
        case CustomEnd::exited: return code_of_status(answer.exit_status);
        case CustomEnd::signalled: return "ended-by-signal";
        case CustomEnd::timed_out: return "timed-out";
        case CustomEnd::printed_too_much: return "printed-too-much";
        case CustomEnd::stuck: return "stuck";
        case CustomEnd::not_started: return "not-started";
        case CustomEnd::not_executable: return "not-executable";
        case CustomEnd::not_trusted: return "not-trusted";
        case CustomEnd::no_time_left: return "no-time-left";
    }
    return "not-started";
}

// What the program said may differ from run to run on an unchanged machine (a temperature, a time): the digest is
// made of how it ended.
void add_output(const CustomAnswer& answer, Finding& finding) {
    if (answer.end == CustomEnd::exited) {
        finding.evidence.push_back({"exit status", std::to_string(answer.exit_status), answer.file});
    }
    const bool summary_is_sentence = answer.end == CustomEnd::exited && answer.exit_status <= 2;
    if (!answer.summary.empty() && !summary_is_sentence) {
        finding.evidence.push_back({"it said", answer.summary, answer.file, true});
    }
    for (const std::string& line : answer.more) finding.evidence.push_back({"it said", line, answer.file, true});
    if (finding.code == "ok") return;
    for (const std::string& line : answer.errors) {
        finding.evidence.push_back({"it complained", line, answer.file + ", standard error", true});
    }
}

Finding judge_answer(const CustomAnswer& answer) {
    Finding finding{.code = code_of(answer)};
    finding.values["file"] = answer.file;
    finding.values["why"] = answer.why;
    finding.values["limit"] = duration_text(answer.limit);
    finding.values["status"] = std::to_string(answer.exit_status);
    finding.values["signal"] = std::to_string(answer.signal);
    finding.values["pid"] = std::to_string(answer.pid);
    finding.values["what_it_said"] =
        answer.summary.empty()
            ? answer.file + " ended with exit status " + std::to_string(answer.exit_status) + " and said nothing"
            : answer.summary;
    finding.duration_ms = static_cast<long>(answer.duration.count());
    add_output(answer, finding);
    return finding;
}

Finding judge_custom(const Facts& facts, const std::string& name) {
    const auto found = facts.custom.find(name);
    if (found == facts.custom.end()) return because_missing({});
    const Fact<CustomAnswer>& answer = found->second;
    return answer.known() ? judge_answer(*answer) : because_missing(answer.missing());
}

}  // namespace

const std::vector<Code>& custom_codes() {
    static const std::vector<Code> codes = {
        {"ok", Status::pass, "{what_it_said}"},
        {"failed", Status::fail, "{what_it_said}", {.other = run_by_hand}},
        {"not-decided", Status::unknown, "{what_it_said}", {.other = run_by_hand}},
        {"unexpected-status",
         Status::unknown,
         "{file} ended with exit status {status}, which means nothing here: 0 passes, 1 fails, 2 is unknown",
         {.other = run_by_hand}},
        {"ended-by-signal",
         Status::unknown,
         "{file} was ended by signal {signal} before it had answered",
         {.other = run_by_hand}},
        {"timed-out",
         Status::unknown,
         "{file} did not end within {limit}, and was ended with all that it had started",
         {.other = "See what it waits for, or give it more time with custom.checks in the settings: sudo {file}"}},
        {"printed-too-much",
         Status::unknown,
         "{file} printed more than a check may, and was ended",
         {.other = "Let it print a summary in its first line and some lines of detail; see how much it is: sudo {file} "
                   "| wc -c"}},
        {"stuck",
         Status::unknown,
         "{file} (process {pid}) is stuck in the kernel and could not be ended",
         {.other = "See what the kernel says about it, then restart the board: sudo dmesg | tail -n 50; sudo reboot"}},
        {"not-started",
         Status::unknown,
         "{file} could not be started: {why}",
         {.other = "See to its first line, which names its interpreter, and whether that is installed: head -n 1 "
                   "{file}"}},
        {"not-executable",
         Status::unknown,
         "{file} may not be executed by anybody",
         {.other = "Make it executable, or take it out of the folder: sudo chmod 0755 {file}"}},
        {"not-trusted",
         Status::unknown,
         "{file} was not run, because {why}",
         {.other =
              "Look at what it is, then make it and every folder above it root's alone: sudo chown root: {file} && "
              "sudo chmod 0755 {file}"}},
        {"no-time-left",
         Status::unknown,
         "{file} was not run, because the programs before it took the {limit} that all of them have together",
         {.other = "See which of them is slow, or raise custom.total_limit_s: jetcuda-check run --json"}},
        {"not-this-system", Status::not_applicable,
         "A program is run on the running system only, and another one was judged"},
    };
    return codes;
}

struct CustomChecks::Record {
    explicit Record(const CustomSetup& given)
        : setup(given),
          id(std::string(custom_prefix) + given.name),
          claim("the program " + given.file + " finds nothing wrong") {
        check.id = id;
        check.group = Group::custom;
        check.severity = setup.severity;
        check.basis = Basis::program;
        check.claim = claim;
        check.why =
            "The administrator of this machine put this check there: it asks for what this fleet cannot do without, "
            "and only he can say what that is.";
        check.reads = {setup.file};
        check.codes = custom_codes();
        if (!setup.remedy.empty()) {
            for (Code& code : check.codes) {
                if (code.status == Status::fail) code.remedy = {.other = setup.remedy};
            }
        }
        check.judge = [name = setup.name](const Facts& facts) { return judge_custom(facts, name); };
    }
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;

    CustomSetup setup;
    std::string id;
    std::string claim;
    Check check{};
};

CustomChecks::CustomChecks() = default;
CustomChecks::CustomChecks(CustomChecks&& other) noexcept = default;
CustomChecks& CustomChecks::operator=(CustomChecks&& other) noexcept = default;
CustomChecks::~CustomChecks() = default;

CustomChecks::CustomChecks(const std::vector<CustomSetup>& setups) {
    for (const CustomSetup& setup : setups) {
        records_.push_back(std::make_unique<Record>(setup));
        checks_.push_back(&records_.back()->check);
    }
}

}  // namespace jetcuda
