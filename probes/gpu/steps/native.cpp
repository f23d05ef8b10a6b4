// The kernels from the images that were made for exactly this GPU: what every program does that was built for the
// board. Then what is special about a Jetson: CPU and GPU have one memory, and each must see at once what the other
// wrote.

#include <algorithm>

#include "probes/gpu/steps/try_work.hpp"

namespace jetcuda {
namespace {

constexpr CUresult no_binary_for_gpu = 209;  // CUDA_ERROR_NO_BINARY_FOR_GPU

const Kernel& transform() { return kernel_named("transform"); }

// The GPU reads what the CPU has just written, and the CPU what the GPU has; twice in the same place, so that a cache
// that keeps the old words is found out.
void share(const Gpu& gpu, CUfunction function, SharedWords::Kind kind, unsigned repeat, WorkItem& item) {
    const std::uint32_t count = transform().count;
    const SharedWords in(gpu, kind, count);
    const SharedWords out(gpu, kind, std::size_t{count} + 1);
    for (std::uint32_t seed = 1; seed <= 2 * repeat; ++seed) {
        const std::vector<std::uint32_t> given = input_words(count, seed);
        std::copy(given.begin(), given.end(), in.words());
        std::fill_n(out.words(), out.count(), 0U);
        launch(gpu, transform(), function, {out.address(), in.address(), count, seed, nullptr});
        gpu.synchronize();
        compare(out.words(), expected_of(transform(), count, seed, given), item);
    }
}

// One stream's work feeds another's, which an event makes wait.
void use_streams(const Gpu& gpu, CUfunction function, unsigned repeat, WorkItem& item) {
    const std::uint32_t count = transform().count;
    const DeviceWords in(gpu, count);
    const DeviceWords between(gpu, std::size_t{count} + 1);
    const DeviceWords out(gpu, std::size_t{count} + 1);
    const Stream first(gpu);
    const Stream second(gpu);
    const Event begun(gpu);
    const Event fed(gpu);
    const Event done(gpu);
    for (std::uint32_t seed = 1; seed <= repeat; ++seed) {
        const std::vector<std::uint32_t> given = input_words(count, seed);
        in.write(given);
        between.clear();
        out.clear();
        gpu.synchronize();
        begun.record(first);
        launch(gpu, transform(), function, {between.address(), in.address(), count, seed, first.handle()});
        fed.record(first);
        gpu.call<CuStreamWaitEvent>("cuStreamWaitEvent", second.handle(), fed.handle(), 0U);
        launch(gpu, transform(), function, {out.address(), between.address(), count, seed + 1, second.handle()});
        done.record(second);
        gpu.call<CuEventSynchronize>("cuEventSynchronize", done.handle());
        first.synchronize();
        second.synchronize();
        constexpr float never = -1;
        float milliseconds = never;
        gpu.call<CuEventElapsedTime>("cuEventElapsedTime", &milliseconds, begun.handle(), done.handle());
        if (!(milliseconds >= 0)) throw CannotCall{"cuEventElapsedTime told a time that runs backwards, or none"};
        const std::vector<std::uint32_t> fed_words = expected_of(transform(), count, seed, given);
        compare(out.read().data(), expected_of(transform(), count, seed + 1, fed_words), item);
    }
}

// A driver that takes an image of another architecture would run whatever it happens to mean. Not asked of a GPU for
// which there is no image: a desktop's may take that of a near relation, and be right.
void offer_image_of_another_gpu(const Gpu& gpu, WorkItem& item) {
    const Kernel& kernel = *kernels_to_try().front();
    if (kernel.cubin(gpu.sm()).empty()) {
        item.outcome = WorkOutcome::not_tried;
        item.detail = not_tried::no_image;
        return;
    }
    const bool is_xavier = gpu.sm() == 72;
    item.detail = is_xavier ? "sm_87" : "sm_72";
    try {
        const Module module(gpu, is_xavier ? kernel.sm_87 : kernel.sm_72);
    } catch (const Refused& refused) {
        if (refused.result == no_binary_for_gpu) return;
        throw;
    }
    item.outcome = WorkOutcome::wrong;
    item.text = "the driver took an image of another architecture";
}

}  // namespace

void do_native(Session& session, StepAnswer& step) {
    with_gpu(session, step, [&session](WorkStep& work, const Gpu& gpu) {
        const auto with_image = [&gpu](const Kernel& kernel, WorkItem& item, const auto& use) {
            const std::string_view image = kernel.cubin(gpu.sm());
            if (image.empty()) {
                item.outcome = WorkOutcome::not_tried;
                item.detail = not_tried::no_image;
                return;
            }
            item.detail = "sm_" + std::to_string(gpu.sm());
            const Module module(gpu, image);
            use(module.function(kernel.name));
        };
        for (const Kernel* kernel : kernels_to_try()) {
            work.try_item(std::string(kernel->name), [&](WorkItem& item) {
                with_image(*kernel, item, [&](CUfunction function) {
                    for (unsigned seed = 1; seed <= session.repeat; ++seed) {
                        run_and_compare(gpu, *kernel, function, seed, item);
                    }
                });
            });
        }
        const auto try_shared = [&](const char* name, DeviceAttribute needed, SharedWords::Kind kind) {
            work.try_item(name, [&](WorkItem& item) {
                if (gpu.attribute(needed) == 0) {
                    item.outcome = WorkOutcome::not_tried;
                    item.detail = not_tried::unsupported;
                    return;
                }
                with_image(transform(), item,
                           [&](CUfunction function) { share(gpu, function, kind, session.repeat, item); });
            });
        };
        try_shared("zero-copy memory", DeviceAttribute::can_map_host_memory, SharedWords::Kind::mapped);
        try_shared("managed memory", DeviceAttribute::managed_memory, SharedWords::Kind::managed);
        work.try_item("streams and events", [&](WorkItem& item) {
            with_image(transform(), item,
                       [&](CUfunction function) { use_streams(gpu, function, session.repeat, item); });
        });
        work.try_item("image for another GPU", [&](WorkItem& item) { offer_image_of_another_gpu(gpu, item); });
    });
}

}  // namespace jetcuda
