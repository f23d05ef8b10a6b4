// A report for people, at a terminal or in a mail: the verdict, what kind of machine this is, then only what needs
// attention, each with what was seen, where, and the command that mends it. Lines are not wrapped: the terminal
// knows its width, and a command must stay in one piece to be copied.

#include "daemon/report/text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "daemon/report/outside_text.hpp"
#include "daemon/report/rung.hpp"

namespace jetcuda {

namespace {

constexpr std::size_t evidence_shown = 6;          // of one failing check; all of it is in the JSON
constexpr std::size_t evidence_value_limit = 160;  // bytes

constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view yellow = "33";
constexpr std::string_view faint = "2";

class Writer {
public:
    explicit Writer(const TextStyle& style) : style_(style) {}

    void line(const std::string& text = {}) { text_ += text + "\n"; }

    [[nodiscard]] std::string colored(const std::string& text, std::string_view color) const {
        if (!style_.color) return text;
        return "\x1b[" + std::string(color) + "m" + text + "\x1b[0m";
    }

    [[nodiscard]] std::string text() const { return text_; }

private:
    TextStyle style_;
    std::string text_;
};

std::string_view color_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::healthy: return green;
        case Verdict::unhealthy: return red;
        default: return yellow;
    }
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    }
    return plain_line(text);
}

std::string named(const std::string& name, const std::string& value) { return value.empty() ? "" : name + " " + value; }

void write_remedy(Writer& out, const std::string& remedy) {
    const RemedyParts parts = remedy_parts(remedy);
    out.line("    " + plain_line(parts.words));
    if (!parts.command.empty()) out.line("        " + plain_line(parts.command));
}

// "cuda_compat 12.9 for every program": what is read of who stands before the source in brackets.
std::string enabled_compat(const CompatSummary& compat) {
    std::string who = compat.enabled_by.substr(0, compat.enabled_by.find(" ("));
    if (compat.enabled_by.find("; ") != std::string::npos) who += " and others";
    return "cuda_compat " + (compat.cuda.empty() ? compat.dir : compat.cuda) + " for " + who;
}

void write_machine(Writer& out, const Report& report) {
    const auto write = [&](const std::string& name, const std::string& text) {
        if (!text.empty()) out.line("  " + out.colored(name, faint) + text);
    };
    const DeviceSummary& device = report.device;
    const StackSummary& stack = report.stack;
    const std::string sm = device.sm ? "sm_" + std::to_string(*device.sm) : "";
    write("Board   ",
          joined({device.model, device.module, device.soc, device.gpu.empty() ? sm : device.gpu + " " + sm}));
    write("System  ",
          joined({stack.environment == "container" ? "container" : "", stack.distribution, named("L4T", stack.l4t),
                  named("JetPack", stack.jetpack), named("kernel", stack.kernel)}));
    std::string cuda = named("CUDA", stack.driver_cuda);
    if (cuda.empty() && !stack.native_cuda.empty()) cuda = "CUDA " + stack.native_cuda + " by its release";
    std::vector<std::string> driver{stack.libcuda, cuda, named("module", stack.gpu_module)};
    for (const CompatSummary& compat : stack.compat) {
        if (!compat.enabled_by.empty()) driver.push_back(enabled_compat(compat));
    }
    write("Driver  ", joined(driver));
    if (stack.driver_measured) write("Ladder  ", plain_line("the driver: " + text_of(*stack.driver_measured)));
    for (const CompatSummary& compat : stack.compat) {
        if (compat.measured) write("        ", plain_line(compat.dir + ": " + text_of(*compat.measured)));
        if (!compat.not_measured.empty())
            write("        ", plain_line(compat.dir + ": not tried, " + compat.not_measured));
    }
}

// What must be known before the rest is believed.
void write_caveats(Writer& out, const Report& report) {
    if (report.simulated) out.line("The driver is simulated: no hardware was asked.");
    if (report.root != "/") out.line("This is the system below " + plain_line(report.root) + ", not the running one.");
    if (!report.system.empty()) {
        out.line("This is what a switch would bring, " + plain_line(report.system) + ", judged before it.");
    }
    if (!report.driver_under_test.empty() && report.driver_under_test != report.stack.libcuda) {
        out.line("The driver that was asked is " + plain_line(report.driver_under_test) + ".");
    }
    if (!report.probed && !report.checks.empty() && report.reason != "not-a-jetson") {
        const bool program_ran = std::any_of(report.checks.begin(), report.checks.end(), [](const CheckResult& check) {
            return check.basis == Basis::program && !check.measured_at.empty();
        });
        const std::string what =
            program_ran ? "The GPU was not probed." : "The GPU was not probed, only files were read.";
        const bool here = report.root == "/" && report.system.empty();
        out.line(here ? what + " Probe it with: sudo jetcuda-check run" : what);
    }
}

void write_failure(Writer& out, const CheckResult& check) {
    const std::string_view color = check.severity == Severity::required ? red : yellow;
    out.line();
    out.line(out.colored("fail", color) + "  " + check.id + " (" + std::string(name_of(check.severity)) + ", " +
             check.code + ")");
    out.line("    " + plain_line(check.summary));
    for (std::size_t i = 0; i < check.evidence.size() && i < evidence_shown; ++i) {
        const Evidence& evidence = check.evidence[i];
        const std::string source = evidence.source.empty() ? "" : " (" + plain_line(evidence.source) + ")";
        out.line("    " + out.colored("- ", faint) + plain_line(evidence.what) + ": " +
                 shortened(plain_line(evidence.value), evidence_value_limit) + source);
    }
    if (check.evidence.size() > evidence_shown) {
        out.line("    - " + std::to_string(check.evidence.size() - evidence_shown) + " more with --json");
    }
    if (!check.remedy.empty()) write_remedy(out, check.remedy);
}

void write_failures(Writer& out, const Report& report) {
    std::vector<const CheckResult*> failures;
    for (const CheckResult& check : report.checks) {
        if (check.status == Status::fail && !check.waived) failures.push_back(&check);
    }
    // What decided the verdict first, then required before wanted.
    std::stable_sort(failures.begin(), failures.end(), [&](const CheckResult* a, const CheckResult* b) {
        const auto rank = [&](const CheckResult* check) {
            return check->id == report.reason ? 0 : (check->severity == Severity::required ? 1 : 2);
        };
        return rank(a) < rank(b);
    });
    for (const CheckResult* check : failures) write_failure(out, *check);
    for (const CheckResult& check : report.checks) {
        if (check.status == Status::fail && check.waived) {
            out.line(out.colored("waived", faint) + "  " + check.id + ": " + plain_line(check.summary));
        }
    }
}

void write_unknowns(Writer& out, const Report& report) {
    std::map<std::string, std::vector<std::string>> waiting;  // cause -> who waits for it
    std::set<std::string> told;                               // remedies: several checks may lack the same thing
    bool first = true;
    for (const CheckResult& check : report.checks) {
        if (check.status != Status::unknown) continue;
        if (check.blocked_by) {
            waiting[*check.blocked_by].push_back(check.id);
            continue;
        }
        if (first) out.line();
        first = false;
        out.line(out.colored("unknown", yellow) + "  " + check.id + ": " + plain_line(check.summary));
        if (!check.remedy.empty() && told.insert(check.remedy).second) write_remedy(out, check.remedy);
    }
    if (!waiting.empty()) out.line();
    for (const auto& entry : waiting) {
        const std::string& cause = entry.first;
        const std::vector<std::string>& ids = entry.second;
        const std::string count =
            ids.size() == 1 ? "1 check waits for " : std::to_string(ids.size()) + " checks wait for ";
        out.line(count + cause + ": " + joined(ids));
        // Only some checks were asked for, and the one that explains them was not among them.
        const bool in_report = std::any_of(report.checks.begin(), report.checks.end(),
                                           [&](const CheckResult& check) { return check.id == cause; });
        if (!in_report)
            write_remedy(out, "That check is not in this report; see what it finds with: jetcuda-check run " + cause);
    }
}

void write_every_other(Writer& out, const Report& report) {
    out.line();
    for (const CheckResult& check : report.checks) {
        if (check.status == Status::pass) {
            out.line(out.colored("pass", green) + "  " + check.id + ": " + plain_line(check.summary));
        } else if (check.status == Status::not_applicable) {
            out.line(out.colored("n/a", faint) + "   " + check.id + ": " + plain_line(check.summary));
        }
    }
}

// "4 checks do not apply (3 not-probed, 1 in-container)."
void write_not_applicable(Writer& out, const Report& report) {
    std::map<std::string, std::size_t> codes;
    std::size_t total = 0;
    for (const CheckResult& check : report.checks) {
        if (check.status != Status::not_applicable) continue;
        ++codes[check.code];
        ++total;
    }
    if (total == 0) return;
    std::vector<std::string> parts;
    parts.reserve(codes.size());
    for (const auto& [code, count] : codes) parts.push_back(std::to_string(count) + " " + code);
    out.line((total == 1 ? "1 check does not apply (" : std::to_string(total) + " checks do not apply (") +
             joined(parts) + ").");
}

void write_time(Writer& out, const Report& report) {
    if (report.generated_at.empty()) return;
    std::string measured;  // the newest measurement, where it is older than the report: it was carried over
    for (const CheckResult& check : report.checks) {
        if (check.basis != Basis::program) measured = std::max(measured, check.measured_at);
    }
    const bool older = !measured.empty() && measured < report.generated_at;
    out.line("Judged " + report.generated_at + " in " + std::to_string(report.duration_ms) + " ms" +
             (older ? "; the GPU was last measured " + measured : "") + ".");
}

}  // namespace

RemedyParts remedy_parts(std::string_view remedy) {
    const std::size_t colon = remedy.rfind(": ");
    if (colon == std::string_view::npos || remedy.back() == '.') return {std::string(remedy), ""};
    return {std::string(remedy.substr(0, colon + 1)), std::string(remedy.substr(colon + 2))};
}

std::string to_text(const Report& report, const TextStyle& style) {
    Writer out(style);
    const std::string first = status_line(report);
    const std::size_t word = name_of(report.verdict).size();
    out.line(out.colored(first.substr(0, word), color_of(report.verdict)) + first.substr(word));
    write_caveats(out, report);
    write_machine(out, report);
    write_failures(out, report);
    write_unknowns(out, report);
    if (style.every_check) {
        write_every_other(out, report);
    } else {
        write_not_applicable(out, report);
    }
    write_time(out, report);
    return out.text();
}

}  // namespace jetcuda
