// What every call of a simulated library does before its own work: it counts, suffers the faults that the settings have
// for it, and refuses what a driver refuses. And the numbers and words of the results.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/drivers/settings.hpp"

namespace simulated {

// cuda.h of CUDA 13.0, enum cudaError_enum
enum Result : int {
    success = 0,
    invalid_value = 1,
    out_of_memory = 2,
    not_initialized = 3,
    insufficient_driver = 35,  // of the runtime alone: cudaErrorInsufficientDriver
    device_unavailable = 46,
    no_device = 100,
    invalid_device = 101,
    invalid_image = 200,
    invalid_context = 201,
    no_binary_for_gpu = 209,
    ecc_uncorrectable = 214,
    invalid_ptx = 218,
    jit_compiler_not_found = 221,
    unsupported_ptx_version = 222,
    invalid_handle = 400,
    not_found = 500,
    not_ready = 600,
    illegal_address = 700,
    context_is_destroyed = 709,
    misaligned_address = 716,
    not_supported = 801,
    unknown_error = 999
};

struct ResultText {
    int result;
    const char* name;
    const char* text;
};
const ResultText* result_text(int result);  // null: there is no such result

// The path that this library was opened by, not that of the file: tests open it through a link beside their settings.
std::string own_path();
const Settings& settings();

// What a call answers before it does its own work; `go_on` when it is to do that.
struct Answer {
    bool go_on = true;
    int result = success;
};

Answer begin_call(std::string_view call, std::optional<Step> step = {});

// Whether a fault happens now that its place is reached once more. It is written down in `faults_that_happened`, where
// such a file lies beside the settings: a test may then ask whether what it has planted was met at all.
bool happens(const Fault& fault);

// The faults of a place that is no call of its own: a step that a call turns out to serve, a kernel that is launched.
Answer begin_step(Step step);
Answer suffer_all(const std::vector<const Fault*>& faults);

// Says what a test's author must know, since no driver would say it.
void complain(const std::string& text);

}  // namespace simulated
