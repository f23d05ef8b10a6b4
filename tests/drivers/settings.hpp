// What a simulated library is told to be, from a file in the folder of the path it was opened by. For the simulated
// libcuda that is `simulated_driver.json`:
//
//   {"board": "xavier|orin|thor", "driver_version": 12060, "every_call": 34, "free_bytes": 2097152,
//    "attributes": {"16": 4}, "faults": [{"step": "init", "do": "return", "result": 100}]}
//
// All keys may be left out; without a file it is a healthy Orin with CUDA 12.6. `every_call` makes it a stub: each
// call answers this and writes nothing, even cuGetErrorName. `free_bytes` is how much GPU memory can be allocated (2
// MiB, so that tests of memory are quick). `attributes` are device attributes, by their numbers in cuda.h.
//
// A fault happens in one place, every time or, with "nth", the nth time that this place is reached:
//
//   "step": S      the call that a step of jetcuda-probe makes ("open": while the library is loaded; "devices":
//                  cuDeviceGetCount; "native": the launch of a kernel from a cubin; "jit": loading a PTX; "patterns":
//                  the launch of a memory kernel; in libcudart "runtime": cudaGetDeviceCount; in another CUDA library
//                  "libraries": the call that tells the version)
//   "call": C      the entry point of that name
//   "kernel": K    the launch of the kernel of that name; with "image": "cubin" or "ptx", from such an image alone
//   "memory": M    each allocation of "device", "host" (zero-copy) or "managed" memory
//   none of them   the driver as a whole
//
// In a step, a call or a kernel ("do"):
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
//
// In a kernel alone: what happens behind the launch, which itself succeeds.
//
//   wrong (index, flip)   out[index] ^= flip once it has run        skipped   it does not run, and nothing says so
//   poison (result)       it ends in this error, and so does every later call; as an illegal address does
//   endless               it never ends: waiting for it hangs
//
// In memory:
//
//   bit-flip (word, bit)             the bit does not hold: what is read is not what was written
//   stuck-at (word, bit, value)      the bit is always `value`
//   alias (word, bit)                words `word` and `word` ^ 1 << `bit` are one, as when an address line is stuck
//   stale                            (host, managed) the GPU does not see what the CPU wrote
//   unseen                           (host, managed) the CPU does not see what the GPU wrote
//
// Those with a word concern allocations of "at_least" bytes (256 KiB), which spares what kernels answer in.
//
// The driver as a whole:
//
//   no-jit               221: the JIT library is missing       no-managed, no-zero-copy   not supported
//   jit-below-promise (ptx: "7.0")  a newer PTX is refused     takes-any-image  also of another architecture
//   out-of-memory (above: 0)        2: for an allocation of more bytes than this
//   ecc                  214 from the first kernel on          exclusive, prohibited, busy    46: no context to be had

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulated {

enum class Step {
    open,
    version,
    init,
    devices,
    name,
    capability,
    memory,
    context,
    native,
    jit,
    patterns,
    runtime,
    libraries
};

struct Fault {
    std::optional<Step> step;
    std::string call, kernel, image, memory;
    std::string place;  // whichever of these it has, or the step, in words
    std::string action;
    int nth = 0;  // 0: every time
    int result = 0;
    int milliseconds = 0;
    std::int64_t value = 0;
    std::string text;  // the value of "name", or what to say
    std::uint64_t word = 0, index = 0, at_least = 0, above = 0;
    unsigned bit = 0;
    std::uint32_t flip = 1;
    int ptx = 0;  // 70 for "7.0"

    mutable int reached = 0;  // how often its place was reached
    // Whether it happens now that its place is reached once more.
    [[nodiscard]] bool happens() const { return ++reached == nth || nth == 0; }
};

struct Settings {
    std::string flaw;  // why the file is no such file: the library then says so and is of no use
    std::string gpu_name;
    int major = 0;
    int minor = 0;
    int multiprocessors = 0;
    int driver_version = 0;
    std::size_t free_bytes = std::size_t{2} << 20;
    std::map<int, int> attributes;
    std::optional<int> every_call;
    std::vector<Fault> faults;

    std::array<int, 3> library_version{};  // of a CUDA library (read_library_settings)

    [[nodiscard]] const Fault* fault(Step step) const;                      // null: none
    [[nodiscard]] const Fault* fault(Step step, const char* action) const;  // null: none with this action
    [[nodiscard]] const Fault* whole(std::string_view action) const;        // of the driver as a whole; null: none
    [[nodiscard]] bool absent(std::string_view call) const;
};

Settings read_settings(const std::string& file);

// Of the CUDA library at this path, from `simulated_library.json` in its folder, where each library has its own
// settings under its file's name:
//
//   {"libcudart.so.12": {"version": "12.6", "faults": [{"call": "cudaMalloc", "do": "return", "result": 2}]},
//    "libcublas.so.12": {"version": "12.6.1.4"}}
//
// Faults are those of a step or a call, and of "cudaMemcpy" also "wrong", in what comes back from the GPU. A library
// that is not named there has version 0.
Settings read_library_settings(const std::string& path);

}  // namespace simulated
