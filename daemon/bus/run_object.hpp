// One run on the bus, below /io/jetcuda/Check1/run: how far it is, a method that answers when it has ended, and one
// that ends it. It stays readable for a while after its end, for a client that asks late.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/bus/properties.hpp"
#include "daemon/runner_protocol.hpp"

namespace jetcuda::bus {

struct RunState {
    std::string state = "queued";  // "running", then "finished", "failed" or "cancelled"
    std::uint32_t progress = 0;    // per cent, estimated by the run before
    std::string current_check;     // or the source that is being asked; empty when nothing is
};

// How a run ended, as Wait() answers it.
struct RunAnswer {
    std::string error;     // a bus error's name; empty: it made a report
    std::string sentence;  // with an error
    std::string verdict;
    std::uint64_t sequence = 0;
};

class RunObject {
public:
    using OnCancel = std::function<void(RunObject& run, sdbus::MethodCall call)>;

    RunObject(sdbus::IConnection& connection, std::uint64_t number, RunRequest request, std::optional<uid_t> owner,
              OnCancel on_cancel);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const RunRequest& request() const { return request_; }
    [[nodiscard]] std::optional<uid_t> owner() const { return owner_; }  // empty: the daemon's own run
    [[nodiscard]] bool ended() const { return answer_.has_value(); }
    [[nodiscard]] const RunState& state() const { return properties_.state(); }

    void show(RunState state);
    void end(const std::string& state, RunAnswer answer);  // answers everyone who waits
    void withdraw();                                       // tells the object manager's clients before it goes

private:
    void wait(sdbus::MethodCall call);
    void reply_to(const sdbus::MethodCall& call) const;

    std::string path_;
    RunRequest request_;
    std::optional<uid_t> owner_;
    OnCancel on_cancel_;
    PropertySet<RunState> properties_;
    std::optional<RunAnswer> answer_;
    std::vector<sdbus::MethodCall> waiting_;
    std::unique_ptr<sdbus::IObject> object_;
};

}  // namespace jetcuda::bus
