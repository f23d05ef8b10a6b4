// Facts and judged checks become a report. The verdict is a function of the checks alone, so whoever reads a
// report can follow how it came about.

#include "daemon/report/report.hpp"

#include <algorithm>
#include <utility>

#include "daemon/report/rung.hpp"

namespace jetcuda {

namespace {

constexpr std::string_view not_a_jetson = "not-a-jetson";

bool has_code(const std::vector<CheckResult>& checks, std::string_view code) {
    return std::any_of(checks.begin(), checks.end(), [&](const CheckResult& check) { return check.code == code; });
}

bool counts_as_failed(const CheckResult& check, Severity severity) {
    return check.severity == severity && check.status == Status::fail && !check.waived;
}

const CheckResult* find(const std::vector<CheckResult>& checks, std::string_view id) {
    const auto found =
        std::find_if(checks.begin(), checks.end(), [&](const CheckResult& check) { return check.id == id; });
    return found == checks.end() ? nullptr : &*found;
}

// Of the checks that `decides` picks, the first that is a cause: it blocks others, or nothing blocks it. Where all of
// them wait for another check, that one: following blocked_by leads to it.
template <typename Predicate>
std::optional<std::string> deciding_check(const std::vector<CheckResult>& checks, Predicate decides) {
    const auto blocks_others = [&](const CheckResult& cause) {
        return std::any_of(checks.begin(), checks.end(),
                           [&](const CheckResult& check) { return check.blocked_by == cause.id; });
    };
    const CheckResult* first = nullptr;
    for (const CheckResult& check : checks) {
        if (!decides(check)) continue;
        if (!check.blocked_by || blocks_others(check)) return check.id;
        if (first == nullptr) first = &check;
    }
    if (first == nullptr) return std::nullopt;
    const CheckResult* cause = first;
    for (std::size_t step = 0; cause->blocked_by && step < checks.size(); ++step) {
        const CheckResult* next = find(checks, *cause->blocked_by);
        if (next == nullptr) break;
        cause = next;
    }
    return cause->id;
}

bool is_jetson(const Facts& facts, const std::vector<CheckResult>& results) {
    return !has_code(results, not_a_jetson) && (!facts.board.known() || facts.board->tegra);
}

DeviceSummary device_of(const Facts& facts, const ProbeAnswer* measured) {
    DeviceSummary device;
    if (!facts.board) return device;
    const Board& board = *facts.board;
    device.module = board.module;
    device.model = board.model;
    if (board.soc) {
        device.soc = board.soc->id;
        device.gpu = board.soc->name;
        device.sm = board.soc->capability.sm();
    }
    const GpuDevice* gpu = measured != nullptr ? measured->integrated_device() : nullptr;
    if (gpu != nullptr && !gpu->name.empty()) device.gpu = gpu->name;
    return device;
}

// Of the installed toolkits and cudarts, ascending. A major alone ("cuDNN for CUDA 12") is no version.
std::vector<std::string> toolkit_versions(const Facts& facts) {
    std::vector<CudaVersion> versions;
    const auto add = [&](const std::optional<CudaVersion>& version) {
        if (version && version->minor >= 0) versions.push_back(*version);
    };
    if (facts.toolkits) {
        for (const Toolkit& toolkit : *facts.toolkits) add(toolkit.cuda);
    }
    if (facts.software) {
        for (const InstalledComponent& component : facts.software->components) {
            const bool is_cudart = component.id == "cuda_cudart" && component.kind == ComponentKind::runtime;
            const bool is_nvcc = component.id == "cuda_nvcc" && component.kind == ComponentKind::compiler;
            if (is_cudart || is_nvcc) add(component.cuda);
        }
    }
    std::sort(versions.begin(), versions.end());
    versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
    std::vector<std::string> texts;
    texts.reserve(versions.size());
    for (const CudaVersion& version : versions) texts.push_back(version.text());
    return texts;
}

// The part of the stack that only an L4T system has.
void describe_l4t(const Facts& facts, StackSummary& stack) {
    if (facts.release && facts.release->l4t) stack.l4t = facts.release->l4t->text();
    if (facts.reference) {
        stack.jetpack = facts.reference->jetpack.value_or("");
        if (facts.reference->driver_cuda) stack.native_cuda = facts.reference->driver_cuda->text();
    }
    if (facts.gpu_module) {
        const GpuModule& module = *facts.gpu_module;
        // A name is told only for a module that was seen, running or as a file.
        if (module.running.presence != ModulePresence::absent || module.file) stack.gpu_module = module.running.name;
    }
    if (facts.libcuda) {
        stack.libcuda = facts.libcuda->real_path.empty() ? facts.libcuda->path : facts.libcuda->real_path;
    }
}

bool suits_board(const CompatFolder& folder, const std::vector<CompatRecord>& records) {
    return std::any_of(records.begin(), records.end(),
                       [&](const CompatRecord& record) { return record.product == name_of(folder.product); });
}

void describe_compat(const Facts& facts, StackSummary& stack) {
    if (!facts.compat) return;
    for (const CompatFolder& folder : facts.compat->folders) {
        CompatSummary summary;
        summary.dir = folder.directory;
        summary.product = std::string(name_of(folder.product));
        if (folder.cuda) summary.cuda = folder.cuda->text();
        bool every_program = false;
        for (const CompatEnabling& how : folder.enabled_by) {
            every_program = every_program || how.every_program;
            summary.enabled_by.append(summary.enabled_by.empty() ? "" : "; ").append(how.who);
            if (!how.source.empty()) summary.enabled_by.append(" (").append(how.source).append(")");
        }
        if (every_program && suits_board(folder, facts.compat->records)) stack.effective_cuda = summary.cuda;
        if (const auto probe = facts.compat_probes.find(folder.directory); probe != facts.compat_probes.end()) {
            if (probe->second)
                summary.measured = rung_of(*probe->second);
            else
                summary.not_measured = probe->second.missing().why;
        }
        stack.compat.push_back(std::move(summary));
    }
}

StackSummary stack_of(const Facts& facts, const ProbeAnswer* measured, bool jetson) {
    StackSummary stack;
    if (facts.environment) stack.environment = facts.environment->container ? "container" : "host";
    if (facts.distribution) stack.distribution = std::string(name_of(*facts.distribution));
    if (facts.kernel_release) stack.kernel = *facts.kernel_release;
    if (jetson) describe_l4t(facts, stack);
    stack.toolkit_cuda = toolkit_versions(facts);
    if (measured != nullptr && measured->driver_version && *measured->driver_version > 0) {
        stack.driver_cuda = CudaVersion::from_api(*measured->driver_version).text();
        stack.effective_cuda = stack.driver_cuda;
    }
    if (measured != nullptr && !measured->asked_work.empty()) stack.driver_measured = rung_of(*measured);
    if (jetson) describe_compat(facts, stack);
    return stack;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::healthy: return "healthy";
        case Verdict::degraded: return "degraded";
        case Verdict::unhealthy: return "unhealthy";
        case Verdict::unknown: return "unknown";
    }
    return "unknown";
}

std::string_view tool_version() { return JETCUDA_VERSION; }

Decision decide(const std::vector<CheckResult>& checks, bool is_jetson) {
    const auto failed_required = [](const CheckResult& check) { return counts_as_failed(check, Severity::required); };
    if (auto id = deciding_check(checks, failed_required)) return {Verdict::unhealthy, *id};
    if (!is_jetson) return {Verdict::unknown, std::string(not_a_jetson)};

    const auto unknown_required = [](const CheckResult& check) {
        return check.severity == Severity::required && check.status == Status::unknown;
    };
    if (auto id = deciding_check(checks, unknown_required)) return {Verdict::unknown, *id};

    const auto failed_wanted = [](const CheckResult& check) { return counts_as_failed(check, Severity::wanted); };
    if (auto id = deciding_check(checks, failed_wanted)) return {Verdict::degraded, *id};

    // Silence is not health: something must have passed, and a required check where any was asked.
    const bool any_required = std::any_of(
        checks.begin(), checks.end(), [](const CheckResult& check) { return check.severity == Severity::required; });
    const bool passed = std::any_of(checks.begin(), checks.end(), [&](const CheckResult& check) {
        return check.status == Status::pass && (check.severity == Severity::required || !any_required);
    });
    if (!passed) return {Verdict::unknown, "nothing-judged"};
    return {Verdict::healthy, ""};
}

Report make_report(const Facts& facts, std::vector<CheckResult> results, const ReportTime& time) {
    const ProbeAnswer* measured =
        facts.driver_probe && !facts.driver_probe->steps.empty() ? &*facts.driver_probe : nullptr;
    const bool jetson = is_jetson(facts, results);

    Report report;
    report.tool = std::string(tool_version());
    report.generated_at = time.generated_at;
    report.duration_ms = time.duration_ms;
    if (facts.boot_id) report.boot_id = *facts.boot_id;
    report.root = facts.scope.root;
    report.system = facts.scope.system.value_or("");
    report.probed = measured != nullptr;
    if (measured != nullptr) {
        report.simulated = measured->simulated;
        report.driver_under_test = measured->library;
    }
    if (jetson) report.device = device_of(facts, measured);
    report.stack = stack_of(facts, measured, jetson);
    report.checks = std::move(results);
    for (CheckResult& check : report.checks) {
        const bool has_outcome = check.status == Status::pass || check.status == Status::fail;
        const bool measured_now = check.basis == Basis::program || (report.probed && check.basis == Basis::measured);
        if (measured_now && has_outcome && check.measured_at.empty()) {
            check.measured_at = time.generated_at;
        }
    }
    const Decision decision = decide(report.checks, jetson);
    report.verdict = decision.verdict;
    report.reason = decision.reason;
    return report;
}

Report not_judged_yet(std::string boot_id) {
    Report report;
    report.tool = std::string(tool_version());
    report.boot_id = std::move(boot_id);
    report.reason = "not-judged-yet";
    return report;
}

Report run_did_not_finish(std::string boot_id, std::string reason, std::string sentence, const ReportTime& time) {
    Report report;
    report.tool = std::string(tool_version());
    report.generated_at = time.generated_at;
    report.duration_ms = time.duration_ms;
    report.boot_id = std::move(boot_id);
    report.reason = std::move(reason);
    report.sentence = std::move(sentence);
    return report;
}

}  // namespace jetcuda
