// How much memory the driver sees. On a Jetson this is the memory of the whole board, less what is set aside.

#include <limits>

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_memory(Session& session, StepAnswer& step) {
    auto* const total_memory = entry_point<CuDeviceTotalMem>(session, step, "cuDeviceTotalMem_v2");
    if (total_memory == nullptr) return;
    const AskedDevice device = asked_device(session);
    constexpr std::size_t unwritten = std::numeric_limits<std::size_t>::max();
    std::size_t bytes = unwritten;
    const CUresult result = total_memory(&bytes, device.handle);
    if (result == 0 && bytes == unwritten) {
        return take_failure(step, "cuDeviceTotalMem_v2 answered success and wrote no size");
    }
    if (result == 0) device.told.memory_bytes = bytes;
    take_result(session, step, result);
}

}  // namespace jetcuda
