// The difference of two reports for people: first what it comes to, then one line a change, worse ones first.

#include <algorithm>

#include "daemon/report/difference.hpp"
#include "daemon/report/outside_text.hpp"

namespace jetcuda {

namespace {

constexpr std::size_t evidence_shown = 6;          // of one check; all of it is in the JSON
constexpr std::size_t evidence_value_limit = 160;  // bytes

constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view yellow = "33";
constexpr std::string_view arrow = " → ";

const CheckResult* find(const Report& report, const std::string& id) {
    const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                    [&](const CheckResult& check) { return check.id == id; });
    return found == report.checks.end() ? nullptr : &*found;
}

// "driver-matches-module fails"
std::string state_of(const Report& report, const std::string& id) {
    const CheckResult* check = find(report, id);
    if (check == nullptr) return id + " is not judged";
    switch (check->status) {
        case Status::pass: return id + " passes";
        case Status::fail: return id + (check->waived ? " fails, and is waived" : " fails");
        case Status::unknown: return id + " is unknown";
        case Status::not_applicable: return id + " does not apply";
    }
    return id;
}

// The verdict, and its reason where that is no check: "unknown (not-a-jetson)".
std::string verdict_of(const Report& report) {
    std::string text(name_of(report.verdict));
    if (!report.reason.empty() && find(report, report.reason) == nullptr) {
        text.append(" (").append(plain_line(report.reason)).append(")");
    }
    return text;
}

// What brought the verdict of `after` about, in words; empty where no check did.
std::string cause_of(const Report& before, const Report& after) {
    if (find(after, after.reason) != nullptr) return state_of(after, after.reason);
    if (after.verdict == Verdict::healthy && find(before, before.reason) != nullptr) {
        return state_of(after, before.reason);
    }
    return {};
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return count == 1 ? "1 " + one : std::to_string(count) + " " + many;
}

// "2 checks are worse, 1 value changed"
std::string counts_of(const ReportDifference& difference) {
    std::string text;
    const auto add = [&](std::size_t count, const std::string& one, const std::string& many) {
        if (count == 0) return;
        if (!text.empty()) text += ", ";
        text += counted(count, one, many);
    };
    const auto going = [&](Direction direction) {
        return static_cast<std::size_t>(
            std::count_if(difference.checks.begin(), difference.checks.end(),
                          [&](const CheckChange& change) { return change.direction == direction; }));
    };
    add(going(Direction::worse), "check is worse", "checks are worse");
    add(going(Direction::better), "check is better", "checks are better");
    add(going(Direction::changed), "check changed", "checks changed");
    add(difference.values.size(), "value changed", "values changed");
    return text;
}

std::string result_text(const CheckResult& check) {
    std::string text(name_of(check.status));
    text.append(" (").append(plain_line(check.code));
    if (check.blocked_by) text.append(", waits for ").append(plain_line(*check.blocked_by));
    if (check.waived) text += ", waived";
    return text + ")";
}

std::string seen_text(const SeenValue& seen) {
    std::string text = shortened(plain_line(seen.value), evidence_value_limit);
    if (!seen.source.empty()) text.append(" (").append(plain_line(seen.source)).append(")");
    return text;
}

class Writer {
public:
    explicit Writer(const TextStyle& style) : style_(style) {}

    void line(const std::string& text) { text_.append(text).append("\n"); }

    // A column of eight for the kind of change.
    void change(std::string_view kind, std::string_view color, const std::string& text) {
        if (style_.color) text_.append("\x1b[").append(color).append("m");
        text_ += kind;
        if (style_.color) text_ += "\x1b[0m";
        text_.append(kind.size() < 9 ? 9 - kind.size() : 1, ' ');
        line(text);
    }

    [[nodiscard]] std::string text() const { return text_; }

private:
    TextStyle style_;
    std::string text_;
};

// Where a check could not be judged on one side, all its evidence came or went with it, and tells nothing.
bool evidence_tells(const CheckChange& change) {
    if (!change.before || !change.after) return false;
    const auto judged = [](const CheckResult& check) {
        return check.status == Status::pass || check.status == Status::fail;
    };
    return change.before->status == change.after->status || (judged(*change.before) && judged(*change.after));
}

void write_evidence(Writer& out, const std::vector<EvidenceChange>& changes) {
    std::size_t shown = 0;
    for (const EvidenceChange& change : changes) {
        if (shown++ == evidence_shown) {
            out.line("           " + std::to_string(changes.size() - evidence_shown) + " more with --json");
            return;
        }
        std::string text = "         - " + plain_line(change.what) + ": ";
        if (!change.before) {
            text += seen_text(*change.after) + ", new";
        } else if (!change.after) {
            text += seen_text(*change.before) + ", gone";
        } else if (change.before->source == change.after->source) {
            text.append(shortened(plain_line(change.before->value), evidence_value_limit)).append(arrow);
            text += seen_text(*change.after);
        } else {
            text.append(seen_text(*change.before)).append(arrow).append(seen_text(*change.after));
        }
        out.line(text);
    }
}

void write_check(Writer& out, const CheckChange& change) {
    const CheckResult& check = change.newest();
    std::string text = plain_line(check.id) + " (";
    if (change.before && change.after && change.before->severity != change.after->severity) {
        text.append(name_of(change.before->severity)).append(arrow);
    }
    text.append(name_of(check.severity)).append("): ");
    if (!change.after) {
        text.append(result_text(*change.before)).append(", judged in the first report only");
    } else {
        if (!change.before) {
            text.append(result_text(*change.after)).append(", judged in the second report only");
        } else if (result_text(*change.before) == result_text(*change.after)) {
            text.append("still ").append(result_text(*change.after));
        } else {
            text.append(result_text(*change.before)).append(arrow).append(result_text(*change.after));
        }
        if (!check.summary.empty() && !check.blocked_by) text.append(": ").append(plain_line(check.summary));
    }
    const std::string_view bad = check.severity == Severity::required ? red : yellow;
    out.change(name_of(change.direction),
               change.direction == Direction::worse ? bad : (change.direction == Direction::better ? green : yellow),
               text);
    if (evidence_tells(change)) write_evidence(out, change.evidence);
}

// The headline has told the verdict, and its reason where the verdict is another.
bool told_by_headline(const ReportDifference& difference, const ValueChange& value) {
    const bool other_verdict = std::any_of(difference.values.begin(), difference.values.end(),
                                           [](const ValueChange& each) { return each.name == "verdict"; });
    return value.name == "verdict" || (value.name == "reason" && other_verdict);
}

void write_values(Writer& out, const ReportDifference& difference) {
    const auto shown = [](const std::string& value) {
        return value.empty() ? "nothing" : shortened(plain_line(value), evidence_value_limit);
    };
    for (const ValueChange& value : difference.values) {
        if (told_by_headline(difference, value)) continue;
        std::string text = plain_line(value.name) + ": " + shown(value.before);
        text.append(arrow).append(shown(value.after));
        out.change(name_of(Direction::changed), yellow, text);
    }
}

void write_origin(Writer& out, const std::string& which, const ComparedReport& compared) {
    const Report& report = compared.report;
    std::string text = which + plain_line(compared.name) + ": " + verdict_of(report);
    if (report.simulated) {
        text += " (simulated driver)";
    } else if (!report.probed) {
        text += " (GPU not probed)";
    }
    if (!report.generated_at.empty()) text.append(", judged ").append(report.generated_at);
    if (!report.tool.empty()) text.append(" by jetcuda-check ").append(plain_line(report.tool));
    out.line(text);
}

}  // namespace

std::string headline(const ComparedReport& before, const ComparedReport& after, const ReportDifference& difference) {
    const Report& old_report = before.report;
    const Report& new_report = after.report;
    const std::string cause = cause_of(old_report, new_report);
    if (difference.same) {
        return "same: " + verdict_of(new_report) + " in both reports" + (cause.empty() ? "" : ", for " + cause);
    }
    if (old_report.verdict != new_report.verdict) {
        return verdict_of(old_report).append(arrow) + verdict_of(new_report) + (cause.empty() ? "" : ": " + cause);
    }
    const std::string counts = counts_of(difference);
    if (old_report.reason != new_report.reason) {
        return "still " + verdict_of(new_report) +
               ", for another reason: " + (cause.empty() ? plain_line(new_report.reason) : cause) + "; " + counts;
    }
    if (counts.empty()) {
        return "still " + verdict_of(new_report) +
               ", but the digests differ: by the order of checks or evidence, or by something that this version of "
               "jetcuda-check does not read";
    }
    return "still " + verdict_of(new_report) + ": " + counts;
}

std::string to_text(const ComparedReport& before, const ComparedReport& after, const ReportDifference& difference,
                    const TextStyle& style) {
    Writer out(style);
    out.line(headline(before, after, difference));
    for (const CheckChange& change : difference.checks) {
        if (change.direction == Direction::worse) write_check(out, change);
    }
    write_values(out, difference);
    for (const CheckChange& change : difference.checks) {
        if (change.direction != Direction::worse) write_check(out, change);
    }
    write_origin(out, "  First   ", before);
    write_origin(out, "  Second  ", after);
    return out.text();
}

}  // namespace jetcuda
