#include "daemon/bus/check_object.hpp"

#include <utility>

namespace jetcuda::bus {

namespace {

EvidenceRows rows_of(const std::vector<Evidence>& evidence) {
    EvidenceRows rows;
    for (const Evidence& piece : evidence) {
        rows.emplace_back(piece.what, piece.value, piece.source, piece.volatile_value);
    }
    return rows;
}

// What never changes is constant, which saves its watchers a signal.
const std::vector<Property<CheckState>>& table() {
    using State = CheckState;
    static const std::vector<Property<State>> properties = {
        {"Id", "s", [](const State& state) -> PropertyValue { return state.result.id; }, true},
        {"Group", "s", [](const State& state) -> PropertyValue { return std::string(name_of(state.result.group)); },
         true},
        {"Severity", "s",
         [](const State& state) -> PropertyValue { return std::string(name_of(state.result.severity)); }, true},
        {"Status", "s", [](const State& state) -> PropertyValue { return std::string(name_of(state.result.status)); }},
        {"Code", "s", [](const State& state) -> PropertyValue { return state.result.code; }},
        {"Summary", "s", [](const State& state) -> PropertyValue { return state.result.summary; }},
        {"Remedy", "s", [](const State& state) -> PropertyValue { return state.result.remedy; }},
        {"Waived", "b", [](const State& state) -> PropertyValue { return state.result.waived; }},
        {"Evidence", "a(sssb)", [](const State& state) -> PropertyValue { return rows_of(state.result.evidence); }},
        {"LastChangedUSec", "t", [](const State& state) -> PropertyValue { return state.last_changed_usec; }},
        {"DurationUSec", "t",
         [](const State& state) -> PropertyValue {
             return static_cast<std::uint64_t>(std::max(0L, state.result.duration_ms)) * 1000U;
         }},
    };
    return properties;
}

}  // namespace

CheckState not_judged(const Check& check) {
    CheckState state;
    state.result.id = std::string(check.id);
    state.result.group = check.group;
    state.result.severity = check.severity;
    state.result.basis = check.basis;
    state.result.status = Status::unknown;
    state.result.code = "not-judged-yet";
    state.result.summary = "The board was not judged yet.";
    return state;
}

CheckObject::CheckObject(sdbus::IConnection& connection, CheckState state) : properties_(table(), std::move(state)) {
    object_ = sdbus::createObject(connection, check_path(id()));
    properties_.register_on(*object_, check_interface);
    object_->finishRegistration();
}

void CheckObject::announce() { object_->emitInterfacesAddedSignal({check_interface}); }

void CheckObject::withdraw() { object_->emitInterfacesRemovedSignal({check_interface}); }

void CheckObject::show(CheckState state) { properties_.update(std::move(state), *object_, check_interface); }

}  // namespace jetcuda::bus
