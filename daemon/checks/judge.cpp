// The rules that hold for every check alike, so that no judge has to know them: where a check does not apply, and
// when its answer is left open because another check's failure explains it. A judge is asked only where none of
// the former holds.

#include "daemon/checks/judge.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <string_view>
#include <utility>

#include "probes/custom_name.hpp"

namespace jetcuda {
namespace {

// The administrator's own programs are his to put on any machine, a Jetson or not, a container or not.
std::string_view rule_against_program(const Check& check, const Facts& facts) {
    if (!facts.scope.live || facts.scope.system) return "not-this-system";
    if (facts.custom.count(check.id.substr(custom_prefix.size())) != 0) return {};
    if (facts.scope.probe_stuck) return "probe-still-stuck";
    return facts.scope.probe_wanted ? "" : "not-probed";
}

// The code of the rule that makes this check not-applicable here, or empty.
std::string_view rule_against(const Check& check, const Facts& facts) {
    if (check.basis == Basis::program) return rule_against_program(check, facts);
    const bool measured = check.basis == Basis::measured;
    const bool driver_given = facts.scope.driver_override.has_value();
    // What was measured on purpose (--driver) is judged on any machine, also for an image at rest.
    if (measured && driver_given && facts.driver_probe.known()) return {};
    if (facts.board.known() && !facts.board->tegra && !(measured && driver_given)) return "not-a-jetson";
    if (facts.scope.at_rest && (check.basis == Basis::running || (measured && !driver_given))) return "not-running";
    if (facts.scope.in_container && check.basis == Basis::host) return "in-container";
    if (!measured || facts.driver_probe.known()) return {};
    if (!facts.scope.probe_wanted) return "not-probed";
    if (facts.scope.probe_stuck) return "probe-still-stuck";
    return {};
}

// True where the judge had a fact to judge by: its answer is not one that a Missing alone gives.
bool rests_on_facts(const Finding& finding) {
    return finding.code != name_of(Lack::not_there) && finding.code != name_of(Lack::not_readable) &&
           finding.code != name_of(Lack::not_understood) && finding.code != name_of(Lack::not_asked);
}

class Judging {
public:
    explicit Judging(const Facts& facts) : facts_(facts) {
        if (facts.distribution.known()) distribution_ = *facts.distribution;
    }

    const CheckResult& result_of(const Check& check) {
        if (const auto known = results_.find(check.id); known != results_.end()) return known->second;
        // A circle of needs, which a test forbids, meets this first entry instead of recursing without end.
        results_[check.id].status = Status::not_applicable;
        CheckResult result = decide(check);
        return results_[check.id] = std::move(result);
    }

private:
    CheckResult decide(const Check& check) {
        if (const std::string_view rule = rule_against(check, facts_); !rule.empty()) {
            return in_words(check, {.code = rule});
        }
        const std::string cause = first_cause(check);
        if (cause.empty()) return in_words(check, check.judge(facts_));
        if (check.basis == Basis::measured) {
            // A measured step is never blocked: only where nothing was measured does the cause speak for it.
            Finding finding = check.judge(facts_);
            if (rests_on_facts(finding)) return in_words(check, finding);
        }
        CheckResult result = in_words(check, {.code = "blocked", .values = {{"blocked_by", cause}}});
        result.blocked_by = cause;
        return result;
    }

    // The check at the root of the first chain of failures that leads here, or empty.
    std::string first_cause(const Check& check) {
        for (const std::string_view need : check.needs) {
            const Check* other = find_check(need);
            if (other == nullptr) continue;
            const CheckResult& outcome = result_of(*other);
            if (outcome.blocked_by) return *outcome.blocked_by;
            if (outcome.status == Status::fail) return outcome.id;
        }
        return {};
    }

    [[nodiscard]] CheckResult in_words(const Check& check, const Finding& finding) const {
        CheckResult result;
        result.id = check.id;
        result.group = check.group;
        result.severity = check.severity;
        result.basis = check.basis;
        result.code = finding.code;
        result.evidence = finding.evidence;
        result.duration_ms = finding.duration_ms;
        const Code* code = check.find_code(finding.code);
        assert(code != nullptr && "a judge answered a code that its check does not declare");
        if (code == nullptr) {
            result.status = Status::unknown;
            result.summary = "Not judged, because of a fault of this program: its answer \"" +
                             std::string(finding.code) + "\" is not declared";
            return result;
        }
        result.status = code->status;
        result.summary = fill(code->sentence, finding.values);
        result.remedy = fill(code->remedy.for_distribution(distribution_), finding.values);
        return result;
    }

    const Facts& facts_;
    Distribution distribution_ = Distribution::other;
    std::map<std::string_view, CheckResult> results_;
};

}  // namespace

std::vector<CheckResult> judge(const Facts& facts, const std::vector<const Check*>& checks) {
    Judging judging(facts);
    std::vector<CheckResult> results;
    results.reserve(checks.size());
    for (const Check* check : checks) results.push_back(judging.result_of(*check));
    return results;
}

}  // namespace jetcuda
