// The compute capability, which decides what code the GPU runs: 8.7 is sm_87.

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_capability(Session& session, StepAnswer& step) {
    auto* const get_attribute = entry_point<CuDeviceGetAttribute>(session, step, "cuDeviceGetAttribute");
    if (get_attribute == nullptr) return;
    const AskedDevice device = asked_device(session);
    int major = never_written;
    int minor = never_written;
    CUresult result = get_attribute(&major, DeviceAttribute::capability_major, device.handle);
    if (result == 0) result = get_attribute(&minor, DeviceAttribute::capability_minor, device.handle);
    if (result != 0) return take_result(session, step, result);
    if (major < 1 || major > 99 || minor < 0 || minor > 9) {
        return take_failure(step, "cuDeviceGetAttribute answered success and wrote no compute capability");
    }
    device.told.capability = Capability{major, minor};
    take_result(session, step, 0);
}

}  // namespace jetcuda
