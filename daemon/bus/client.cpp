#include "daemon/bus/client.hpp"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include <sdbus-c++/sdbus-c++.h>

#include "daemon/bus/names.hpp"

namespace jetcuda {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds answer_limit{25'000};  // starting the daemon through the bus is part of the first call
constexpr milliseconds shortest_pause{50};
constexpr milliseconds longest_pause{500};

std::uint64_t usec(milliseconds limit) {
    // 0 would mean the library's default
    return static_cast<std::uint64_t>(std::max(milliseconds(1), limit).count()) * 1000U;
}

std::string without_full_stop(std::string sentence) {
    while (!sentence.empty() && sentence.back() == '.') {
        sentence.pop_back();
    }
    return sentence;
}

std::string in_words(const sdbus::Error& error) {
    const std::string& name = error.getName();
    if (name == "org.freedesktop.DBus.Error.ServiceUnknown" || name == "org.freedesktop.DBus.Error.NameHasNoOwner") {
        return "jetcuda-checkd is not running and the bus cannot start it (sudo systemctl start jetcuda-check)";
    }
    if (name == "org.freedesktop.DBus.Error.NoReply" || name == "org.freedesktop.DBus.Error.Timeout") {
        return "jetcuda-checkd did not answer in time (see systemctl status jetcuda-check)";
    }
    if (name.rfind("org.freedesktop.DBus.Error.Spawn", 0) == 0 || name.rfind("org.freedesktop.systemd1.", 0) == 0) {
        return "jetcuda-checkd could not be started: " + without_full_stop(error.getMessage()) +
               " (see systemctl status jetcuda-check)";
    }
    return without_full_stop(error.getMessage());
}

}  // namespace

struct BusClient::Connection {
    std::unique_ptr<sdbus::IConnection> bus;

    // A proxy on a connection that is not its own makes no thread; blocking calls need no loop.
    [[nodiscard]] std::unique_ptr<sdbus::IProxy> object(const std::string& path) const {
        auto proxy = sdbus::createProxy(*bus, bus::service_name, path);
        proxy->finishRegistration();
        return proxy;
    }

    [[nodiscard]] std::string describe() const {
        const auto manager = object(bus::manager_path);
        auto call = manager->createMethodCall(bus::manager_interface, "Describe");
        auto reply = manager->callMethod(call, usec(answer_limit));
        std::string json;
        reply >> json;
        return json;
    }

    [[nodiscard]] std::uint64_t report_sequence() const {
        const auto manager = object(bus::manager_path);
        auto call = manager->createMethodCall("org.freedesktop.DBus.Properties", "Get");
        call << bus::manager_interface << "ReportSequence";
        auto reply = manager->callMethod(call, usec(answer_limit));
        sdbus::Variant value;
        reply >> value;
        return value.get<std::uint64_t>();
    }

    [[nodiscard]] std::string start_run(const std::vector<std::string>& checks, bool probe) const {
        const auto manager = object(bus::manager_path);
        auto call = manager->createMethodCall(bus::manager_interface, "StartRun");
        call << checks << std::map<std::string, sdbus::Variant>{{"probe", sdbus::Variant(probe)}};
        auto reply = manager->callMethod(call, usec(answer_limit));
        sdbus::ObjectPath path;
        reply >> path;
        return path;
    }

    [[nodiscard]] std::uint64_t wait_for(const std::string& path, milliseconds limit) const {
        const auto run = object(path);
        auto call = run->createMethodCall(bus::run_interface, "Wait");
        auto reply = run->callMethod(call, usec(limit));
        std::string verdict;
        std::uint64_t sequence = 0;
        reply >> verdict >> sequence;
        return sequence;
    }

    [[nodiscard]] std::string report(std::uint64_t sequence) const {
        const auto manager = object(bus::manager_path);
        auto call = manager->createMethodCall(bus::manager_interface, "GetReport");
        call << sequence;
        auto reply = manager->callMethod(call, usec(answer_limit));
        std::string json;
        reply >> json;
        return json;
    }
};

namespace {

// What `ask` answers, or why it could not.
template <typename Ask>
BusAnswer<std::string> answer_of(const Ask& ask) {
    try {
        return {ask(), "", ""};
    } catch (const sdbus::Error& error) {
        return {std::nullopt, in_words(error), error.getName()};
    } catch (const std::exception& error) {
        return {std::nullopt, error.what(), ""};
    }
}

}  // namespace

BusClient::BusClient(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
BusClient::BusClient(BusClient&&) noexcept = default;
BusClient& BusClient::operator=(BusClient&&) noexcept = default;
BusClient::~BusClient() = default;

BusAnswer<BusClient> BusClient::connect() {
    auto connection = std::make_unique<Connection>();
    try {
        connection->bus = sdbus::createSystemBusConnection();
    } catch (const std::exception& error) {
        return {std::nullopt, std::string("there is no system bus here (") + error.what() + ")", ""};
    }
    BusClient client(std::move(connection));
    auto first = client.describe();
    if (!first) {
        return {std::nullopt, first.why_not, first.error};
    }
    return {std::move(client), "", ""};
}

BusAnswer<std::string> BusClient::describe() const {
    return answer_of([&] { return connection_->describe(); });
}

// Asks now and then rather than listens: the wait is short, and comes once a boot.
BusAnswer<std::string> BusClient::wait_for_report(milliseconds limit) const {
    return answer_of([&] {
        const auto end = steady_clock::now() + limit;
        milliseconds pause = shortest_pause;
        while (connection_->report_sequence() == 0) {
            const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
            if (left <= milliseconds(0)) {
                break;
            }
            std::this_thread::sleep_for(std::min(pause, left));
            pause = std::min(pause * 2, longest_pause);
        }
        return connection_->describe();
    });
}

BusAnswer<std::string> BusClient::run(const std::vector<std::string>& checks, bool probe, milliseconds limit) const {
    return answer_of([&] {
        const std::string path = connection_->start_run(checks, probe);
        return connection_->report(connection_->wait_for(path, limit));
    });
}

}  // namespace jetcuda
