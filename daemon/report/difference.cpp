#include "daemon/report/difference.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "daemon/report/json.hpp"
#include "daemon/report/rung.hpp"

namespace jetcuda {

namespace {

class Values {
public:
    void compare(const std::string& name, const std::string& before, const std::string& after) {
        if (before != after) changes_.push_back({name, before, after});
    }
    [[nodiscard]] std::vector<ValueChange> take() { return std::move(changes_); }

private:
    std::vector<ValueChange> changes_;
};

std::string sm_text(const std::optional<int>& sm) { return sm ? std::to_string(*sm) : ""; }

std::string joined(const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& entry : list) {
        if (!text.empty()) text += ", ";
        text += entry;
    }
    return text;
}

std::string described(const CompatSummary& compat) {
    std::string text = compat.product.empty() ? "of an unknown product" : compat.product;
    if (!compat.cuda.empty()) text.append(" ").append(compat.cuda);
    text.append(compat.enabled_by.empty() ? ", not enabled" : ", enabled by " + compat.enabled_by);
    return compat.measured ? text.append("; ") + text_of(*compat.measured) : text;
}

// A folder is the name of a compat; what is in it or enables it may change.
void compare_compats(Values& values, const std::vector<CompatSummary>& before,
                     const std::vector<CompatSummary>& after) {
    const auto text_of = [](const std::vector<CompatSummary>& list, const std::string& dir) {
        std::string text;
        for (const CompatSummary& compat : list) {
            if (compat.dir != dir) continue;
            if (!text.empty()) text += "; ";
            text += described(compat);
        }
        return text;
    };
    std::set<std::string> dirs;
    for (const CompatSummary& compat : before) dirs.insert(compat.dir);
    for (const CompatSummary& compat : after) dirs.insert(compat.dir);
    for (const std::string& dir : dirs)
        values.compare("stack.compat " + dir, text_of(before, dir), text_of(after, dir));
}

std::vector<ValueChange> compare_values(const Report& before, const Report& after) {
    Values values;
    values.compare("verdict", std::string(name_of(before.verdict)), std::string(name_of(after.verdict)));
    values.compare("reason", before.reason, after.reason);
    values.compare("root", before.root, after.root);
    values.compare("system", before.system, after.system);
    values.compare("device.soc", before.device.soc, after.device.soc);
    values.compare("device.module", before.device.module, after.device.module);
    values.compare("device.model", before.device.model, after.device.model);
    values.compare("device.sm", sm_text(before.device.sm), sm_text(after.device.sm));
    values.compare("device.gpu", before.device.gpu, after.device.gpu);
    const StackSummary& old_stack = before.stack;
    const StackSummary& new_stack = after.stack;
    values.compare("stack.environment", old_stack.environment, new_stack.environment);
    values.compare("stack.distribution", old_stack.distribution, new_stack.distribution);
    values.compare("stack.l4t", old_stack.l4t, new_stack.l4t);
    values.compare("stack.jetpack", old_stack.jetpack, new_stack.jetpack);
    values.compare("stack.kernel", old_stack.kernel, new_stack.kernel);
    values.compare("stack.gpu_module", old_stack.gpu_module, new_stack.gpu_module);
    values.compare("stack.libcuda", old_stack.libcuda, new_stack.libcuda);
    values.compare("stack.driver_cuda", old_stack.driver_cuda, new_stack.driver_cuda);
    const auto ladder = [](const StackSummary& stack) {
        return stack.driver_measured ? text_of(*stack.driver_measured) : std::string();
    };
    values.compare("stack.driver_measured", ladder(old_stack), ladder(new_stack));
    values.compare("stack.effective_cuda", old_stack.effective_cuda, new_stack.effective_cuda);
    values.compare("stack.native_cuda", old_stack.native_cuda, new_stack.native_cuda);
    values.compare("stack.toolkit_cuda", joined(old_stack.toolkit_cuda), joined(new_stack.toolkit_cuda));
    compare_compats(values, old_stack.compat, new_stack.compat);
    return values.take();
}

std::vector<Evidence> lasting(const std::vector<Evidence>& evidence) {
    std::vector<Evidence> kept;
    std::copy_if(evidence.begin(), evidence.end(), std::back_inserter(kept),
                 [](const Evidence& each) { return !each.volatile_value; });
    return kept;
}

// What both sides have alike is taken out of both; of the rest, what has one name is one change.
std::vector<EvidenceChange> compare_evidence(const std::vector<Evidence>& before, const std::vector<Evidence>& after) {
    std::vector<Evidence> gone = lasting(before);
    std::vector<Evidence> come;
    for (const Evidence& each : lasting(after)) {
        const auto equal = std::find_if(gone.begin(), gone.end(), [&](const Evidence& other) {
            return each.what == other.what && each.value == other.value && each.source == other.source;
        });
        if (equal == gone.end()) {
            come.push_back(each);
        } else {
            gone.erase(equal);
        }
    }
    std::vector<EvidenceChange> changes;
    for (const Evidence& each : gone) {
        EvidenceChange change{each.what, SeenValue{each.value, each.source}, std::nullopt};
        const auto same_name =
            std::find_if(come.begin(), come.end(), [&](const Evidence& other) { return other.what == each.what; });
        if (same_name != come.end()) {
            change.after = SeenValue{same_name->value, same_name->source};
            come.erase(same_name);
        }
        changes.push_back(std::move(change));
    }
    for (const Evidence& each : come) changes.push_back({each.what, std::nullopt, SeenValue{each.value, each.source}});
    return changes;
}

// How much a result should worry its reader. A waived failure is told, and counts for nothing.
int badness(const std::optional<CheckResult>& check) {
    if (!check) return 0;
    switch (check->status) {
        case Status::fail: return check->waived ? 1 : 3;
        case Status::unknown: return 2;
        case Status::pass:
        case Status::not_applicable: return 0;
    }
    return 0;
}

Direction direction_of(const std::optional<CheckResult>& before, const std::optional<CheckResult>& after) {
    // A check that is judged no longer is not mended by that.
    if (!after) return Direction::changed;
    const int change = badness(after) - badness(before);
    if (change == 0) return Direction::changed;
    return change > 0 ? Direction::worse : Direction::better;
}

bool same_result(const CheckResult& before, const CheckResult& after) {
    return before.status == after.status && before.severity == after.severity && before.code == after.code &&
           before.waived == after.waived && before.blocked_by == after.blocked_by;
}

const CheckResult* find(const Report& report, const std::string& id) {
    const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                    [&](const CheckResult& check) { return check.id == id; });
    return found == report.checks.end() ? nullptr : &*found;
}

std::vector<CheckChange> compare_checks(const Report& before, const Report& after) {
    std::vector<CheckChange> changes;
    for (const CheckResult& check : after.checks) {
        const CheckResult* earlier = find(before, check.id);
        CheckChange change;
        change.after = check;
        if (earlier != nullptr) {
            change.before = *earlier;
            change.evidence = compare_evidence(earlier->evidence, check.evidence);
            if (same_result(*earlier, check) && change.evidence.empty()) continue;
        }
        change.direction = direction_of(change.before, change.after);
        changes.push_back(std::move(change));
    }
    for (const CheckResult& check : before.checks) {
        if (find(after, check.id) == nullptr) changes.push_back({Direction::changed, check, std::nullopt, {}});
    }
    const auto order = [&](const CheckChange& change) {
        const CheckResult& check = change.newest();
        const bool decided = change.direction == Direction::worse && check.id == after.reason;
        return std::make_tuple(change.direction, !decided, check.blocked_by.has_value(), check.severity);
    };
    std::stable_sort(changes.begin(), changes.end(),
                     [&](const CheckChange& left, const CheckChange& right) { return order(left) < order(right); });
    return changes;
}

}  // namespace

std::string_view name_of(Direction direction) {
    switch (direction) {
        case Direction::worse: return "worse";
        case Direction::changed: return "changed";
        case Direction::better: return "better";
    }
    return "changed";
}

ReportDifference compare(const ComparedReport& before, const ComparedReport& after) {
    ReportDifference difference;
    difference.values = compare_values(before.report, after.report);
    difference.checks = compare_checks(before.report, after.report);
    difference.same = digest(before.report) == digest(after.report) && before.stated_digest == after.stated_digest;
    return difference;
}

}  // namespace jetcuda
