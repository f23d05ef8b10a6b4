// What changed between two reports: the question after an update, a repair or a power cut, and the one that support
// asks first. Only what the digest covers counts as a change (contract, section 3): times, durations, wordings and
// volatile evidence differ between any two runs and say nothing about the machine.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/report/report.hpp"
#include "daemon/report/text.hpp"

namespace jetcuda {

struct ComparedReport {
    std::string name;  // the file, as people know it
    Report report;
    std::string stated_digest;  // as the file states it; a newer program may have digested more than this one reads
};

// "stack.l4t": "36.4.3", then "36.5.0". Empty: not known.
struct ValueChange {
    std::string name, before, after;
};

struct SeenValue {
    std::string value, source;
};

// One piece of evidence that came, went, or has another value or source.
struct EvidenceChange {
    std::string what;
    std::optional<SeenValue> before, after;
};

enum class Direction { worse, changed, better };
std::string_view name_of(Direction direction);

// Absent on one side: the check stands in the other report only.
struct CheckChange {
    Direction direction = Direction::changed;
    std::optional<CheckResult> before, after;
    std::vector<EvidenceChange> evidence;

    [[nodiscard]] const CheckResult& newest() const { return after ? *after : *before; }
};

struct ReportDifference {
    bool same = true;                 // one state: equal digests
    std::vector<ValueChange> values;  // of the report itself, the device and the stack
    std::vector<CheckChange> checks;  // what got worse first, and of that the cause first; what got better last
};

ReportDifference compare(const ComparedReport& before, const ComparedReport& after);

// "healthy → unhealthy: driver-matches-module fails"
std::string headline(const ComparedReport& before, const ComparedReport& after, const ReportDifference& difference);

// The headline, one line a change with its evidence below it, and where the two reports are from.
std::string to_text(const ComparedReport& before, const ComparedReport& after, const ReportDifference& difference,
                    const TextStyle& style);

// jetcuda-check.diff/1 (config/diff.schema.json); indented, newline at its end.
std::string to_pretty_json(const ComparedReport& before, const ComparedReport& after,
                           const ReportDifference& difference);

}  // namespace jetcuda
