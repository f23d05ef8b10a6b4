// The runs: one at a time, the others in a short line. Equal requests are one run, so that ten monitors that ask at
// once cost one look at the machine. Ended runs are kept a while for those who ask late.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/bus/event_loop.hpp"
#include "daemon/bus/run_object.hpp"
#include "daemon/bus/runner.hpp"

namespace jetcuda::bus {

class RunQueue {
public:
    struct Events {
        std::function<void()> on_change;  // another run, or another step of the current one
        // A run ended: takes its outcome in, and says what those who wait for it are answered.
        std::function<RunAnswer(const RunObject& run, RunnerOutcome outcome)> on_outcome;
        // After everyone who waited was answered.
        std::function<void(const RunObject& run, const RunAnswer& answer)> on_ended;
    };

    RunQueue(EventLoop& loop, sdbus::IConnection& connection, RunnerPlace place, RunnerLimits limits, Events events);

    // The run of this request: one that runs or waits already, or a new one; null: too many wait (see `limit`).
    RunObject* start(const RunRequest& request, std::optional<uid_t> owner, const RunObject::OnCancel& on_cancel);
    [[nodiscard]] RunObject* find_equal(const RunRequest& request);
    [[nodiscard]] RunObject* find(const std::string& path);  // null: forgotten
    void cancel(RunObject& run);

    [[nodiscard]] const RunObject* current() const { return current_; }

    static constexpr std::size_t waiting_limit = 8;

private:
    void start_next();
    void progress(const std::string& what);
    void show_progress();
    void ended(RunnerOutcome outcome);
    void forget_old();

    EventLoop& loop_;
    sdbus::IConnection& connection_;
    RunnerPlace place_;
    RunnerLimits limits_;
    Events events_;

    std::deque<std::unique_ptr<RunObject>> runs_;  // oldest first
    RunObject* current_ = nullptr;
    std::uint64_t last_number_ = 0;
    std::uint32_t steps_ = 0;            // progress lines of the current run
    std::uint32_t steps_expected_ = 40;  // by the run before
    std::string step_;

    std::unique_ptr<Runner> runner_;
    EventSourcePtr showing_;
    EventSourcePtr starting_;
};

}  // namespace jetcuda::bus
