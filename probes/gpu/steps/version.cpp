// Which CUDA version the driver is of. Asked before init, since a driver answers it without a GPU, too, and a failed
// init is easier to judge with it.

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_version(Session& session, StepAnswer& step) {
    auto* const get_version = entry_point<CuDriverGetVersion>(session, step, "cuDriverGetVersion");
    if (get_version == nullptr) return;
    int version = never_written;
    const CUresult result = get_version(&version);
    if (result == 0 && version == never_written) {
        return take_failure(step, "cuDriverGetVersion answered success and wrote no version");
    }
    if (result == 0) session.answer.driver_version = version;
    take_result(session, step, result);
}

}  // namespace jetcuda
