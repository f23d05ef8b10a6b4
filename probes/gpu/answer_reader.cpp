// Reads what a probe printed. A driver that runs wild can write anything into its process, so each line is held to
// its exact form before a value is taken from it: size, depth, keys given twice, order, ranges.

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "probes/gpu/protocol.hpp"
#include "probes/system/strict_json.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

constexpr std::size_t longest_line = 16'384;
constexpr std::int64_t most_devices = 64;
constexpr std::size_t most_items = 512;  // of all work steps together; a probe has some 60
constexpr std::int64_t longest_duration_ms = 24LL * 3600 * 1000;

// Why a line is none of this protocol; ends the reading of that line.
struct Flaw : std::runtime_error {
    using std::runtime_error::runtime_error;
};

json parse_object(std::string_view line) {
    if (line.size() > longest_line) throw Flaw("a line of " + std::to_string(line.size()) + " bytes");
    try {
        json object = parse_strictly(line);
        if (object.is_object()) return object;
    } catch (const JsonFlaw& flaw) {
        throw Flaw("a line that is no JSON (" + printable(flaw.what(), 80) + "): " + printable(line, 80));
    }
    throw Flaw("a line that is no JSON object: " + printable(line, 80));
}

const json& member(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) throw Flaw(std::string("a line without \"") + key + '"');
    return *found;
}

std::int64_t integer(const json& value, const char* what, std::int64_t lowest, std::int64_t highest) {
    const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(highest)
                                                 : value.is_number_integer() && value.get<std::int64_t>() <= highest;
    if (!fits || value.get<std::int64_t>() < lowest) {
        const std::string shown = value.dump(-1, ' ', false, json::error_handler_t::replace);
        throw Flaw(std::string(what) + " that cannot be: " + printable(shown, 40));
    }
    return value.get<std::int64_t>();
}

bool boolean(const json& object, const char* key) {
    const json& value = member(object, key);
    if (!value.is_boolean()) throw Flaw(std::string("a \"") + key + "\" that is neither true nor false");
    return value.get<bool>();
}

std::string text(const json& object, const char* key) {
    const json& value = member(object, key);
    if (!value.is_string()) throw Flaw(std::string("a \"") + key + "\" that is no text");
    return printable(value.get_ref<const std::string&>());
}

ProbeStep step_of(const json& value) {
    if (value.is_string()) {
        if (const auto step = probe_step_named(value.get_ref<const std::string&>())) return *step;
    }
    throw Flaw("a step that there is not");
}

std::vector<GpuDevice> devices_of(const json& line) {
    const json& list = member(line, "devices");
    if (!list.is_array() || list.size() > static_cast<std::size_t>(most_devices)) throw Flaw("no list of devices");
    std::vector<GpuDevice> devices;
    for (const json& entry : list) {
        if (!entry.is_object()) throw Flaw("a device that is no JSON object");
        GpuDevice device;
        device.ordinal = static_cast<int>(integer(member(entry, "ordinal"), "an ordinal", 0, most_devices - 1));
        device.integrated = boolean(entry, "integrated");
        if (device.ordinal != static_cast<int>(devices.size())) throw Flaw("devices out of order");
        devices.push_back(std::move(device));
    }
    return devices;
}

Capability capability_of(const json& line) {
    const json& pair = member(line, "capability");
    if (!pair.is_array() || pair.size() != 2) throw Flaw("a capability that is no pair of numbers");
    return {static_cast<int>(integer(pair[0], "a capability", 1, 99)),
            static_cast<int>(integer(pair[1], "a capability", 0, 9))};
}

// The values of a successful step.
void take_values(const json& line, ProbeStep step, ProbeAnswer& answer) {
    GpuDevice* device = nullptr;
    if (step >= ProbeStep::name && !is_work(step)) {
        const std::int64_t highest = static_cast<std::int64_t>(answer.devices.size()) - 1;
        device =
            &answer.devices.at(static_cast<std::size_t>(integer(member(line, "ordinal"), "an ordinal", 0, highest)));
    }
    switch (step) {
        case ProbeStep::open: answer.simulated = boolean(line, "simulated"); break;
        case ProbeStep::version:
            answer.driver_version =
                static_cast<int>(integer(member(line, "driver_version"), "a driver version", 1000, 999'990));
            break;
        case ProbeStep::devices: answer.devices = devices_of(line); break;
        case ProbeStep::name: device->name = text(line, "device_name"); break;
        case ProbeStep::capability: device->capability = capability_of(line); break;
        case ProbeStep::memory:
            device->memory_bytes = static_cast<std::uint64_t>(
                integer(member(line, "memory_bytes"), "a size of memory", 0, std::int64_t{1} << 50));
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

StepAnswer read_end(const json& line, ProbeStep step, ProbeAnswer& answer) {
    StepAnswer told;
    told.step = step;
    if (line.contains("duration_ms")) {
        told.duration = std::chrono::milliseconds(integer(line["duration_ms"], "a duration", 0, longest_duration_ms));
    }
    if (step == ProbeStep::open && line.contains("seccomp")) answer.seccomp = boolean(line, "seccomp");
    if (line.contains("failure") == line.contains("result"))
        throw Flaw("an end with neither or both of result, failure");
    if (line.contains("failure")) {
        told.end = StepEnd::failed;
        told.failure = text(line, "failure");
        return told;
    }
    constexpr std::int64_t lowest = std::numeric_limits<int>::min();
    constexpr std::int64_t highest = std::numeric_limits<int>::max();
    told.result = static_cast<int>(integer(line["result"], "a result", lowest, highest));
    told.end = StepEnd::answered;
    if (told.result == 0) {
        take_values(line, step, answer);
        told.name = result_name(0);
        return told;
    }
    if (line.contains("name")) told.name = text(line, "name");
    if (line.contains("text")) told.text = text(line, "text");
    if (told.name.empty()) told.name = result_name(told.result);
    if (told.name.empty()) told.name = "CUresult " + std::to_string(told.result);
    return told;
}

std::uint64_t count_of(const json& line, const char* key) {
    constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
    return line.contains(key) ? static_cast<std::uint64_t>(integer(line[key], key, 0, highest)) : 0;
}

std::string text_if_there(const json& line, const char* key) {
    return line.contains(key) ? text(line, key) : std::string{};
}

// What came of the thing that was announced as `item`.
void read_tried(const json& line, WorkItem& item) {
    if (text(line, "tried") != item.name) throw Flaw("an answer to a thing that was not tried");
    const std::optional<WorkOutcome> outcome = work_outcome_named(text(line, "outcome"));
    // Only whoever watches the probe can say of a thing that it was not finished.
    if (!outcome || *outcome == WorkOutcome::unfinished) throw Flaw("an outcome that there is not");
    item.outcome = *outcome;
    item.detail = text_if_there(line, "detail");
    item.call = text_if_there(line, "call");
    item.text = text_if_there(line, "text");
    item.result_name = text_if_there(line, "name");
    if (item.outcome == WorkOutcome::refused) {
        constexpr std::int64_t lowest = std::numeric_limits<int>::min();
        constexpr std::int64_t highest = std::numeric_limits<int>::max();
        item.result = static_cast<int>(integer(member(line, "result"), "a result", lowest, highest));
        if (item.result == 0) throw Flaw("a refusal with the result of a success");
        if (item.result_name.empty()) item.result_name = "result " + std::to_string(item.result);
    }
    item.index = count_of(line, "index");
    item.expected = count_of(line, "expected");
    item.got = count_of(line, "got");
    item.wrong_count = count_of(line, "wrong_count");
    item.requested_bytes = count_of(line, "requested_bytes");
    if (line.contains("duration_ms")) {
        item.duration = std::chrono::milliseconds(integer(line["duration_ms"], "a duration", 0, longest_duration_ms));
    }
}

}  // namespace

void AnswerReader::begin_item(std::string name) {
    if (!begun_ || !is_work(*begun_)) throw Flaw("a thing tried outside of a work step");
    if (item_begun_) throw Flaw("a thing tried within another");
    if (name.empty()) throw Flaw("a thing without a name");
    if (answer_.work.size() >= most_items) throw Flaw("more than " + std::to_string(most_items) + " things tried");
    WorkItem item;
    item.step = *begun_;
    item.name = std::move(name);
    answer_.work.push_back(std::move(item));
    item_begun_ = true;
}

void AnswerReader::take_line(std::string_view line) {
    if (garbled_ || done_) return;
    try {
        const json object = parse_object(line);
        if (object.contains("begin")) {
            const ProbeStep step = step_of(object["begin"]);
            if (begun_ || step != next_step(answer_)) throw Flaw("a step begun out of order: " + printable(line, 80));
            begun_ = step;
        } else if (object.contains("end")) {
            const ProbeStep step = step_of(object["end"]);
            if (begun_ != step) throw Flaw("an answer to a step that was not begun: " + printable(line, 80));
            if (item_begun_) throw Flaw("the end of a step within a thing that it tries: " + printable(line, 80));
            // Into a copy: a flaw in the middle of the line leaves no half of it behind.
            ProbeAnswer with_step = answer_;
            with_step.steps.push_back(read_end(object, step, with_step));
            answer_ = std::move(with_step);
            begun_.reset();
        } else if (object.contains("try")) {
            begin_item(text(object, "try"));
        } else if (object.contains("tried")) {
            if (!item_begun_) throw Flaw("an answer to a thing that was not tried: " + printable(line, 80));
            WorkItem told = answer_.work.back();
            read_tried(object, told);
            answer_.work.back() = std::move(told);
            item_begun_ = false;
        } else if (object.contains("done")) {
            if (begun_ || next_step(answer_)) throw Flaw("done before its last step");
            done_ = true;
        } else {
            throw Flaw("a line of no known kind: " + printable(line, 80));
        }
    } catch (const std::exception& flaw) {
        garble(flaw.what());
    }
}

void AnswerReader::garble(const std::string& why) {
    end_unfinished_step(StepEnd::garbled, 0, "it printed " + why, std::chrono::milliseconds{0});
    garbled_ = true;
}

void AnswerReader::end_unfinished_step(StepEnd end, int signal, const std::string& failure,
                                       std::chrono::milliseconds duration) {
    if (garbled_ && end != StepEnd::babbled) return;
    StepAnswer broken;
    broken.end = end;
    broken.signal = signal;
    broken.failure = printable(failure, 400);
    broken.duration = duration;
    if (garbled_) {
        broken.step = answer_.steps.back().step;
        answer_.steps.pop_back();
    } else if (begun_) {
        broken.step = *begun_;
    } else if (const auto next = next_step(answer_)) {
        broken.step = *next;  // between two steps: what was to be next was not reached
    } else {
        // Every step had answered. A failure that was told stands; a success that the probe did not survive does not.
        if (!answer_.steps.back().succeeded()) return;
        broken.step = answer_.steps.back().step;
        answer_.steps.pop_back();
    }
    begun_.reset();
    item_begun_ = false;  // what was being tried stays `unfinished`
    answer_.steps.push_back(std::move(broken));
}

}  // namespace jetcuda
