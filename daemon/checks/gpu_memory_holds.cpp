// What is written to GPU memory must read back, whoever wrote it. On a Jetson CPU and GPU have one memory: so this is
// also about what one sees that the other wrote, and about an allocation that is refused although the board has memory
// to spare.

#include "daemon/checks/check.hpp"
#include "daemon/checks/work_steps.hpp"

namespace jetcuda {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

bool is_shared(const WorkItem& item) { return item.name == "zero-copy memory" || item.name == "managed memory"; }

// The patterns, and the memory that CPU and GPU share, which the step `native` tries with its kernels.
std::vector<const WorkItem*> memory_items(const ProbeAnswer& answer) {
    std::vector<const WorkItem*> items = answer.work_of(ProbeStep::patterns);
    for (const WorkItem* item : answer.work_of(ProbeStep::native)) {
        if (is_shared(*item)) items.push_back(item);
    }
    return items;
}

// Contract, section 4: a refusal counts where the board has at least twice of what was asked for.
bool has_twice(const ProbeAnswer& answer, const WorkItem& item) {
    return answer.available && item.requested_bytes != 0 && *answer.available / 2 >= item.requested_bytes;
}

std::string_view code_of(const WorkItem& item, const ProbeAnswer& answer) {
    switch (item.outcome) {
        case WorkOutcome::wrong: return is_shared(item) ? "not-coherent" : "bits-differ";
        case WorkOutcome::refused:
            if (item.result == result_of::out_of_memory && has_twice(answer, item)) return "allocation-refused";
            if (says_busy(item.result)) return work_gpu_busy.code;
            if (item.result == result_of::ecc_uncorrectable) return work_ecc_error.code;
            return "memory-test-failed";
        case WorkOutcome::failed: return "memory-test-failed";
        case WorkOutcome::not_tried:
            return item.detail == not_tried::memory_short ? work_memory_short.code : std::string_view();
        case WorkOutcome::right:
        case WorkOutcome::unfinished: break;
    }
    return {};
}

}  // namespace

extern const Check gpu_memory_holds{
    .id = "gpu-memory-holds",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::measured,
    .claim = "patterns that are written to GPU memory read back, and CPU and GPU see what the other wrote",
    .why =
        "A bit that does not hold, or a cache that keeps old words, makes results wrong without any error. An "
        "allocation that is refused while memory is free stops programs that fit the board.",
    .reads = {"jetcuda-probe: patterns, native", "/proc/meminfo"},
    .needs = {"driver-initializes"},
    .codes = with_work_codes({
        {"ok", Status::pass, "Patterns written to {size} of GPU memory read back"},
        {"bits-differ",
         Status::fail,
         "GPU memory does not hold what is written to it: {count} words differ under \"{item}\", the first at word "
         "{index}: {got} instead of {expected} (bits {bits})",
         {.other = "Let the patterns run many times, and see whether the same bits differ; where it stays, the board "
                   "is faulty: sudo jetcuda-check run --repeat 100 gpu-memory-holds"}},
        {"not-coherent", Status::fail,
         "CPU and GPU do not see what the other wrote in {item}: at index {index} {got} instead of {expected}",
         reinstall_driver},
        {"allocation-refused",
         Status::fail,
         "The driver refuses {size} of memory ({name}, {result}), while {available} MiB are available",
         {.other = "See what the kernel says about memory and nvmap, and restart the board: sudo dmesg | grep -i -e "
                   "nvmap -e cma; sudo reboot"}},
        {"memory-test-failed", Status::fail, "The memory test \"{item}\" cannot be done: {answer}", read_kernel_log},
        work_ecc_error,
        work_memory_short,
    }),
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
        const ProbeAnswer& answer = *facts.driver_probe;
        const std::vector<const WorkItem*> items = memory_items(answer);
        const std::string available =
            answer.available ? std::to_string(*answer.available / mebibyte) : std::string("an unknown number of");
        const auto tell = [&](const WorkItem& item, std::string_view code) {
            Finding finding = finding_about(item, answer, facts, code);
            finding.values["available"] = available;
            finding.values["bits"] = fmt::format("{:#010x}", item.expected ^ item.got);
            finding.values["size"] = fmt::format("{} KiB", item.requested_bytes >> 10U);
            return finding;
        };
        // What was found wrong counts, however far the probe came after it.
        if (const WorkItem* wrong = first_with(items, WorkOutcome::wrong)) return tell(*wrong, code_of(*wrong, answer));
        if (std::optional<Finding> open = work_not_done(facts, ProbeStep::patterns)) return *std::move(open);
        if (const auto death = death_in(answer, ProbeStep::patterns, facts)) return *death;
        for (const WorkItem* item : items) {
            if (const std::string_view code = code_of(*item, answer); !code.empty()) return tell(*item, code);
        }
        const WorkItem* tested = first_item(items, [](const WorkItem& item) {
            return item.step == ProbeStep::patterns && item.outcome == WorkOutcome::right;
        });
        if (tested == nullptr) {
            return because_missing({Lack::not_asked, "jetcuda-probe wrote no pattern", "jetcuda-probe"});
        }
        // How much is tested depends on what is free now.
        return Finding{.code = "ok",
                       .values = {{"size", fmt::format("{} KiB", tested->requested_bytes >> 10U)}},
                       .evidence = {{"tested", fmt::format("{} KiB", tested->requested_bytes >> 10U),
                                     "jetcuda-probe: patterns", true}}};
    },
};

}  // namespace jetcuda
