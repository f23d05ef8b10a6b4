#include "daemon/bus/run_object.hpp"

#include <algorithm>
#include <utility>

namespace jetcuda::bus {

namespace {

// Waiters are answered at the run's end, which has a limit; so those that vanish need no watching of the bus's names
// (a signal that wakes the daemon for every client of every service), only a bound. The state's PropertiesChanged and
// RunFinished serve any number of clients.
constexpr std::size_t waiters_limit = 64;
constexpr std::size_t waiters_of_one_limit = 8;

const std::vector<Property<RunState>>& table() {
    using State = RunState;
    static const std::vector<Property<State>> properties = {
        {"State", "s", [](const State& state) -> PropertyValue { return state.state; }},
        {"Progress", "u", [](const State& state) -> PropertyValue { return state.progress; }},
        {"CurrentCheck", "s", [](const State& state) -> PropertyValue { return state.current_check; }},
    };
    return properties;
}

}  // namespace

RunObject::RunObject(sdbus::IConnection& connection, std::uint64_t number, RunRequest request,
                     std::optional<uid_t> owner, OnCancel on_cancel)
    : path_(run_path(number)),
      request_(std::move(request)),
      owner_(owner),
      on_cancel_(std::move(on_cancel)),
      properties_(table(), RunState{}) {
    object_ = sdbus::createObject(connection, path_);
    object_->registerMethod(run_interface, "Wait", "", std::vector<std::string>{}, "st",
                            std::vector<std::string>{"verdict", "sequence"},
                            [this](sdbus::MethodCall call) { as_bus_error([&] { wait(std::move(call)); }); });
    object_->registerMethod(
        run_interface, "Cancel", "", std::vector<std::string>{}, "", std::vector<std::string>{},
        [this](sdbus::MethodCall call) { as_bus_error([&] { on_cancel_(*this, std::move(call)); }); });
    properties_.register_on(*object_, run_interface);
    object_->finishRegistration();
    object_->emitInterfacesAddedSignal({run_interface});
}

void RunObject::wait(sdbus::MethodCall call) {
    if (answer_) {
        reply_to(call);
        return;
    }
    const auto of_same = std::count_if(waiting_.begin(), waiting_.end(), [&](const sdbus::MethodCall& other) {
        return other.getSender() == call.getSender();
    });
    if (waiting_.size() >= waiters_limit || static_cast<std::size_t>(of_same) >= waiters_of_one_limit) {
        throw sdbus::Error(error::limit_reached,
                           "Too many calls wait for this run already; watch the signal RunFinished instead.");
    }
    waiting_.push_back(std::move(call));
}

void RunObject::reply_to(const sdbus::MethodCall& call) const {
    if (!answer_->error.empty()) {
        call.createErrorReply(sdbus::Error(answer_->error, answer_->sentence)).send();
        return;
    }
    auto reply = call.createReply();
    reply << answer_->verdict << answer_->sequence;
    reply.send();
}

void RunObject::show(RunState state) { properties_.update(std::move(state), *object_, run_interface); }

void RunObject::end(const std::string& state, RunAnswer answer) {
    answer_ = std::move(answer);
    show({state, state == "finished" ? 100U : properties_.state().progress, ""});
    for (const sdbus::MethodCall& call : std::exchange(waiting_, {})) {
        try {
            reply_to(call);
        } catch (const sdbus::Error& error) {  // one that is gone must not keep the others from their answer
            log(LogLevel::debug, "a waiting client could not be answered: " + error.getMessage());
        }
    }
}

void RunObject::withdraw() { object_->emitInterfacesRemovedSignal({run_interface}); }

}  // namespace jetcuda::bus
