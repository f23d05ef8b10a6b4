// The words of the protocol, and the writing of its lines. Reading, which trusts nothing, is in answer_reader.cpp.

#include "probes/gpu/protocol.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <nlohmann/json.hpp>

namespace jetcuda {
namespace {

constexpr std::array<std::string_view, 13> step_names{"open",       "version", "init",     "devices", "name",
                                                      "capability", "memory",  "context",  "native",  "jit",
                                                      "patterns",   "runtime", "libraries"};
constexpr std::array<std::string_view, 6> outcome_names{"right",  "wrong",     "refused",
                                                        "failed", "not-tried", "unfinished"};

// A device's name may hold bytes that are no UTF-8; the line must still be JSON.
std::string as_line(const nlohmann::ordered_json& object) {
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// Length of the UTF-8 sequence at the beginning, and its code point; length 0 when there is none (RFC 3629).
struct Sequence {
    std::size_t length = 0;
    char32_t code_point = 0;
};

Sequence first_sequence(std::string_view text) {
    const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {1, lead};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
    char32_t code_point = lead & (0xFFU >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xC0U) != 0x80U) return {};
        code_point = code_point << 6U | (byte(at) & 0x3FU);
    }
    const bool overlong = (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (overlong || surrogate || code_point > 0x10FFFF) return {};
    return {length, code_point};
}

// Characters that act on a terminal or reorder the text around them instead of being seen.
bool is_invisible(char32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) || code_point == 0x061C ||
           (code_point >= 0x200B && code_point <= 0x200F) || (code_point >= 0x2028 && code_point <= 0x202E) ||
           (code_point >= 0x2060 && code_point <= 0x2069) || code_point == 0xFEFF;
}

}  // namespace

std::string_view name_of(ProbeStep step) { return step_names.at(static_cast<std::size_t>(step)); }

std::optional<ProbeStep> probe_step_named(std::string_view name) {
    const auto found = std::find(step_names.begin(), step_names.end(), name);
    if (found == step_names.end()) return std::nullopt;
    return static_cast<ProbeStep>(found - step_names.begin());
}

std::string_view name_of(WorkOutcome outcome) { return outcome_names.at(static_cast<std::size_t>(outcome)); }

std::optional<WorkOutcome> work_outcome_named(std::string_view name) {
    const auto* const found = std::find(outcome_names.begin(), outcome_names.end(), name);
    if (found == outcome_names.end()) return std::nullopt;
    return static_cast<WorkOutcome>(found - outcome_names.begin());
}

std::string_view name_of(StepEnd end) {
    switch (end) {
        case StepEnd::answered: return "answered";
        case StepEnd::failed: return "failed";
        case StepEnd::crashed: return "crashed";
        case StepEnd::timed_out: return "timed-out";
        case StepEnd::killed_from_outside: return "killed-from-outside";
        case StepEnd::sandbox_refused: return "sandbox-refused";
        case StepEnd::unkillable: return "unkillable";
        case StepEnd::babbled: return "babbled";
        case StepEnd::garbled: return "garbled";
    }
    return "garbled";
}

const StepAnswer* ProbeAnswer::step(ProbeStep wanted) const {
    const auto found =
        std::find_if(steps.begin(), steps.end(), [wanted](const StepAnswer& answer) { return answer.step == wanted; });
    return found == steps.end() ? nullptr : &*found;
}

// The results that cuda.h of CUDA 13.0 says this of ("the context cannot be used", "leaves the process in an
// inconsistent state").
bool leaves_context_unusable(int result) {
    constexpr std::array<int, 10> results{214, 700, 702, 710, 714, 715, 716, 717, 718, 719};
    return std::find(results.begin(), results.end(), result) != results.end();
}

std::vector<const WorkItem*> ProbeAnswer::work_of(ProbeStep wanted) const {
    std::vector<const WorkItem*> items;
    for (const WorkItem& item : work) {
        if (item.step == wanted) items.push_back(&item);
    }
    return items;
}

const GpuDevice* ProbeAnswer::integrated_device() const {
    const auto found =
        std::find_if(devices.begin(), devices.end(), [](const GpuDevice& device) { return device.integrated; });
    return found == devices.end() ? nullptr : &*found;
}

const GpuDevice* ProbeAnswer::asked_device() const {
    if (const GpuDevice* integrated = integrated_device()) return integrated;
    return devices.empty() ? nullptr : &devices.front();
}

namespace {

std::optional<ProbeStep> next_work(const ProbeAnswer& so_far, ProbeStep after) {
    std::optional<ProbeStep> next;
    for (const ProbeStep step : so_far.asked_work) {
        if (is_work(step) && step > after && (!next || step < *next)) next = step;
    }
    return next;
}

}  // namespace

std::optional<ProbeStep> next_step(const ProbeAnswer& so_far) {
    if (so_far.steps.empty()) return ProbeStep::open;
    const StepAnswer& last = so_far.steps.back();
    switch (last.step) {
        case ProbeStep::open:
        case ProbeStep::init:
            if (!last.succeeded()) return std::nullopt;
            break;
        case ProbeStep::devices:
            if (!last.succeeded() || so_far.devices.empty()) return std::nullopt;
            break;
        case ProbeStep::context:
            if (!last.succeeded()) return std::nullopt;
            return next_work(so_far, last.step);
        case ProbeStep::native:
        case ProbeStep::jit:
        case ProbeStep::patterns:
        case ProbeStep::runtime:
        case ProbeStep::libraries:
            if (leaves_context_unusable(last.result)) return std::nullopt;
            return next_work(so_far, last.step);
        case ProbeStep::version:
        case ProbeStep::name:
        case ProbeStep::capability:
        case ProbeStep::memory: break;
    }
    return static_cast<ProbeStep>(static_cast<int>(last.step) + 1);
}

std::string begin_line(ProbeStep step) { return as_line({{"begin", name_of(step)}}); }

std::string done_line() { return as_line({{"done", true}}); }

std::string try_line(std::string_view name) { return as_line({{"try", name}}); }

std::string tried_line(const WorkItem& item) {
    nlohmann::ordered_json line{{"tried", item.name}, {"outcome", name_of(item.outcome)}};
    if (!item.detail.empty()) line["detail"] = item.detail;
    if (!item.call.empty()) line["call"] = item.call;
    if (item.outcome == WorkOutcome::refused) {
        line["result"] = item.result;
        if (!item.result_name.empty()) line["name"] = item.result_name;
    }
    if (!item.text.empty()) line["text"] = item.text;
    if (item.outcome == WorkOutcome::wrong) {
        line["index"] = item.index;
        line["expected"] = item.expected;
        line["got"] = item.got;
        line["wrong_count"] = item.wrong_count;
    }
    if (item.requested_bytes != 0) line["requested_bytes"] = item.requested_bytes;
    line["duration_ms"] = item.duration.count();
    return as_line(line);
}

std::string end_line(const ProbeAnswer& so_far, const StepAnswer& step) {
    nlohmann::ordered_json line{{"end", name_of(step.step)}};
    if (step.end == StepEnd::answered) {
        line["result"] = step.result;
        if (step.result != 0 && !step.name.empty()) line["name"] = step.name;
        if (step.result != 0 && !step.text.empty()) line["text"] = step.text;
    } else {
        line["failure"] = step.failure;
    }
    if (step.step == ProbeStep::open) line["seccomp"] = so_far.seccomp;
    if (step.succeeded()) {
        const GpuDevice* device = so_far.asked_device();
        if (step.step >= ProbeStep::name && !is_work(step.step) && device != nullptr) line["ordinal"] = device->ordinal;
        switch (step.step) {
            case ProbeStep::open: line["simulated"] = so_far.simulated; break;
            case ProbeStep::version: line["driver_version"] = so_far.driver_version.value_or(0); break;
            case ProbeStep::devices:
                line["devices"] = nlohmann::ordered_json::array();
                for (const GpuDevice& one : so_far.devices) {
                    line["devices"].push_back({{"ordinal", one.ordinal}, {"integrated", one.integrated}});
                }
                break;
            case ProbeStep::name:
                if (device != nullptr) line["device_name"] = device->name;
                break;
            case ProbeStep::capability:
                if (device != nullptr && device->capability) {
                    line["capability"] = {device->capability->major, device->capability->minor};
                }
                break;
            case ProbeStep::memory:
                if (device != nullptr && device->memory_bytes) line["memory_bytes"] = *device->memory_bytes;
                break;
            case ProbeStep::init:
            case ProbeStep::context:
            case ProbeStep::native:
            case ProbeStep::jit:
            case ProbeStep::patterns:
            case ProbeStep::runtime:
            case ProbeStep::libraries: break;
        }
    }
    line["duration_ms"] = step.duration.count();
    return as_line(line);
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string shown;
    std::size_t characters = 0;
    while (!text.empty()) {
        const Sequence sequence = first_sequence(text);
        const std::string_view bytes = text.substr(0, std::max<std::size_t>(sequence.length, 1));
        text.remove_prefix(bytes.size());
        if (sequence.length != 0 && is_invisible(sequence.code_point)) continue;
        if (characters++ == limit) {
            // The last character gives way, so that the whole keeps to its limit.
            while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80U) shown.pop_back();
            if (!shown.empty()) shown.pop_back();
            return limit == 0 ? std::string{} : shown + "…";
        }
        if (sequence.length == 0) {
            shown += "\xEF\xBF\xBD";  // U+FFFD REPLACEMENT CHARACTER
        } else {
            shown += bytes;
        }
    }
    return shown;
}

}  // namespace jetcuda
