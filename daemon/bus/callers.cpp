#include "daemon/bus/callers.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <sdbus-c++/sdbus-c++.h>

#include "daemon/bus/log.hpp"

namespace jetcuda::bus {

namespace {

constexpr std::uint64_t identify_limit_usec = 5'000'000;
constexpr std::size_t users_limit = 1024;

}  // namespace

bool StartLimit::allows(uid_t user, Time now) {
    if (buckets_.size() >= users_limit && buckets_.count(user) == 0) {
        // Whose bucket is full again needs none.
        const auto full_after = refill * static_cast<int>(capacity);
        for (auto bucket = buckets_.begin(); bucket != buckets_.end();) {
            bucket = now - bucket->second.since >= full_after ? buckets_.erase(bucket) : std::next(bucket);
        }
        if (buckets_.size() >= users_limit) {
            return false;
        }
    }
    auto [entry, fresh] = buckets_.try_emplace(user, Bucket{capacity, now});
    Bucket& bucket = entry->second;
    if (!fresh) {
        const std::chrono::duration<double> passed = now - bucket.since;
        bucket.starts = std::min(capacity, bucket.starts + passed.count() / static_cast<double>(refill.count()));
        bucket.since = now;
    }
    if (bucket.starts < 1) {
        return false;
    }
    bucket.starts -= 1;
    return true;
}

Callers::Callers(sdbus::IConnection& connection)
    : bus_(sdbus::createProxy(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus")) {
    bus_->finishRegistration();
}

Callers::~Callers() = default;

void Callers::identify(const std::string& sender, std::function<void(std::optional<uid_t> user)> then) {
    auto call = bus_->createMethodCall("org.freedesktop.DBus", "GetConnectionUnixUser");
    call << sender;
    bus_->callMethod(
        call,
        [then = std::move(then)](sdbus::MethodReply& reply, const sdbus::Error* error) {
            // Nothing may leave a reply handler, sdbus::Error neither.
            try {
                std::optional<uid_t> user;
                if (error == nullptr) {
                    std::uint32_t number = 0;
                    reply >> number;
                    user = number;
                }
                then(user);
            } catch (const std::exception& failure) {
                log(LogLevel::error, std::string("a caller could not be answered: ") + failure.what());
            } catch (...) {
                log(LogLevel::error, "a caller could not be answered");
            }
        },
        identify_limit_usec);
}

}  // namespace jetcuda::bus
