// How a work step tries one thing after another: each is announced before and told after, so that a crash or a hang is
// always in a named one. After an error that leaves the context unusable nothing more is called: the rest of the step
// is told as not tried, and the step ends with that error.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/gpu/protocol.hpp"
#include "probes/gpu/steps/gpu.hpp"
#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

class WorkStep {
public:
    WorkStep(Session& session, StepAnswer& step) : session_(session), step_(step) {}

    // Tries one thing. What `work` leaves in the item is told; it starts out as `right`.
    void try_item(const std::string& name, const std::function<void(WorkItem&)>& work);

    [[nodiscard]] bool is_unusable() const { return fatal_ != 0; }

    // The step could not begin with what it is to do: a context that cannot be made.
    void cannot_begin(const Refused& refused) { take_result(session_, step_, refused.result); }
    void cannot_begin(const CannotCall& reason) { take_failure(step_, reason.why); }

    // Everything was tried, whatever came of it, or told as not tried after an error, which is then the step's result.
    void end();

private:
    Session& session_;
    StepAnswer& step_;
    CUresult fatal_ = 0;
};

// Does a step's work with a GPU at hand.
template <typename Work>
void with_gpu(Session& session, StepAnswer& step, Work work) {
    WorkStep work_step(session, step);
    try {
        const Gpu gpu(session);
        work(work_step, gpu);
    } catch (const Refused& refused) {
        return work_step.cannot_begin(refused);
    } catch (const CannotCall& reason) {
        return work_step.cannot_begin(reason);
    }
    work_step.end();
}

// The first word that is not as expected goes into the item, and how many there are. The last word of a checked kernel
// is its checksum. An item that is wrong already keeps what it says.
void compare(const std::uint32_t* got, const std::vector<std::uint32_t>& expected, WorkItem& item);

// What a kernel's twin makes of it: count + 1 words.
std::vector<std::uint32_t> expected_of(const Kernel& kernel, std::uint32_t count, std::uint32_t seed,
                                       std::vector<std::uint32_t> in = {});

// Words that no kernel makes, to read from.
std::vector<std::uint32_t> input_words(std::uint32_t count, std::uint32_t seed);

// Launches a checked or transform kernel in the GPU's own memory and compares.
void run_and_compare(const Gpu& gpu, const Kernel& kernel, CUfunction function, std::uint32_t seed, WorkItem& item);

// The kernels that are tried by name: all but those of memory.
std::vector<const Kernel*> kernels_to_try();

// The image for this GPU, or else the PTX; `detail` becomes "sm_87" or "compute_72".
std::string_view image_for(const Kernel& kernel, int sm, std::string& detail);

inline constexpr std::string_view ptx_target = "compute_72";

}  // namespace jetcuda
