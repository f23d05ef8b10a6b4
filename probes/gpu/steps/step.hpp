// What the steps of a probe share. Each step is one file and one function, which makes the driver calls of its step,
// puts values into the session's answer, and says how it went: a result, or why it could not call.
//
// Values that a call should write start as ones that it never writes: there are libraries that answer "success" or
// an error and write nothing.

#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "probes/gpu/driver_api.hpp"
#include "probes/gpu/protocol.hpp"

namespace jetcuda {

struct Session {
    ProbeAnswer answer;  // `library`, `asked_work` and `available` are set; the steps fill the rest
    DriverLibrary library;
    std::vector<CUdevice> handles;  // of answer.devices, in the same order

    // For the work steps.
    std::function<void(const std::string& line)> tell;  // writes one line of the protocol
    unsigned repeat = 1;
    std::string runtime;
    std::vector<std::string> libraries;
};

void ask_open(Session& session, StepAnswer& step);
void ask_version(Session& session, StepAnswer& step);
void ask_init(Session& session, StepAnswer& step);
void ask_devices(Session& session, StepAnswer& step);
void ask_name(Session& session, StepAnswer& step);
void ask_capability(Session& session, StepAnswer& step);
void ask_memory(Session& session, StepAnswer& step);
void ask_context(Session& session, StepAnswer& step);
void do_native(Session& session, StepAnswer& step);
void do_jit(Session& session, StepAnswer& step);
void do_patterns(Session& session, StepAnswer& step);
void do_runtime(Session& session, StepAnswer& step);
void do_libraries(Session& session, StepAnswer& step);

// The driver's own name and sentence for a result, else our table's name.
std::string result_name_of(const Session& session, CUresult result);
std::string result_text_of(const Session& session, CUresult result);

// The step made its calls. Of a failure the driver's own name and sentence are asked, too.
void take_result(const Session& session, StepAnswer& step, CUresult result);
// The step could not call, or a call that "succeeded" did not do what it says: why, as a clause.
void take_failure(StepAnswer& step, std::string why);

// The device that is asked for its name, capability, memory and context.
struct AskedDevice {
    GpuDevice& told;
    CUdevice handle;
};
AskedDevice asked_device(Session& session);

// Null, and the step has failed, when the library has no such entry point.
template <typename Function>
Function* entry_point(const Session& session, StepAnswer& step, const char* name) {
    auto* function = session.library.find<Function>(name);
    if (function == nullptr) {
        take_failure(step, std::string("the entry point ") + name + " is missing in " + session.answer.library);
    }
    return function;
}

inline constexpr int never_written = std::numeric_limits<int>::min();

}  // namespace jetcuda
