// Runs judges over facts: in the order of their needs, with the rules that hold for every check alike (not a
// Jetson, at rest, in a container, not probed), and with `blocked_by` naming the first cause.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/checks/check.hpp"

namespace jetcuda {

// One check's outcome, in the words of the machine's own distribution.
struct CheckResult {
    std::string id;
    Group group = Group::platform;
    Severity severity = Severity::wanted;
    Basis basis = Basis::files;
    Status status = Status::unknown;
    std::string code;
    std::string summary;
    std::string remedy;  // empty: nothing to do
    bool waived = false;
    std::optional<std::string> blocked_by;
    std::string measured_at;  // RFC 3339, of a measured check; else empty
    std::vector<Evidence> evidence;
    long duration_ms = 0;
};

// Judges `checks` (and, for blocking, whatever they need) and answers in the order given.
std::vector<CheckResult> judge(const Facts& facts, const std::vector<const Check*>& checks);

}  // namespace jetcuda
