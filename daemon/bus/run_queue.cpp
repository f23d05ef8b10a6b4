#include "daemon/bus/run_queue.hpp"

#include <algorithm>
#include <utility>

namespace jetcuda::bus {

namespace {

constexpr std::size_t kept_runs = 16;
// A runner may tell of a hundred steps within a millisecond; its watchers get ten a second.
constexpr std::chrono::milliseconds progress_pause{100};

}  // namespace

RunQueue::RunQueue(EventLoop& loop, sdbus::IConnection& connection, RunnerPlace place, RunnerLimits limits,
                   Events events)
    : loop_(loop), connection_(connection), place_(std::move(place)), limits_(limits), events_(std::move(events)) {}

RunObject* RunQueue::find_equal(const RunRequest& request) {
    for (const auto& run : runs_) {
        // How long a run settles is the daemon's business; what is judged makes it equal.
        if (!run->ended() && run->request().checks == request.checks && run->request().probe == request.probe) {
            return run.get();
        }
    }
    return nullptr;
}

RunObject* RunQueue::find(const std::string& path) {
    const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto& run) { return run->path() == path; });
    return found == runs_.end() ? nullptr : found->get();
}

RunObject* RunQueue::start(const RunRequest& request, std::optional<uid_t> owner,
                           const RunObject::OnCancel& on_cancel) {
    if (RunObject* same = find_equal(request)) {
        return same;
    }
    const auto waiting = std::count_if(runs_.begin(), runs_.end(),
                                       [&](const auto& run) { return !run->ended() && run.get() != current_; });
    if (static_cast<std::size_t>(waiting) >= waiting_limit) {
        return nullptr;
    }
    runs_.push_back(std::make_unique<RunObject>(connection_, ++last_number_, request, owner, on_cancel));
    RunObject* run = runs_.back().get();
    starting_ = loop_.after(std::chrono::milliseconds(0), [this] { start_next(); });
    return run;
}

void RunQueue::start_next() {
    if (current_ != nullptr) {
        return;
    }
    forget_old();
    const auto next = std::find_if(runs_.begin(), runs_.end(), [](const auto& run) { return !run->ended(); });
    if (next == runs_.end()) {
        return;
    }
    current_ = next->get();
    steps_ = 0;
    step_.clear();
    current_->show({"running", 0, ""});
    RunnerLimits limits = limits_;
    for (const auto pause : current_->request().settle) {
        limits.whole += pause;
    }
    if (!current_->request().settle.empty()) {
        limits.whole += limits_.whole;  // the last repetition may begin late and take as long as a whole run
    }
    runner_ = std::make_unique<Runner>(
        loop_, place_, current_->request(), limits, [this](const std::string& what) { progress(what); },
        [this](RunnerOutcome outcome) { ended(std::move(outcome)); });
    events_.on_change();
}

void RunQueue::progress(const std::string& what) {
    ++steps_;
    step_ = what;
    if (!showing_) {
        showing_ = loop_.after(progress_pause, [this] { show_progress(); });
    }
}

void RunQueue::show_progress() {
    showing_.reset();
    if (current_ == nullptr) {
        return;
    }
    const std::uint32_t done = std::min(99U, 100U * steps_ / std::max(1U, steps_expected_));
    current_->show({"running", std::max(done, current_->state().progress), step_});
    events_.on_change();
}

void RunQueue::ended(RunnerOutcome outcome) {
    RunObject* run = std::exchange(current_, nullptr);
    showing_.reset();
    runner_.reset();
    if (outcome.end == RunnerEnd::reported && steps_ > 0) {
        steps_expected_ = steps_;
    }
    const bool cancelled = outcome.end == RunnerEnd::cancelled;
    const RunAnswer answer = events_.on_outcome(*run, std::move(outcome));
    run->end(cancelled ? "cancelled" : (answer.error.empty() ? "finished" : "failed"), answer);
    events_.on_ended(*run, answer);
    start_next();
}

void RunQueue::cancel(RunObject& run) {
    if (&run == current_) {
        runner_->cancel();
        return;
    }
    if (run.ended()) {
        return;
    }
    const RunAnswer answer{error::cancelled, "The run was cancelled before it began.", "unknown", 0};
    run.end("cancelled", answer);
    events_.on_ended(run, answer);
}

void RunQueue::forget_old() {
    auto ended = std::count_if(runs_.begin(), runs_.end(), [](const auto& run) { return run->ended(); });
    for (auto run = runs_.begin(); run != runs_.end() && static_cast<std::size_t>(ended) > kept_runs;) {
        if (!(*run)->ended()) {
            ++run;
            continue;
        }
        (*run)->withdraw();
        run = runs_.erase(run);
        --ended;
    }
}

}  // namespace jetcuda::bus
