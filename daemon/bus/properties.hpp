// The properties of a bus object as a table: name, type, and where the value comes from. One table registers them,
// answers Get, and tells after a change exactly which of them are different, so that PropertiesChanged never names one
// that stayed.

#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <sdbus-c++/sdbus-c++.h>

#include "daemon/bus/log.hpp"
#include "daemon/bus/names.hpp"

namespace jetcuda::bus {

using EvidenceRows = std::vector<sdbus::Struct<std::string, std::string, std::string, bool>>;
using PropertyValue = std::variant<std::string, bool, std::uint32_t, std::uint64_t, sdbus::ObjectPath,
                                   std::vector<std::string>, EvidenceRows>;

// `read` makes the value from the state that the object shows; it must not throw, for then all of GetAll would fail.
template <typename State>
struct Property {
    const char* name;
    const char* signature;
    PropertyValue (*read)(const State& state);
    bool constant = false;
};

// Only sdbus::Error may leave a callback of the bus: in sdbus-c++ 0.8 and 1.2 any other exception ends the process.
template <typename Work>
void as_bus_error(const Work& work) {
    try {
        work();
    } catch (const sdbus::Error&) {
        throw;
    } catch (const std::exception& error) {
        log(LogLevel::error, std::string("a call could not be answered: ") + error.what());
        throw sdbus::Error(error::failed, error.what());
    } catch (...) {
        throw sdbus::Error(error::failed, "the call could not be answered");
    }
}

inline void append(sdbus::Message& message, const PropertyValue& value) {
    std::visit([&](const auto& known) { message << known; }, value);
}

// The properties of one interface of one object. `State` is copied: what was told last is what a change is held to.
template <typename State>
class PropertySet {
public:
    PropertySet(const std::vector<Property<State>>& table, State state) : table_(&table), state_(std::move(state)) {}

    void register_on(sdbus::IObject& object, const char* interface) {
        for (const Property<State>& property : *table_) {
            sdbus::Flags flags;
            flags.set(property.constant ? sdbus::Flags::CONST_PROPERTY_VALUE : sdbus::Flags::EMITS_CHANGE_SIGNAL);
            object.registerProperty(
                interface, property.name, property.signature,
                [this, &property](sdbus::PropertyGetReply& reply) {
                    as_bus_error([&] { append(reply, property.read(state_)); });
                },
                flags);
        }
    }

    [[nodiscard]] const State& state() const { return state_; }

    // Takes the new state and tells which properties it changes.
    void update(State state, sdbus::IObject& object, const char* interface) {
        std::vector<std::string> changed;
        for (const Property<State>& property : *table_) {
            if (!property.constant && property.read(state_) != property.read(state)) {
                changed.emplace_back(property.name);
            }
        }
        state_ = std::move(state);
        if (!changed.empty()) {
            object.emitPropertiesChangedSignal(interface, changed);
        }
    }

private:
    const std::vector<Property<State>>* table_;
    State state_;
};

}  // namespace jetcuda::bus
