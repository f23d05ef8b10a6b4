// cuInit: the driver opens its device nodes and talks to the kernel module. Most sick boards show it here.

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_init(Session& session, StepAnswer& step) {
    auto* const init = entry_point<CuInit>(session, step, "cuInit");
    if (init == nullptr) return;
    take_result(session, step, init(0));
}

}  // namespace jetcuda
