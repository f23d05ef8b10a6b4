// Loads the library. Its constructors run here, so even this step can crash or hang.

#include <sys/prctl.h>

#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

void ask_open(Session& session, StepAnswer& step) {
    // 2 is SECCOMP_MODE_FILTER. A caller can then tell a refusal by a filter from one by the board.
    session.answer.seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
    const std::string reason = session.library.open(session.answer.library);
    if (!reason.empty()) return take_failure(step, reason);
    session.answer.simulated = session.library.find_address("jetcuda_simulated_driver") != nullptr;
    take_result(session, step, 0);
}

}  // namespace jetcuda
