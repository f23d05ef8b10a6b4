// The command's side of the bus: asks the daemon for its report or for a run. There may be no bus (a container, an
// image being built) and no daemon; that is no error but an answer, one sentence in `why_not`, and the command then
// judges by itself. Nothing here throws, and every call has a time limit.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jetcuda {

// Either a value, or the sentence (without full stop) that says why there is none.
template <typename T>
struct BusAnswer {
    std::optional<T> value;
    std::string why_not;
    std::string error;  // the bus error's name where one was answered: "io.jetcuda.Check1.Error.NoSuchCheck"

    explicit operator bool() const { return value.has_value(); }
    const T& operator*() const { return *value; }
    const T* operator->() const { return &*value; }
};

class BusClient {
public:
    // Connects to the system bus (DBUS_SYSTEM_BUS_ADDRESS is followed) and makes sure that the daemon answers, which
    // starts it where the bus can. Without a value: no bus, or nobody there who could answer.
    static BusAnswer<BusClient> connect();

    BusClient(BusClient&&) noexcept;
    BusClient& operator=(BusClient&&) noexcept;
    ~BusClient();

    // The newest report as JSON, at once. Before the first run: verdict unknown, reason "not-judged-yet", sequence 0.
    [[nodiscard]] BusAnswer<std::string> describe() const;

    // The same, but waits up to `limit` for the first report of this boot. Over the limit it answers what describe()
    // answers then; the caller sees by sequence 0 that there is none yet.
    [[nodiscard]] BusAnswer<std::string> wait_for_report(std::chrono::milliseconds limit) const;

    // Has the daemon judge now (`checks` empty: all; `probe`: with the GPU, for root only), waits for the end and
    // answers the report that came of it.
    [[nodiscard]] BusAnswer<std::string> run(const std::vector<std::string>& checks, bool probe,
                                             std::chrono::milliseconds limit) const;

private:
    struct Connection;
    explicit BusClient(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace jetcuda
