// The work steps of the real jetcuda-probe on the simulated GPU, as ask_driver() sees them: in health, and with each
// fault told in the thing that was being tried. What runs there is the kernels' host twins, so this proves the probe
// and not the kernels.

#include <string>

#include <doctest/doctest.h>

#include "probes/gpu/ask_driver.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace std::chrono_literals;

namespace {

const std::string probe_program = JETCUDA_BINARY_DIR "/bin/jetcuda-probe";
const std::string drivers = JETCUDA_BINARY_DIR "/tests/drivers/";

struct Driver : testing::TempRoot {
    explicit Driver(const std::string& settings) {
        link("libcuda.so.1", drivers + "libcuda.so.1.1");
        write("simulated_driver.json", settings);
        request.library = on_host("libcuda.so.1").string();
        request.work = {ProbeStep::native, ProbeStep::jit, ProbeStep::patterns};
    }
    // A libcudart and a cuBLAS beside it.
    void add_libraries(const std::string& settings) {
        make_directory("lib");
        std::filesystem::copy_file(drivers + "libsimulated-cudart.so", on_host("lib/libcudart.so.12"));
        std::filesystem::copy_file(drivers + "libsimulated-library.so", on_host("lib/libcublas.so.12"));
        write("lib/simulated_library.json", settings);
        request.runtime = on_host("lib/libcudart.so.12").string();
        request.libraries = {on_host("lib/libcublas.so.12").string()};
        request.work = {ProbeStep::runtime, ProbeStep::libraries};
    }
    [[nodiscard]] ProbeAnswer ask() const { return ask_driver(probe_program, request); }

    ProbeRequest request;
};

std::string with_fault(const std::string& fault) { return R"({"faults":[)" + fault + "]}"; }

const WorkItem& item(const ProbeAnswer& answer, ProbeStep step, const std::string& name) {
    for (const WorkItem& one : answer.work) {
        if (one.step == step && one.name == name) return one;
    }
    FAIL("nothing of that name was tried: " << name);
    return answer.work.front();
}

void check_all_right(const ProbeAnswer& answer, ProbeStep step) {
    REQUIRE(answer.step(step) != nullptr);
    CHECK(answer.step(step)->succeeded());
    CHECK_FALSE(answer.work_of(step).empty());
    for (const WorkItem* one : answer.work_of(step)) {
        CAPTURE(one->name);
        CAPTURE(one->text);
        const bool beyond_driver = step == ProbeStep::jit && one->result == 222;
        if (!beyond_driver) CHECK(one->outcome == WorkOutcome::right);
    }
}

}  // namespace

TEST_CASE("each healthy board does all of its work") {
    for (const char* settings :
         {R"({"board":"xavier","driver_version":11040})", R"({"board":"orin","driver_version":12060})",
          R"({"board":"thor","driver_version":13000})"}) {
        CAPTURE(settings);
        const ProbeAnswer answer = Driver(settings).ask();
        for (const ProbeStep step : {ProbeStep::native, ProbeStep::jit, ProbeStep::patterns})
            check_all_right(answer, step);
        CHECK(answer.work_of(ProbeStep::patterns).size() == 5);
    }
}

TEST_CASE("the ladder ends after two refusals, above what the driver's version promises") {
    const ProbeAnswer answer = Driver(R"({"board":"orin","driver_version":12060})").ask();
    CHECK(item(answer, ProbeStep::jit, "PTX 8.5").outcome == WorkOutcome::right);
    CHECK(item(answer, ProbeStep::jit, "PTX 8.6").result == 222);
    CHECK(answer.work_of(ProbeStep::jit).back()->name == "PTX 8.7");
}

TEST_CASE("a wrong word is told with its index, what was expected and what came") {
    const ProbeAnswer answer = Driver(with_fault(R"({"kernel":"floats","do":"wrong","index":17,"flip":4})")).ask();
    const WorkItem& floats = item(answer, ProbeStep::native, "floats");
    CHECK(floats.outcome == WorkOutcome::wrong);
    CHECK(floats.index == 17);
    CHECK((floats.expected ^ floats.got) == 4);
    CHECK(floats.wrong_count == 1);
    CHECK(item(answer, ProbeStep::native, "integers").outcome == WorkOutcome::right);
    CHECK(item(answer, ProbeStep::native, "warps").outcome == WorkOutcome::right);
}

TEST_CASE("a crash in a launch is told with the kernel, and the steps after it are done by another process") {
    const ProbeAnswer answer = Driver(with_fault(R"({"kernel":"warps","image":"cubin","do":"crash"})")).ask();
    CHECK(answer.step(ProbeStep::native)->end == StepEnd::crashed);
    CHECK(item(answer, ProbeStep::native, "warps").outcome == WorkOutcome::unfinished);
    check_all_right(answer, ProbeStep::jit);
    check_all_right(answer, ProbeStep::patterns);
    CHECK(answer.steps.size() == 11);  // each once
}

TEST_CASE("an error that spoils the context is told once, and the steps after it are done by another process") {
    const ProbeAnswer answer =
        Driver(with_fault(R"({"kernel":"integers","image":"cubin","do":"poison","result":700})")).ask();
    CHECK(answer.step(ProbeStep::native)->result == 700);
    CHECK(answer.work.front().outcome == WorkOutcome::refused);
    CHECK(answer.work.front().result == 700);
    const std::vector<const WorkItem*> items = answer.work_of(ProbeStep::native);
    CHECK(items.back()->name == "image for another GPU");
    for (std::size_t at = 1; at < items.size(); ++at) {
        CHECK(items[at]->outcome == WorkOutcome::not_tried);
        CHECK(items[at]->detail == not_tried::after_error);
    }
    check_all_right(answer, ProbeStep::jit);
}

TEST_CASE("after a hang nothing more is asked of the GPU") {
    Driver driver(with_fault(R"({"kernel":"floats","do":"endless"})"));
    driver.request.step_limit = 1000ms;
    const ProbeAnswer answer = driver.ask();
    CHECK(answer.step(ProbeStep::native)->end == StepEnd::timed_out);
    CHECK(item(answer, ProbeStep::native, "floats").outcome == WorkOutcome::unfinished);
    CHECK(answer.step(ProbeStep::jit) == nullptr);
}

TEST_CASE("a driver that crashes in every step is asked no more often than there are steps") {
    const ProbeAnswer answer = Driver(with_fault(R"({"call":"cuModuleLoadDataEx","do":"abort"})")).ask();
    for (const ProbeStep step : {ProbeStep::native, ProbeStep::jit, ProbeStep::patterns}) {
        REQUIRE(answer.step(step) != nullptr);
        CHECK(answer.step(step)->end == StepEnd::crashed);
    }
}

TEST_CASE("without its compiler for PTX the driver says so once") {
    const ProbeAnswer answer = Driver(with_fault(R"({"do":"no-jit"})")).ask();
    check_all_right(answer, ProbeStep::native);
    REQUIRE(answer.work_of(ProbeStep::jit).size() == 1);
    CHECK(answer.work_of(ProbeStep::jit).front()->result == 221);
    check_all_right(answer, ProbeStep::patterns);
}

TEST_CASE("a bit that does not hold is found by a pattern, with the word") {
    const ProbeAnswer answer = Driver(with_fault(R"({"memory":"device","do":"bit-flip","word":4711,"bit":9})")).ask();
    std::size_t wrong = 0;
    for (const WorkItem* one : answer.work_of(ProbeStep::patterns)) {
        if (one->outcome != WorkOutcome::wrong) continue;
        ++wrong;
        CHECK(one->index == 4711);
        CHECK((one->expected ^ one->got) == 1U << 9U);
    }
    CHECK(wrong == 5);
    check_all_right(answer, ProbeStep::native);
}

TEST_CASE("memory that the CPU and the GPU see differently is found where they share it") {
    for (const char* fault : {R"({"memory":"host","do":"stale"})", R"({"memory":"host","do":"unseen"})"}) {
        CAPTURE(fault);
        const ProbeAnswer answer = Driver(with_fault(fault)).ask();
        CHECK(item(answer, ProbeStep::native, "zero-copy memory").outcome == WorkOutcome::wrong);
        CHECK(item(answer, ProbeStep::native, "managed memory").outcome == WorkOutcome::right);
    }
}

TEST_CASE("what the GPU does not have is left out, by its own attributes") {
    const ProbeAnswer answer = Driver(with_fault(R"({"do":"no-managed"})")).ask();
    CHECK(item(answer, ProbeStep::native, "managed memory").outcome == WorkOutcome::not_tried);
    CHECK(item(answer, ProbeStep::native, "managed memory").detail == "unsupported");
}

TEST_CASE("how much memory is tested follows from what is available and what is free") {
    Driver driver("{}");
    driver.request.work = {ProbeStep::patterns};
    driver.request.available = std::uint64_t{8} << 30U;
    const std::uint64_t by_free = driver.ask().work.front().requested_bytes;
    CHECK(by_free > 0);
    driver.request.available = std::uint64_t{2} << 20U;
    CHECK(driver.ask().work.front().requested_bytes == (std::uint64_t{2} << 20U) / 16);
    driver.request.available = std::uint64_t{1} << 18U;
    const ProbeAnswer short_of_memory = driver.ask();
    CHECK(short_of_memory.work.front().outcome == WorkOutcome::not_tried);
    CHECK(short_of_memory.work.front().detail == "memory-short");
}

TEST_CASE("an allocation that is refused is told with its size") {
    const ProbeAnswer answer = Driver(with_fault(R"({"do":"out-of-memory","above":131072})")).ask();
    const WorkItem& refused = item(answer, ProbeStep::patterns, "walking ones");
    CHECK(refused.outcome == WorkOutcome::refused);
    CHECK(refused.call == "cuMemAlloc_v2");
    CHECK(refused.result == 2);
    CHECK(refused.requested_bytes > 131072);
}

TEST_CASE("a driver that takes an image of another architecture is found out") {
    const ProbeAnswer answer = Driver(with_fault(R"({"do":"takes-any-image"})")).ask();
    CHECK(item(answer, ProbeStep::native, "image for another GPU").outcome == WorkOutcome::wrong);
}

TEST_CASE("a GPU without images of its own runs PTX alone") {
    const ProbeAnswer answer = Driver(with_fault(R"({"step":"capability","do":"value","value":86})")).ask();
    CHECK(item(answer, ProbeStep::native, "integers").detail == "no-image");
    check_all_right(answer, ProbeStep::jit);
    check_all_right(answer, ProbeStep::patterns);
}

TEST_CASE("an entry point that is missing is named, and nothing is called in its place") {
    const ProbeAnswer answer = Driver(with_fault(R"({"call":"cuLaunchKernel","do":"absent"})")).ask();
    CHECK(item(answer, ProbeStep::native, "integers").outcome == WorkOutcome::failed);
    CHECK(item(answer, ProbeStep::native, "integers").text == "the entry point cuLaunchKernel is missing");
}

TEST_CASE("a call that succeeds and writes nothing is none") {
    for (const char* call : {"cuModuleLoadDataEx", "cuModuleGetFunction", "cuMemAlloc_v2", "cuMemHostAlloc",
                             "cuStreamCreate", "cuEventCreate", "cuEventElapsedTime", "cuMemAllocManaged"}) {
        CAPTURE(call);
        const ProbeAnswer answer =
            Driver(with_fault(R"({"call":")" + std::string(call) + R"(","do":"unwritten"})")).ask();
        bool failed = false;
        for (const WorkItem* one : answer.work_of(ProbeStep::native))
            failed = failed || one->outcome == WorkOutcome::failed;
        CHECK(failed);
    }
}

TEST_CASE("every error at every call is survived, and none of them is taken for a success") {
    for (const char* call : {"cuCtxSetCurrent",     "cuModuleLoadDataEx", "cuModuleGetFunction",
                             "cuLaunchKernel",      "cuCtxSynchronize",   "cuMemGetInfo_v2",
                             "cuMemAlloc_v2",       "cuMemHostAlloc",     "cuMemHostGetDevicePointer_v2",
                             "cuMemAllocManaged",   "cuMemcpyHtoD_v2",    "cuMemcpyDtoH_v2",
                             "cuMemsetD32_v2",      "cuStreamCreate",     "cuStreamWaitEvent",
                             "cuStreamSynchronize", "cuEventCreate",      "cuEventRecord",
                             "cuEventSynchronize",  "cuEventElapsedTime"}) {
        CAPTURE(call);
        const ProbeAnswer answer =
            Driver(with_fault(R"({"call":")" + std::string(call) + R"(","do":"return","result":999})")).ask();
        bool told = false;
        for (const WorkItem& one : answer.work) told = told || (one.result == 999 && one.call == call);
        for (const StepAnswer& step : answer.steps) told = told || step.result == 999;
        CHECK(told);
    }
}

TEST_CASE("the runtime tells its version, finds the GPU and launches, and a library tells its version") {
    Driver driver("{}");
    driver.add_libraries(R"({"libcudart.so.12":{"version":"12.6"},"libcublas.so.12":{"version":"12.6.1.4"}})");
    const ProbeAnswer answer = driver.ask();
    check_all_right(answer, ProbeStep::runtime);
    CHECK(item(answer, ProbeStep::runtime, "version").detail == "12.6");
    CHECK(item(answer, ProbeStep::runtime, "devices").detail == "1");
    CHECK(item(answer, ProbeStep::runtime, "launch").detail == "sm_87");
    CHECK(item(answer, ProbeStep::libraries, driver.request.libraries.front()).detail == "12.6.1");
}

TEST_CASE("a runtime that is newer than the driver is refused by its own error") {
    Driver driver("{}");
    driver.add_libraries(R"({"libcudart.so.12":{"version":"13.0"}})");
    const ProbeAnswer answer = driver.ask();
    const WorkItem& devices = item(answer, ProbeStep::runtime, "devices");
    CHECK(devices.result == 35);
    CHECK(devices.call == "cudaGetDeviceCount");
    CHECK(devices.result_name == "cudaErrorInsufficientDriver");
    CHECK(answer.work_of(ProbeStep::runtime).back() == &devices);
}

TEST_CASE("a library that cannot be loaded is told in the loader's words, and the next one is tried") {
    Driver driver("{}");
    driver.add_libraries("{}");
    driver.write("lib/libcufft.so.11", "");
    driver.request.libraries.insert(driver.request.libraries.begin(), driver.on_host("lib/libcufft.so.11").string());
    driver.request.work = {ProbeStep::libraries};
    const ProbeAnswer answer = driver.ask();
    REQUIRE(answer.work.size() == 2);
    CHECK(answer.work[0].outcome == WorkOutcome::failed);
    CHECK(answer.work[0].text.find("file too short") != std::string::npos);
    CHECK(answer.work[1].outcome == WorkOutcome::right);
}

TEST_CASE("repeating finds what shows only once") {
    Driver driver(with_fault(R"({"kernel":"integers","image":"cubin","do":"wrong","index":3,"nth":2})"));
    CHECK(item(driver.ask(), ProbeStep::native, "integers").outcome == WorkOutcome::right);
    driver.request.repeat = 3;
    CHECK(item(driver.ask(), ProbeStep::native, "integers").outcome == WorkOutcome::wrong);
}
