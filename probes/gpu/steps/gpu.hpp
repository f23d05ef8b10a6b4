// The GPU at work: a context that is held, and modules, memory, streams and events in it, each given back by its
// destructor. A call that answers an error throws Refused, which the thing that is being tried ends with
// (try_work.hpp); no step passes results on by hand.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernels.hpp"
#include "probes/gpu/driver_api.hpp"
#include "probes/gpu/steps/step.hpp"

namespace jetcuda {

struct Refused {
    std::string call;
    CUresult result = 0;
    std::uint64_t requested_bytes = 0;  // of an allocation
    std::string log;                    // what the driver's compiler said
};
// A library that lacks an entry point, or a call that "succeeded" and wrote nothing: why, as a clause.
struct CannotCall {
    std::string why;
};

// The context of the device that is asked, as long as the object lives.
class Gpu {
public:
    explicit Gpu(Session& session);  // throws Refused, CannotCall
    ~Gpu();
    Gpu(const Gpu&) = delete;
    Gpu& operator=(const Gpu&) = delete;

    [[nodiscard]] int attribute(DeviceAttribute attribute) const;
    [[nodiscard]] int sm() const;  // 87; 0 where the step `capability` was not answered
    [[nodiscard]] std::size_t free_bytes() const;
    void synchronize() const;

    // Throws where the library has no such entry point.
    template <typename Function>
    [[nodiscard]] Function* entry(const char* name) const {
        auto* const function = session_.library.find<Function>(name);
        if (function == nullptr) throw CannotCall{std::string("the entry point ") + name + " is missing"};
        return function;
    }
    // Calls `name` and throws what it answers, unless that is success.
    template <typename Function, typename... Arguments>
    void call(const char* name, Arguments... arguments) const {
        if (const CUresult result = entry<Function>(name)(arguments...); result != 0)
            throw Refused{name, result, 0, {}};
    }
    // The same where nobody is left to hear of a failure.
    template <typename Function, typename... Arguments>
    void call_quietly(const char* name, Arguments... arguments) const {
        if (auto* const function = session_.library.find<Function>(name)) function(arguments...);
    }

private:
    Session& session_;
    CUdevice device_ = 0;
};

class Module {
public:
    // `image`: a cubin, or PTX text that ends in a zero byte.
    Module(const Gpu& gpu, std::string_view image);
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    [[nodiscard]] CUfunction function(std::string_view name) const;

private:
    const Gpu& gpu_;
    CUmodule module_ = nullptr;
};

// Words in the GPU's memory.
class DeviceWords {
public:
    DeviceWords(const Gpu& gpu, std::size_t count);
    ~DeviceWords();
    DeviceWords(const DeviceWords&) = delete;
    DeviceWords& operator=(const DeviceWords&) = delete;

    [[nodiscard]] CUdeviceptr address() const { return address_; }
    [[nodiscard]] std::size_t count() const { return count_; }
    void clear() const;
    void write(const std::vector<std::uint32_t>& words) const;
    [[nodiscard]] std::vector<std::uint32_t> read() const { return read(0, count_); }
    [[nodiscard]] std::vector<std::uint32_t> read(std::size_t first, std::size_t count) const;

private:
    const Gpu& gpu_;
    CUdeviceptr address_ = 0;
    std::size_t count_ = 0;
};

// What the words are before `call` copies into them, and that it did: throws CannotCall where all are still as before.
inline constexpr std::uint32_t never_copied = 0x5EED5EED;
std::vector<std::uint32_t> held_to_be_copied(std::vector<std::uint32_t> words, const char* call);

// Words that CPU and GPU both reach: memory of the host that is mapped, or managed memory.
class SharedWords {
public:
    enum class Kind { mapped, managed };
    SharedWords(const Gpu& gpu, Kind kind, std::size_t count);
    ~SharedWords();
    SharedWords(const SharedWords&) = delete;
    SharedWords& operator=(const SharedWords&) = delete;

    [[nodiscard]] CUdeviceptr address() const { return address_; }
    [[nodiscard]] std::uint32_t* words() const { return words_; }
    [[nodiscard]] std::size_t count() const { return count_; }

private:
    const Gpu& gpu_;
    Kind kind_;
    std::uint32_t* words_ = nullptr;
    CUdeviceptr address_ = 0;
    std::size_t count_ = 0;
};

class Stream {
public:
    explicit Stream(const Gpu& gpu);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    [[nodiscard]] CUstream handle() const { return stream_; }
    void synchronize() const;

private:
    const Gpu& gpu_;
    CUstream stream_ = nullptr;
};

class Event {
public:
    explicit Event(const Gpu& gpu);
    ~Event();
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    [[nodiscard]] CUevent handle() const { return event_; }
    void record(const Stream& stream) const;

private:
    const Gpu& gpu_;
    CUevent event_ = nullptr;
};

// What a kernel is launched on (kernels.hpp). `count` is a multiple of the kernel's threads of a block.
struct Launch {
    CUdeviceptr out = 0;
    CUdeviceptr in = 0;
    std::uint32_t count = 0;
    std::uint32_t seed = 0;
    CUstream stream = nullptr;
};
void launch(const Gpu& gpu, const Kernel& kernel, CUfunction function, const Launch& on);

}  // namespace jetcuda
