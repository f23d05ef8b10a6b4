#include "daemon/bus/event_loop.hpp"

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include <sdbus-c++/sdbus-c++.h>

#include "daemon/bus/log.hpp"

namespace jetcuda {

namespace {

// sd-event reads an accuracy of 0 as 250 ms, which would add a quarter of a second to every limit.
constexpr std::uint64_t timer_accuracy_usec = 1000;

int check(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(-result, std::generic_category(), what);
    }
    return result;
}

// No exception may cross the C frames of sd-event: it would abort the daemon. One that gets here is our own fault,
// and a fresh daemon is better than one that goes on in an unknown state.
template <typename Work>
int without_exceptions(sd_event* loop, const Work& work) {
    try {
        work();
    } catch (const std::exception& error) {
        log(LogLevel::error, std::string("an event could not be handled: ") + error.what());
        sd_event_exit(loop, 1);
    } catch (...) {
        log(LogLevel::error, "an event could not be handled");
        sd_event_exit(loop, 1);
    }
    return 0;
}

}  // namespace

EventSource::~EventSource() {
    if (source_ != nullptr) {
        sd_event_source_set_enabled(source_, SD_EVENT_OFF);
        sd_event_source_unref(source_);
    }
}

// The bus as three sources: its socket, a timer for its time-outs, and a hook before each turn that sets both from
// fresh poll data. Time-out 0 means that messages are queued already (after any blocking call), which the socket
// alone would never tell.
struct EventLoop::Bus {
    sdbus::IConnection* connection = nullptr;
    sd_event* loop = nullptr;
    sd_event_source* io = nullptr;
    sd_event_source* timer = nullptr;

    ~Bus() {
        sd_event_source_disable_unref(io);
        sd_event_source_disable_unref(timer);
    }

    void lost(const std::string& why) const {
        log(LogLevel::error, "the system bus is lost (" + why + "); the daemon ends and is started again by systemd");
        sd_event_exit(loop, 1);
    }

    void prepare() const {
        try {
            const auto poll = connection->getEventLoopPollData();
            sd_event_source_set_io_events(io, static_cast<std::uint32_t>(poll.events));
            if (poll.timeout_usec == UINT64_MAX) {
                sd_event_source_set_enabled(timer, SD_EVENT_OFF);
            } else {
                sd_event_source_set_time(timer, poll.timeout_usec);
                sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
            }
        } catch (const std::exception& error) {
            lost(error.what());
        }
    }

    void dispatch() const {
        try {
            connection->processPendingRequest();  // one message a turn, so that no flood starves the other sources
        } catch (const std::exception& error) {
            lost(error.what());
        }
    }
};

EventLoop::EventLoop() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    check(-pthread_sigmask(SIG_BLOCK, &signals, nullptr), "blocking signals");
    check(sd_event_new(&loop_), "making the event loop");
}

EventLoop::~EventLoop() {
    bus_.reset();
    sd_event_unref(loop_);
}

int EventLoop::dispatch_io(sd_event_source* /*source*/, int fd, std::uint32_t events, void* data) {
    auto* self = static_cast<EventSource*>(data);
    const auto callback = self->on_io_;  // a copy: the callback may destroy its source
    return without_exceptions(self->loop_, [&] { callback(fd, events); });
}

int EventLoop::dispatch_time(sd_event_source* /*source*/, std::uint64_t /*usec*/, void* data) {
    auto* self = static_cast<EventSource*>(data);
    const auto callback = self->on_time_;
    return without_exceptions(self->loop_, callback);
}

int EventLoop::dispatch_child(sd_event_source* /*source*/, const siginfo_t* how, void* data) {
    auto* self = static_cast<EventSource*>(data);
    const auto callback = self->on_child_;
    return without_exceptions(self->loop_, [&] { callback(*how); });
}

EventSourcePtr EventLoop::on_io(int fd, std::uint32_t events,
                                std::function<void(int fd, std::uint32_t events)> callback) {
    auto source = std::make_unique<EventSource>();
    source->loop_ = loop_;
    source->on_io_ = std::move(callback);
    check(sd_event_add_io(loop_, &source->source_, fd, events, dispatch_io, source.get()), "waiting for a descriptor");
    return source;
}

EventSourcePtr EventLoop::after(std::chrono::milliseconds pause, std::function<void()> callback) {
    auto source = std::make_unique<EventSource>();
    source->loop_ = loop_;
    source->on_time_ = std::move(callback);
    std::uint64_t now = 0;
    check(sd_event_now(loop_, CLOCK_MONOTONIC, &now), "asking the time");
    const auto usec = static_cast<std::uint64_t>(std::chrono::microseconds(pause).count());
    check(sd_event_add_time(loop_, &source->source_, CLOCK_MONOTONIC, now + usec, timer_accuracy_usec, dispatch_time,
                            source.get()),
          "setting a timer");
    return source;
}

EventSourcePtr EventLoop::on_child(pid_t pid, std::function<void(const siginfo_t& how)> callback) {
    auto source = std::make_unique<EventSource>();
    source->loop_ = loop_;
    source->on_child_ = std::move(callback);
    check(sd_event_add_child(loop_, &source->source_, pid, WEXITED, dispatch_child, source.get()),
          "waiting for a child");
    return source;
}

void EventLoop::attach(sdbus::IConnection& connection) {
    bus_ = std::make_unique<Bus>();
    bus_->connection = &connection;
    bus_->loop = loop_;
    const auto on_io = [](sd_event_source*, int, std::uint32_t, void* data) {
        static_cast<Bus*>(data)->dispatch();
        return 0;
    };
    const auto on_time = [](sd_event_source*, std::uint64_t, void* data) {
        static_cast<Bus*>(data)->dispatch();
        return 0;
    };
    const auto on_prepare = [](sd_event_source*, void* data) {
        static_cast<Bus*>(data)->prepare();
        return 0;
    };
    check(sd_event_add_io(loop_, &bus_->io, connection.getEventLoopPollData().fd, EPOLLIN, on_io, bus_.get()),
          "waiting for the bus");
    check(sd_event_add_time(loop_, &bus_->timer, CLOCK_MONOTONIC, 0, timer_accuracy_usec, on_time, bus_.get()),
          "setting the bus timer");
    check(sd_event_source_set_prepare(bus_->io, on_prepare), "preparing the bus");
}

void EventLoop::watch_termination() {
    // Without a handler sd-event ends the loop with the data as exit code: 0.
    check(sd_event_add_signal(loop_, nullptr, SIGTERM, nullptr, nullptr), "waiting for SIGTERM");
    check(sd_event_add_signal(loop_, nullptr, SIGINT, nullptr, nullptr), "waiting for SIGINT");
}

void EventLoop::feed_watchdog() { check(sd_event_set_watchdog(loop_, 1), "feeding the watchdog"); }

void EventLoop::leave(int exit_code) { sd_event_exit(loop_, exit_code); }

int EventLoop::run() { return check(sd_event_loop(loop_), "running the event loop"); }

}  // namespace jetcuda
