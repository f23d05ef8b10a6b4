// The daemon's one loop: bus, timers, runner, signals and the watchdog in a single thread, on sd-event. Between two
// events nothing runs, so no state needs a lock; and no event may block, so reads on the bus are answered at once
// whatever a runner does.

#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>

#include <systemd/sd-event.h>

namespace sdbus {
class IConnection;
}

namespace jetcuda {

// Something the loop waits for. To destroy it is to stop waiting, also from inside its own callback.
class EventSource {
public:
    EventSource() = default;
    EventSource(const EventSource&) = delete;
    EventSource& operator=(const EventSource&) = delete;
    ~EventSource();

private:
    friend class EventLoop;
    sd_event_source* source_ = nullptr;
    sd_event* loop_ = nullptr;  // not owned: the loop lives longer than its sources
    std::function<void(int fd, std::uint32_t events)> on_io_;
    std::function<void()> on_time_;
    std::function<void(const siginfo_t& how)> on_child_;
};
using EventSourcePtr = std::unique_ptr<EventSource>;

class EventLoop {
public:
    EventLoop();  // blocks SIGCHLD, SIGTERM and SIGINT in this thread, as sd-event demands; throws std::system_error
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    [[nodiscard]] EventSourcePtr on_io(int fd, std::uint32_t events,
                                       std::function<void(int fd, std::uint32_t events)> callback);
    [[nodiscard]] EventSourcePtr after(std::chrono::milliseconds pause, std::function<void()> callback);
    [[nodiscard]] EventSourcePtr on_child(pid_t pid, std::function<void(const siginfo_t& how)> callback);

    // Dispatches the connection's messages in this loop. A lost bus ends the loop with status 1: without its bus the
    // daemon is nobody, and the service manager starts a new one.
    void attach(sdbus::IConnection& connection);
    void watch_termination();   // SIGTERM and SIGINT end the loop with status 0
    void feed_watchdog();       // where systemd asked for it
    void leave(int exit_code);  // the first code given counts
    int run();

private:
    struct Bus;
    static int dispatch_io(sd_event_source* source, int fd, std::uint32_t events, void* data);
    static int dispatch_time(sd_event_source* source, std::uint64_t usec, void* data);
    static int dispatch_child(sd_event_source* source, const siginfo_t* how, void* data);

    sd_event* loop_ = nullptr;
    std::unique_ptr<Bus> bus_;
};

}  // namespace jetcuda
