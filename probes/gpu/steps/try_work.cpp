// Trying, launching and comparing: what the work steps have in common.

#include "probes/gpu/steps/try_work.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "kernels/patterns.hpp"
#include "kernels/twins.hpp"

namespace jetcuda {

void WorkStep::try_item(const std::string& name, const std::function<void(WorkItem&)>& work) {
    session_.tell(try_line(name));
    WorkItem item;
    item.step = step_.step;
    item.name = name;
    item.outcome = WorkOutcome::right;
    const auto started = std::chrono::steady_clock::now();
    try {
        if (is_unusable()) {
            item.outcome = WorkOutcome::not_tried;
            item.detail = not_tried::after_error;
        } else {
            work(item);
        }
    } catch (const Refused& refused) {
        item.outcome = WorkOutcome::refused;
        item.call = refused.call;
        item.result = refused.result;
        item.result_name = result_name_of(session_, refused.result);
        item.text = refused.log.empty() ? result_text_of(session_, refused.result) : printable(refused.log);
        item.requested_bytes = refused.requested_bytes;
    } catch (const CannotCall& reason) {
        item.outcome = WorkOutcome::failed;
        item.text = reason.why;
    }
    // Not in the handler: the runtime's errors have handlers of their own, and the same numbers.
    if (item.outcome == WorkOutcome::refused && leaves_context_unusable(item.result)) fatal_ = item.result;
    item.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    session_.tell(tried_line(item));
    session_.answer.work.push_back(std::move(item));
}

void WorkStep::end() { take_result(session_, step_, fatal_); }

void compare(const std::uint32_t* got, const std::vector<std::uint32_t>& expected, WorkItem& item) {
    if (item.outcome == WorkOutcome::wrong) return;
    for (std::size_t at = 0; at < expected.size(); ++at) {
        if (got[at] == expected[at]) continue;
        if (item.wrong_count++ == 0) {
            item.outcome = WorkOutcome::wrong;
            item.index = at;
            item.expected = expected[at];
            item.got = got[at];
        }
    }
}

std::vector<std::uint32_t> expected_of(const Kernel& kernel, std::uint32_t count, std::uint32_t seed,
                                       std::vector<std::uint32_t> in) {
    std::vector<std::uint32_t> words(std::size_t{count} + 1);
    twin_of(kernel.name)(words.data(), in.empty() ? nullptr : in.data(), count, seed);
    return words;
}

std::vector<std::uint32_t> input_words(std::uint32_t count, std::uint32_t seed) {
    std::vector<std::uint32_t> words(count);
    for (std::uint32_t at = 0; at < count; ++at)
        words[at] = pattern_word(pattern_seed(Pattern::random, seed + 0x1000U), at);
    return words;
}

void run_and_compare(const Gpu& gpu, const Kernel& kernel, CUfunction function, std::uint32_t seed, WorkItem& item) {
    std::uint32_t count = kernel.count;
    if (kernel.covers_every_sm) {
        const int multiprocessors = gpu.attribute(DeviceAttribute::multiprocessor_count);
        count *= static_cast<std::uint32_t>(std::clamp(multiprocessors, 1, 1024));
    }
    const DeviceWords out(gpu, std::size_t{count} + 1);
    out.clear();
    if (kernel.role == KernelRole::transform) {
        const std::vector<std::uint32_t> in = input_words(count, seed);
        const DeviceWords in_words(gpu, count);
        in_words.write(in);
        launch(gpu, kernel, function, {out.address(), in_words.address(), count, seed, nullptr});
        gpu.synchronize();
        return compare(out.read().data(), expected_of(kernel, count, seed, in), item);
    }
    launch(gpu, kernel, function, {out.address(), 0, count, seed, nullptr});
    gpu.synchronize();
    compare(out.read().data(), expected_of(kernel, count, seed), item);
}

std::vector<const Kernel*> kernels_to_try() {
    std::vector<const Kernel*> kernels;
    for (const Kernel& kernel : all_kernels()) {
        if (kernel.role == KernelRole::checked || kernel.role == KernelRole::transform) kernels.push_back(&kernel);
    }
    return kernels;
}

std::string_view image_for(const Kernel& kernel, int sm, std::string& detail) {
    const std::string_view cubin = kernel.cubin(sm);
    detail = cubin.empty() ? std::string(ptx_target) : "sm_" + std::to_string(sm);
    return cubin.empty() ? kernel.ptx : cubin;
}

}  // namespace jetcuda
