// A context: the first call that makes the GPU's own channel, and so the first that the whole stack below must carry.
// The primary context is taken, since it is the one that the CUDA runtime uses, hence nearly every program; a driver
// of R39 without its companion libraries crashes in exactly this call.

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_context(Session& session, StepAnswer& step) {
    auto* const retain = entry_point<CuDevicePrimaryCtxRetain>(session, step, "cuDevicePrimaryCtxRetain");
    if (retain == nullptr) return;
    auto* const release = entry_point<CuDevicePrimaryCtxRelease>(session, step, "cuDevicePrimaryCtxRelease_v2");
    if (release == nullptr) return;
    const AskedDevice device = asked_device(session);
    CUcontext context = nullptr;
    if (const CUresult result = retain(&context, device.handle); result != 0) {
        return take_result(session, step, result);
    }
    if (context == nullptr) {
        return take_failure(step, "cuDevicePrimaryCtxRetain answered success and wrote no context");
    }
    take_result(session, step, release(device.handle));
}

}  // namespace jetcuda
