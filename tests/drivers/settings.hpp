// What the simulated libcuda is told to be, from `simulated_driver.json` in the folder of the path it was opened by:
//
//   {"board": "xavier|orin|thor", "driver_version": 12060, "every_call": 34,
//    "faults": [{"step": "init", "do": "return", "result": 100}]}
//
// All keys may be left out; without a file it is a healthy Orin with CUDA 12.6. `every_call` makes it a stub: each
// call answers this and writes nothing, even cuGetErrorName. A fault happens in the call that its step makes
// ("open": while the library is loaded; "devices": cuDeviceGetCount), and is one of
//
//   return (result)   answer this and write nothing         value (value)  the step's value: version, number of
//   unwritten         answer success and write nothing                     devices, name, sm number, bytes
//   hang              never return                          discrete       (devices) none is integrated
//   sleep (ms)        return late                           absent         the entry point is not there
//   crash, abort      SIGSEGV, SIGABRT                      exit           leave with status 3
//   sigkill, sigterm, sigsys   that signal                  noise          print on both outputs, then go on
//   babble            write into every pipe, endlessly      garbage        write one bad line into every pipe
//   refused           say EPERM as a driver says it, answer 999
//   say (value)       print this on standard error, then go on

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace simulated {

enum class Step { open, version, init, devices, name, capability, memory, context };

struct Fault {
    Step step = Step::init;
    std::string action;
    int result = 0;
    int milliseconds = 0;
    std::int64_t value = 0;
    std::string text;  // the value of "name", or what to say
};

struct Settings {
    std::string flaw;  // why the file is no such file: the library then says so and is of no use
    std::string gpu_name;
    int major = 0;
    int minor = 0;
    int driver_version = 0;
    std::optional<int> every_call;
    std::vector<Fault> faults;

    [[nodiscard]] const Fault* fault(Step step) const;                      // null: none
    [[nodiscard]] const Fault* fault(Step step, const char* action) const;  // null: none with this action
};

Settings read_settings(const std::string& file);

}  // namespace simulated
