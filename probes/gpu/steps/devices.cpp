// Which GPUs there are, and which of them is the Jetson's own: it shares the memory of the CPU, so the driver calls it
// integrated. A graphics card in a PCIe slot is not, and must not be taken for it.

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_devices(Session& session, StepAnswer& step) {
    auto* const get_count = entry_point<CuDeviceGetCount>(session, step, "cuDeviceGetCount");
    if (get_count == nullptr) return;
    auto* const get_device = entry_point<CuDeviceGet>(session, step, "cuDeviceGet");
    if (get_device == nullptr) return;
    auto* const get_attribute = entry_point<CuDeviceGetAttribute>(session, step, "cuDeviceGetAttribute");
    if (get_attribute == nullptr) return;

    int count = never_written;
    if (const CUresult result = get_count(&count); result != 0) return take_result(session, step, result);
    if (count < 0 || count > 64) {
        const std::string shown = count == never_written ? "no number" : std::to_string(count);
        return take_failure(step, "cuDeviceGetCount answered success and wrote " + shown);
    }

    for (int ordinal = 0; ordinal < count; ++ordinal) {
        CUdevice handle = never_written;
        if (const CUresult result = get_device(&handle, ordinal); result != 0) {
            return take_result(session, step, result);
        }
        int integrated = never_written;
        if (const CUresult result = get_attribute(&integrated, DeviceAttribute::integrated, handle); result != 0) {
            return take_result(session, step, result);
        }
        if (handle == never_written || integrated == never_written) {
            return take_failure(step, "device " + std::to_string(ordinal) + " was answered with success and no value");
        }
        GpuDevice device;
        device.ordinal = ordinal;
        device.integrated = integrated != 0;
        session.answer.devices.push_back(device);
        session.handles.push_back(handle);
    }
    take_result(session, step, 0);
}

}  // namespace jetcuda
