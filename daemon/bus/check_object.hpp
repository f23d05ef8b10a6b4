// One check on the bus, below /io/jetcuda/Check1/check: properties only. The objects stand from the daemon's start,
// unknown until the first report, so that a monitor can subscribe before anything was judged.

#pragma once

#include <cstdint>
#include <memory>

#include "daemon/bus/properties.hpp"
#include "daemon/checks/judge.hpp"

namespace jetcuda::bus {

struct CheckState {
    CheckResult result;
    std::uint64_t last_changed_usec = 0;
};

// A check that no run has judged yet.
CheckState not_judged(const Check& check);

class CheckObject {
public:
    CheckObject(sdbus::IConnection& connection, CheckState state);
    [[nodiscard]] const std::string& id() const { return properties_.state().result.id; }
    void show(CheckState state);

private:
    PropertySet<CheckState> properties_;  // before the object, whose callbacks point to it
    std::unique_ptr<sdbus::IObject> object_;
};

}  // namespace jetcuda::bus
