// What the driver calls the GPU: "Orin".

#include <array>
#include <cstring>

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_name(Session& session, StepAnswer& step) {
    auto* const get_name = entry_point<CuDeviceGetName>(session, step, "cuDeviceGetName");
    if (get_name == nullptr) return;
    const AskedDevice device = asked_device(session);
    std::array<char, 256> name{};
    const CUresult result = get_name(name.data(), static_cast<int>(name.size()), device.handle);
    if (result == 0) {
        device.told.name = printable({name.data(), strnlen(name.data(), name.size())});
        if (device.told.name.empty()) return take_failure(step, "cuDeviceGetName answered success and wrote no name");
    }
    take_result(session, step, result);
}

}  // namespace jetcuda
