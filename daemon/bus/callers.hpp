// Who calls, and how often. The bus itself is asked for the caller's user, without waiting for its answer in place;
// a user who is not root may start a few runs in a row and then one every few seconds, so that nobody keeps the
// runner busy for himself.

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

namespace sdbus {
class IConnection;
class IProxy;
}  // namespace sdbus

namespace jetcuda::bus {

// A bucket per user: full at first, one start out for each run, refilled with time. Pure; the time is handed in.
class StartLimit {
public:
    using Time = std::chrono::steady_clock::time_point;
    bool allows(uid_t user, Time now);  // takes one where it does

    static constexpr double capacity = 8;
    static constexpr std::chrono::seconds refill{5};

private:
    struct Bucket {
        double starts = capacity;
        Time since;
    };
    std::map<uid_t, Bucket> buckets_;
};

class Callers {
public:
    explicit Callers(sdbus::IConnection& connection);
    ~Callers();

    // `then` gets the user of a unique bus name, or nothing where the caller is gone; never from inside this call.
    void identify(const std::string& sender, std::function<void(std::optional<uid_t> user)> then);

private:
    std::unique_ptr<sdbus::IProxy> bus_;
};

}  // namespace jetcuda::bus
