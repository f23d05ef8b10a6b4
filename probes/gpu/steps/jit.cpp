// The same kernels from PTX, which the driver compiles here and now (its cache is off): what programs need that were
// built for an older GPU, or bring no code for this one. Then the ladder, which measures how new the PTX may be.

#include <algorithm>

#include "probes/gpu/steps/try_work.hpp"

namespace jetcuda {
namespace {

constexpr CUresult jit_compiler_not_found = 221;  // CUDA_ERROR_JIT_COMPILER_NOT_FOUND
// A driver may lack one version by mistake; after two in a row it is the end of what it knows.
constexpr int refusals_that_end = 2;

}  // namespace

void do_jit(Session& session, StepAnswer& step) {
    with_gpu(session, step, [&session](WorkStep& work, const Gpu& gpu) {
        const auto last = [&session]() -> const WorkItem& { return session.answer.work.back(); };
        for (const Kernel* kernel : kernels_to_try()) {
            work.try_item(std::string(kernel->name), [&](WorkItem& item) {
                item.detail = ptx_target;
                const Module module(gpu, kernel->ptx);
                run_and_compare(gpu, *kernel, module.function(kernel->name), 1, item);
            });
            if (last().result == jit_compiler_not_found) return;
        }
        int refusals = 0;
        if (work.is_unusable()) return;  // how far the ladder would have gone is not known
        for (const PtxRung& rung : ptx_ladder()) {
            const std::string name = "PTX " + std::to_string(rung.major) + '.' + std::to_string(rung.minor);
            work.try_item(name, [&](WorkItem&) {
                const Module module(gpu, rung.text);
                static_cast<void>(module.function("rung"));
            });
            refusals = last().outcome == WorkOutcome::right ? 0 : refusals + 1;
            if (work.is_unusable() || refusals == refusals_that_end) return;
        }
    });
}

}  // namespace jetcuda
