// One check on the bus, below /io/jetcuda/Check1/check: properties only. The objects of the build's checks stand from
// the daemon's start, unknown until the first report, so that a monitor can subscribe before anything was judged. Those
// of the administrator's own checks come and go with the reports that judge them.

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
    [[nodiscard]] const CheckResult& shown() const { return properties_.state().result; }
    void show(CheckState state);
    void announce();  // tells the object manager's clients; for one that comes later than the daemon's start
    void withdraw();  // the same before it goes

private:
    PropertySet<CheckState> properties_;  // before the object, whose callbacks point to it
    std::unique_ptr<sdbus::IObject> object_;
};

}  // namespace jetcuda::bus
