#include "tests/drivers/work.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <unistd.h>

#include "kernels/kernels.hpp"
#include "kernels/twins.hpp"
#include "tests/drivers/calls.hpp"
#include "tests/drivers/memory.hpp"

namespace simulated {
namespace {

using Clock = std::chrono::steady_clock;

struct Stream {
    bool non_blocking = false;
};

struct Event {
    bool timed = true;
    std::uint64_t record = 0;  // the number of the work that records it; 0: none yet
    std::optional<Clock::time_point> done;
};

struct Work {
    std::uint64_t number = 0;
    void* stream = nullptr;
    std::uint64_t after = 0;  // a record that must be done before; 0: none
    std::function<void()> run;
};

struct Queue {
    std::map<void*, std::unique_ptr<Stream>> streams;
    std::map<void*, std::unique_ptr<Event>> events;
    std::vector<Work> waiting;
    std::uint64_t last_number = 0;
    int sticky = 0;
    bool endless = false;
};

Queue& queue() {
    static Queue one;
    return one;
}

// The default stream waits for all others, and they for it, but for those that are made not to.
bool is_ordered(const void* one, const void* other) {
    if (one == other) return true;
    if (one != nullptr && other != nullptr) return false;
    const void* const named = one != nullptr ? one : other;
    const auto found = queue().streams.find(const_cast<void*>(named));
    return found == queue().streams.end() || !found->second->non_blocking;
}

bool is_ready(std::size_t index) {
    const Work& work = queue().waiting[index];
    for (std::size_t i = 0; i < queue().waiting.size(); ++i) {
        const Work& other = queue().waiting[i];
        if (other.number == work.after) return false;
        if (i < index && is_ordered(other.stream, work.stream)) return false;
    }
    return true;
}

std::uint64_t enqueue(void* stream, std::function<void()> run, std::uint64_t after = 0) {
    queue().waiting.push_back({++queue().last_number, stream, after, std::move(run)});
    return queue().last_number;
}

void poison(int result) {
    if (queue().sticky == 0) queue().sticky = result;
}

Event* event_of(void* event) {
    const auto found = queue().events.find(event);
    return found != queue().events.end() ? found->second.get() : nullptr;
}

struct Parameters {
    std::uint64_t out = 0, in = 0;
    std::uint32_t count = 0, seed = 0;
};

template <typename Value>
void take_parameter(Value& value, const void* from) {
    std::memcpy(&value, from, sizeof value);
}

// How many words of each a kernel touches (kernels/kernels.hpp).
std::pair<std::size_t, std::size_t> words_of(jetcuda::KernelRole role, std::size_t count, bool reads) {
    switch (role) {
        case jetcuda::KernelRole::checked:
        case jetcuda::KernelRole::transform: return {count + 1, reads ? count : 0};
        case jetcuda::KernelRole::memory_write: return {count, 0};
        case jetcuda::KernelRole::memory_invert: return {4, count};
    }
    return {0, 0};
}

void run_twin(const jetcuda::Kernel& kernel, const Parameters& given, const std::vector<const Fault*>& faults) {
    if ((given.out | given.in) % sizeof(std::uint32_t) != 0) return poison(misaligned_address);
    const auto [out_words, in_words] = words_of(kernel.role, given.count, given.in != 0);
    auto* const out = reinterpret_cast<std::uint32_t*>(gpu_memory(given.out, out_words * sizeof(std::uint32_t)));
    auto* const in = reinterpret_cast<std::uint32_t*>(
        in_words != 0 ? gpu_memory(given.in, in_words * sizeof(std::uint32_t)) : nullptr);
    if (out == nullptr || (in == nullptr && (in_words != 0 || kernel.role == jetcuda::KernelRole::transform))) {
        return poison(illegal_address);
    }
    const auto meets = [&](const char* action) {
        return std::any_of(faults.begin(), faults.end(), [=](const Fault* fault) { return fault->action == action; });
    };
    if (settings().whole("ecc") != nullptr) return poison(ecc_uncorrectable);
    if (meets("endless")) queue().endless = true;
    if (meets("skipped")) return;
    before_gpu_work();
    jetcuda::twin_of(kernel.name)(out, in, given.count, given.seed);
    for (const Fault* fault : faults) {
        if (fault->action == "wrong" && fault->index < out_words) out[fault->index] ^= fault->flip;
        if (fault->action == "poison") poison(fault->result);
    }
    after_gpu_work();
}

bool is_memory_kernel(const jetcuda::Kernel& kernel) {
    return kernel.role == jetcuda::KernelRole::memory_write || kernel.role == jetcuda::KernelRole::memory_invert;
}

const jetcuda::Kernel* kernel_of(const Function& function) {
    const auto& all = jetcuda::all_kernels();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const jetcuda::Kernel& one) { return one.name == function.kernel; });
    return found != all.end() ? &*found : nullptr;
}

// A launch that a real GPU would carry out, and whose result would be nonsense. That is a mistake of the program.
bool is_as_the_kernel_says(const jetcuda::Kernel& kernel, const Launch& how, const Parameters& given) {
    const std::string name(kernel.name);
    if (how.threads != kernel.threads) {
        complain(name + " was launched with " + std::to_string(how.threads) + " threads in a block");
    } else if (how.blocks * how.threads != given.count) {
        complain(name + " was launched with " + std::to_string(how.blocks * how.threads) + " threads for a count of " +
                 std::to_string(given.count));
    } else if (how.shared_bytes != kernel.dynamic_shared_bytes) {
        complain(name + " was launched with " + std::to_string(how.shared_bytes) + " bytes of dynamic shared memory");
    } else {
        return true;
    }
    return false;
}

bool is_behind_launch(const Fault& fault) {
    return fault.action == "wrong" || fault.action == "skipped" || fault.action == "poison" ||
           fault.action == "endless";
}

bool concerns(const Fault& fault, const Function& function) {
    return !fault.kernel.empty() && fault.kernel == function.kernel &&
           (fault.image.empty() || (fault.image == "ptx") == function.from_ptx);
}

std::vector<const Fault*> faults_of_launch(const Function& function, std::optional<Step> step) {
    std::vector<const Fault*> met;
    for (const Fault& fault : settings().faults) {
        const bool of_kernel = concerns(fault, function) && !is_behind_launch(fault);
        if (of_kernel || (step && fault.step == step)) met.push_back(&fault);
    }
    return met;
}

// Those whose place is reached now: the launch may be done later than others.
std::vector<const Fault*> faults_behind_launch(const Function& function) {
    std::vector<const Fault*> met;
    for (const Fault& fault : settings().faults) {
        if (concerns(fault, function) && is_behind_launch(fault) && happens(fault)) met.push_back(&fault);
    }
    return met;
}

std::optional<Step> step_of(const jetcuda::Kernel* kernel, const Function& function) {
    if (kernel != nullptr && is_memory_kernel(*kernel)) return Step::patterns;
    return function.from_ptx ? std::nullopt : std::optional<Step>(Step::native);
}

}  // namespace

int sticky_error() { return queue().sticky; }

bool is_stream(const void* stream) {
    return stream == nullptr || queue().streams.count(const_cast<void*>(stream)) != 0;
}

void* make_stream(bool non_blocking) {
    auto stream = std::make_unique<Stream>();
    stream->non_blocking = non_blocking;
    void* const handle = stream.get();
    queue().streams.emplace(handle, std::move(stream));
    return handle;
}

int remove_stream(void* stream) {
    if (stream == nullptr || !is_stream(stream)) return invalid_handle;
    const int result = finish_all_work();
    queue().streams.erase(stream);
    return result;
}

void* make_event(bool timed) {
    auto event = std::make_unique<Event>();
    event->timed = timed;
    void* const handle = event.get();
    queue().events.emplace(handle, std::move(event));
    return handle;
}

int remove_event(void* event) {
    if (event_of(event) == nullptr) return invalid_handle;
    const int result = finish_all_work();
    queue().events.erase(event);
    return result;
}

int record_event(void* event, void* stream) {
    Event* const recorded = event_of(event);
    if (recorded == nullptr || !is_stream(stream)) return invalid_handle;
    recorded->done.reset();
    const std::uint64_t number = queue().last_number + 1;
    recorded->record = enqueue(stream, [recorded, number] {
        if (recorded->record == number) recorded->done = Clock::now();
    });
    return success;
}

int wait_for_event(void* stream, void* event) {
    const Event* const awaited = event_of(event);
    if (awaited == nullptr || !is_stream(stream)) return invalid_handle;
    if (awaited->record != 0)
        enqueue(
            stream, [] {}, awaited->record);
    return success;
}

int wait_for_event(void* event) {
    if (event_of(event) == nullptr) return invalid_handle;
    return finish_all_work();
}

int elapsed_time(float* milliseconds, void* begin, void* end) {
    const Event* const first = event_of(begin);
    const Event* const last = event_of(end);
    if (milliseconds == nullptr) return invalid_value;
    if (first == nullptr || last == nullptr || !first->timed || !last->timed) return invalid_handle;
    if (first->record == 0 || last->record == 0) return invalid_handle;
    if (!first->done || !last->done) return not_ready;
    *milliseconds = std::chrono::duration<float, std::milli>(*last->done - *first->done).count();
    return success;
}

int launch(const Function& function, const Launch& how, void* stream) {
    constexpr std::size_t most_threads = 1024;
    constexpr unsigned most_shared_bytes = 48U << 10U;  // more must be asked for with cuFuncSetAttribute
    const jetcuda::Kernel* const kernel = kernel_of(function);
    const Answer answer = suffer_all(faults_of_launch(function, step_of(kernel, function)));
    if (!answer.go_on) return answer.result;
    if (!is_stream(stream)) return invalid_handle;
    if (how.blocks == 0 || how.threads == 0 || how.threads > most_threads) return invalid_value;
    if (how.shared_bytes > most_shared_bytes) return invalid_value;
    // A rung of the PTX ladder is empty and takes nothing.
    if (kernel == nullptr) {
        if (function.kernel != "rung") complain("there is no twin of " + function.kernel + ", which does nothing now");
        enqueue(stream, [] {});
        return success;
    }
    if (how.parameters == nullptr) return invalid_value;
    Parameters given;
    take_parameter(given.out, how.parameters[0]);
    take_parameter(given.in, how.parameters[1]);
    take_parameter(given.count, how.parameters[2]);
    take_parameter(given.seed, how.parameters[3]);
    if (!is_as_the_kernel_says(*kernel, how, given)) return invalid_value;
    take_managed_memory_from_cpu();
    enqueue(stream, [kernel, given, faults = faults_behind_launch(function)] { run_twin(*kernel, given, faults); });
    return success;
}

int finish_all_work() {
    give_managed_memory_back();
    auto& waiting = queue().waiting;
    while (!waiting.empty() && queue().sticky == 0) {
        std::size_t next = waiting.size() - 1;
        while (next > 0 && !is_ready(next)) --next;
        const Work work = std::move(waiting[next]);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(next));
        work.run();
        while (queue().endless) pause();
    }
    if (queue().sticky != 0) waiting.clear();
    return queue().sticky;
}

void forget_all_work() { queue() = Queue{}; }

}  // namespace simulated
