#include "daemon/bus/manager_object.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daemon/checks/check.hpp"

namespace jetcuda::bus {

namespace {

using Names = std::vector<std::string>;
using ListedReport = sdbus::Struct<std::uint64_t, std::uint64_t, std::string, std::string, std::string>;

const std::vector<Property<ManagerState>>& table() {
    using State = ManagerState;
    static const std::vector<Property<State>> properties = {
        {"Version", "s", [](const State&) -> PropertyValue { return std::string(tool_version()); }, true},
        {"Verdict", "s", [](const State& state) -> PropertyValue { return state.verdict; }},
        {"Reason", "s", [](const State& state) -> PropertyValue { return state.reason; }},
        {"Probed", "b", [](const State& state) -> PropertyValue { return state.probed; }},
        {"ReportSequence", "t", [](const State& state) -> PropertyValue { return state.sequence; }},
        {"LastRunUSec", "t", [](const State& state) -> PropertyValue { return state.last_run_usec; }},
        {"BootID", "s", [](const State& state) -> PropertyValue { return state.boot_id; }, true},
        {"L4TRelease", "s", [](const State& state) -> PropertyValue { return state.l4t; }},
        {"JetPack", "s", [](const State& state) -> PropertyValue { return state.jetpack; }},
        {"SoC", "s", [](const State& state) -> PropertyValue { return state.soc; }},
        {"GPUArch", "s", [](const State& state) -> PropertyValue { return state.gpu_arch; }},
        {"GPUModule", "s", [](const State& state) -> PropertyValue { return state.gpu_module; }},
        {"DriverCUDA", "s", [](const State& state) -> PropertyValue { return state.driver_cuda; }},
        {"NativeCUDA", "s", [](const State& state) -> PropertyValue { return state.native_cuda; }},
        {"ToolkitCUDA", "as", [](const State& state) -> PropertyValue { return state.toolkit_cuda; }},
        {"CurrentRun", "o", [](const State& state) -> PropertyValue { return sdbus::ObjectPath(state.current_run); }},
    };
    return properties;
}

// Options of StartRun. None takes a path: what is judged is this machine, whoever asks.
bool probe_wanted(const std::map<std::string, sdbus::Variant>& options) {
    bool probe = false;
    for (const auto& [name, value] : options) {
        if (name != "probe") {
            throw sdbus::Error(error::invalid_args,
                               "StartRun has no option \"" + name + "\"; the only one is \"probe\" (boolean).");
        }
        if (!value.containsValueOfType<bool>()) {
            throw sdbus::Error(error::invalid_args, "The option \"probe\" of StartRun must be a boolean.");
        }
        probe = value.get<bool>();
    }
    return probe;
}

// What can be asked for: the checks of the build, and the administrator's own that the newest report judged.
std::set<std::string, std::less<>> known_ids(const Report& newest) {
    std::set<std::string, std::less<>> known;
    for (const Check* check : all_checks()) known.emplace(check->id);
    for (const CheckResult& result : newest.checks) known.insert(result.id);
    return known;
}

// Sorted and without repetitions, so that equal requests are equal; empty where all checks are named.
Names known_checks(Names ids, const Report& newest) {
    const auto known = known_ids(newest);
    for (const std::string& id : ids) {
        if (known.count(id) == 0) {
            throw sdbus::Error(error::no_such_check,
                               "There is no check \"" + id.substr(0, 100) + "\"; see: jetcuda-check list");
        }
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    if (ids.size() == known.size()) {
        ids.clear();
    }
    return ids;
}

}  // namespace

ManagerState state_of(const Report& report, const std::string& current_run) {
    ManagerState state;
    state.verdict = std::string(name_of(report.verdict));
    state.reason = report.reason;
    state.boot_id = report.boot_id;
    state.probed = report.probed;
    state.sequence = report.sequence;
    state.last_run_usec = usec_of(report.generated_at);
    state.l4t = report.stack.l4t;
    state.jetpack = report.stack.jetpack;
    state.soc = report.device.soc;
    state.gpu_arch = report.device.sm ? "sm_" + std::to_string(*report.device.sm) : "";
    state.gpu_module = report.stack.gpu_module;
    state.driver_cuda = report.stack.driver_cuda;
    state.native_cuda = report.stack.native_cuda;
    state.toolkit_cuda = report.stack.toolkit_cuda;
    state.current_run = current_run;
    return state;
}

ManagerObject::ManagerObject(sdbus::IConnection& connection, const ReportMemory& memory, OnStart on_start)
    : memory_(memory), on_start_(std::move(on_start)), properties_(table(), state_of(memory.newest(), no_run_path)) {
    object_ = sdbus::createObject(connection, manager_path);
    register_methods();
    object_->registerSignal(manager_interface, "RunFinished", "ost", Names{"run", "verdict", "sequence"});
    object_->registerSignal(manager_interface, "CheckTransitioned", "ssst", Names{"id", "before", "after", "usec"});
    properties_.register_on(*object_, manager_interface);
    object_->finishRegistration();
    object_->addObjectManager();
}

void ManagerObject::register_methods() {
    object_->registerMethod(manager_interface, "Describe", "", Names{}, "s", Names{"report"},
                            [this](sdbus::MethodCall call) { as_bus_error([&] { describe(call); }); });
    object_->registerMethod(manager_interface, "GetReport", "t", Names{"sequence"}, "s", Names{"report"},
                            [this](sdbus::MethodCall call) { as_bus_error([&] { get_report(call); }); });
    object_->registerMethod(manager_interface, "ListReports", "u", Names{"max"}, "a(ttsss)", Names{"reports"},
                            [this](sdbus::MethodCall call) { as_bus_error([&] { list_reports(call); }); });
    object_->registerMethod(manager_interface, "StartRun", "asa{sv}", Names{"checks", "options"}, "o", Names{"run"},
                            [this](sdbus::MethodCall call) { as_bus_error([&] { start_run(std::move(call)); }); });
}

void ManagerObject::describe(const sdbus::MethodCall& call) const {
    auto reply = call.createReply();
    reply << memory_.newest_json();
    reply.send();
}

void ManagerObject::get_report(sdbus::MethodCall& call) const {
    std::uint64_t sequence = 0;
    call >> sequence;
    const std::string* json = memory_.json_of(sequence);
    if (json == nullptr || json->empty()) {
        throw sdbus::Error(error::no_such_report, "There is no report " + std::to_string(sequence) +
                                                      " of this boot; ListReports tells which are kept.");
    }
    auto reply = call.createReply();
    reply << *json;
    reply.send();
}

void ManagerObject::list_reports(sdbus::MethodCall& call) const {
    std::uint32_t most = 0;
    call >> most;
    std::vector<ListedReport> rows;
    for (const ReportLine& line : memory_.recent()) {
        if (rows.size() >= most) {
            break;
        }
        rows.emplace_back(line.sequence, line.realtime_usec, line.boot_id, line.verdict, line.digest);
    }
    auto reply = call.createReply();
    reply << rows;
    reply.send();
}

void ManagerObject::start_run(sdbus::MethodCall call) const {
    Names ids;
    std::map<std::string, sdbus::Variant> options;
    call >> ids >> options;
    RunRequest request;
    request.probe = probe_wanted(options);
    request.checks = known_checks(std::move(ids), memory_.newest());
    on_start_(std::move(request), std::move(call));
}

void ManagerObject::show(ManagerState state) { properties_.update(std::move(state), *object_, manager_interface); }

void ManagerObject::tell_finished(const std::string& run, const std::string& verdict, std::uint64_t sequence) {
    auto signal = object_->createSignal(manager_interface, "RunFinished");
    signal << sdbus::ObjectPath(run) << verdict << sequence;
    object_->emitSignal(signal);
}

void ManagerObject::tell_transition(const Transition& transition, std::uint64_t usec) {
    auto signal = object_->createSignal(manager_interface, "CheckTransitioned");
    signal << transition.id << std::string(name_of(transition.before)) << std::string(name_of(transition.after))
           << usec;
    object_->emitSignal(signal);
}

}  // namespace jetcuda::bus
