// The real jetcuda-probe on the simulated libcuda, in health and with each fault: told in the right step, apart from
// the other faults, and without losing what was answered before.

#include "probes/gpu/ask_driver.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace std::chrono_literals;

namespace {

const std::string probe_program = JETCUDA_BINARY_DIR "/bin/jetcuda-probe";

// A folder with a link to the simulated libcuda, and its settings beside it.
struct Driver : testing::TempRoot {
    explicit Driver(const std::string& settings) {
        link("libcuda.so.1", JETCUDA_BINARY_DIR "/tests/drivers/libcuda.so.1.1");
        write("simulated_driver.json", settings);
    }
    [[nodiscard]] ProbeRequest request() const {
        ProbeRequest request;
        request.library = on_host("libcuda.so.1").string();
        return request;
    }
    [[nodiscard]] ProbeAnswer ask() const { return ask_driver(probe_program, request()); }
};

std::string fault(const std::string& step, const std::string& what) {
    return R"({"faults":[{"step":")" + step + R"(","do":)" + what + "}]}";
}

// How the step ended that ended badly; it has to be the last one.
const StepAnswer& broken_step(const ProbeAnswer& answer, ProbeStep expected) {
    REQUIRE_FALSE(answer.steps.empty());
    const StepAnswer& last = answer.steps.back();
    CHECK(last.step == expected);
    CHECK(answer.steps.size() == static_cast<std::size_t>(expected) + 1);
    for (std::size_t i = 0; i + 1 < answer.steps.size(); ++i) CHECK(answer.steps[i].succeeded());
    return last;
}

const std::array<ProbeStep, 8> all_steps{ProbeStep::open, ProbeStep::version,    ProbeStep::init,   ProbeStep::devices,
                                         ProbeStep::name, ProbeStep::capability, ProbeStep::memory, ProbeStep::context};

void check_healthy(const ProbeAnswer& answer) {
    CHECK(answer.not_started.empty());
    REQUIRE(answer.steps.size() == 8);
    for (const StepAnswer& step : answer.steps) CHECK(step.succeeded());
    CHECK(answer.simulated);
    REQUIRE(answer.integrated_device() != nullptr);
}

}  // namespace

TEST_CASE("each healthy board answers every step") {
    struct Board {
        const char* name;
        const char* gpu;
        Capability capability;
        int driver_version;
    };
    for (const Board& board : {Board{"xavier", "Xavier", {7, 2}, 11040}, Board{"orin", "Orin", {8, 7}, 12060},
                               Board{"thor", "NVIDIA Thor", {11, 0}, 13000}}) {
        const Driver driver(std::string(R"({"board":")") + board.name + "\"}");
        const ProbeAnswer answer = driver.ask();
        check_healthy(answer);
        CHECK(answer.library == driver.request().library);
        CHECK(answer.driver_version == board.driver_version);
        CHECK(answer.integrated_device()->name == board.gpu);
        CHECK(answer.integrated_device()->capability == board.capability);
        CHECK(answer.integrated_device()->memory_bytes.value_or(0) > 0);
        CHECK(answer.error_output.empty());
    }
}

TEST_CASE("without settings it is a healthy Orin") {
    Driver driver("");
    driver.remove("simulated_driver.json");
    const ProbeAnswer answer = driver.ask();
    check_healthy(answer);
    CHECK(answer.driver_version == 12060);
}

TEST_CASE("an error of the driver is told with its step, number, name and sentence") {
    for (const ProbeStep step : all_steps) {
        if (step == ProbeStep::open) continue;
        const ProbeAnswer answer = Driver(fault(std::string(name_of(step)), R"("return","result":999)")).ask();
        const StepAnswer* told = answer.step(step);
        REQUIRE(told != nullptr);
        CHECK(told->end == StepEnd::answered);
        CHECK(told->result == 999);
        CHECK(told->name == "CUDA_ERROR_UNKNOWN");
        CHECK(told->text == "unknown error");
        // After init and devices nothing can be asked; after the others the next step is.
        const bool stops = step == ProbeStep::init || step == ProbeStep::devices;
        CHECK(answer.steps.size() == (stops ? static_cast<std::size_t>(step) + 1 : 8));
    }
}

TEST_CASE("a name that the driver does not know is found in our table") {
    const ProbeAnswer answer = Driver(fault("init", R"("return","result":806)")).ask();
    CHECK(answer.step(ProbeStep::init)->name == "CUDA_ERROR_MPS_RPC_FAILURE");
}

TEST_CASE("a crash is told in the step that it is in, with its signal") {
    for (const ProbeStep step : all_steps) {
        const ProbeAnswer answer = Driver(fault(std::string(name_of(step)), R"("crash")")).ask();
        const StepAnswer& told = broken_step(answer, step);
        CHECK(told.end == StepEnd::crashed);
        CHECK(told.signal == SIGSEGV);
    }
    CHECK(broken_step(Driver(fault("context", R"("abort")")).ask(), ProbeStep::context).signal == SIGABRT);
}

TEST_CASE("what was answered before a crash still counts") {
    const ProbeAnswer answer = Driver(fault("memory", R"("crash")")).ask();
    CHECK(answer.driver_version == 12060);
    REQUIRE(answer.integrated_device() != nullptr);
    CHECK(answer.integrated_device()->capability == Capability{8, 7});
    CHECK_FALSE(answer.integrated_device()->memory_bytes);
}

TEST_CASE("a hang is ended and told in the step that it is in") {
    for (const ProbeStep step : {ProbeStep::open, ProbeStep::init, ProbeStep::context}) {
        const Driver driver(fault(std::string(name_of(step)), R"("hang")"));
        ProbeRequest request = driver.request();
        request.step_limit = 1000ms;
        const ProbeAnswer answer = ask_driver(probe_program, request);
        const StepAnswer& told = broken_step(answer, step);
        CHECK(told.end == StepEnd::timed_out);
        CHECK(told.failure == "it did not return within 1 s");
        CHECK(told.duration >= 900ms);
    }
}

TEST_CASE("the limit of all steps together ends a probe, too") {
    const Driver driver(fault("init", R"("hang")"));
    ProbeRequest request = driver.request();
    request.total_limit = 700ms;
    const ProbeAnswer answer = ask_driver(probe_program, request);
    CHECK(broken_step(answer, ProbeStep::init).end == StepEnd::timed_out);
    CHECK(answer.steps.back().failure == "all steps together took longer than 700 ms");
}

TEST_CASE("a slow driver is a healthy one") {
    const ProbeAnswer answer = Driver(fault("init", R"("sleep","ms":300)")).ask();
    check_healthy(answer);
    CHECK(answer.step(ProbeStep::init)->duration >= 300ms);
}

TEST_CASE("ends that are not the driver's doing are told apart") {
    const auto end_of = [](const char* action) {
        const ProbeAnswer answer = Driver(fault("init", action)).ask();
        return broken_step(answer, ProbeStep::init);
    };
    CHECK(end_of(R"("sigkill")").end == StepEnd::killed_from_outside);
    CHECK(end_of(R"("sigkill")").signal == SIGKILL);
    CHECK(end_of(R"("sigterm")").end == StepEnd::killed_from_outside);
    CHECK(end_of(R"("sigsys")").end == StepEnd::sandbox_refused);
    CHECK(end_of(R"("exit")").end == StepEnd::garbled);
    CHECK(end_of(R"("exit")").failure == "it left with exit status 3 before it had answered");
}

TEST_CASE("a driver that writes into every pipe is told, and not believed") {
    const ProbeAnswer garbage = Driver(fault("init", R"("garbage")")).ask();
    CHECK(broken_step(garbage, ProbeStep::init).end == StepEnd::garbled);
    const ProbeAnswer babble = Driver(fault("name", R"("babble")")).ask();
    CHECK(broken_step(babble, ProbeStep::name).end == StepEnd::babbled);
    CHECK(babble.steps.back().failure == "it printed more than 64 KiB");
}

TEST_CASE("what a driver prints on its outputs is no line of ours, and is kept as a complaint") {
    const ProbeAnswer answer = Driver(fault("init", R"("noise")")).ask();
    check_healthy(answer);
    CHECK(answer.error_output.find("a complaint of no consequence") != std::string::npos);
    CHECK(answer.error_output.find("\"result\":999") != std::string::npos);
}

TEST_CASE("an absent entry point is named, and what does not need it goes on") {
    const ProbeAnswer init = Driver(fault("init", R"("absent")")).ask();
    CHECK(broken_step(init, ProbeStep::init).end == StepEnd::failed);
    CHECK(init.steps.back().failure.find("the entry point cuInit is missing in ") == 0);

    const ProbeAnswer memory = Driver(fault("memory", R"("absent")")).ask();
    REQUIRE(memory.steps.size() == 8);
    CHECK(memory.step(ProbeStep::memory)->failure.find("cuDeviceTotalMem_v2") != std::string::npos);
    CHECK(memory.step(ProbeStep::context)->succeeded());

    for (const auto& [step, entry] : {std::pair{"version", "cuDriverGetVersion"},
                                      {"devices", "cuDeviceGetCount"},
                                      {"name", "cuDeviceGetName"},
                                      {"context", "cuDevicePrimaryCtxRetain"}}) {
        const ProbeAnswer answer = Driver(fault(step, R"("absent")")).ask();
        const StepAnswer* told = answer.step(*probe_step_named(step));
        REQUIRE(told != nullptr);
        CHECK(told->end == StepEnd::failed);
        CHECK(told->failure.find(entry) != std::string::npos);
    }
}

TEST_CASE("a success that wrote nothing is none") {
    for (const ProbeStep step : {ProbeStep::version, ProbeStep::devices, ProbeStep::name, ProbeStep::capability,
                                 ProbeStep::memory, ProbeStep::context}) {
        const ProbeAnswer answer = Driver(fault(std::string(name_of(step)), R"("unwritten")")).ask();
        const StepAnswer* told = answer.step(step);
        REQUIRE(told != nullptr);
        CHECK(told->end == StepEnd::failed);
    }
}

TEST_CASE("a driver that answers 34 to everything, even to cuGetErrorName, is read to its end") {
    const ProbeAnswer answer = Driver(R"({"every_call":34})").ask();
    REQUIRE(answer.steps.size() == 3);
    CHECK(answer.steps[0].succeeded());
    for (const ProbeStep step : {ProbeStep::version, ProbeStep::init}) {
        CHECK(answer.step(step)->result == 34);
        CHECK(answer.step(step)->name == "CUDA_ERROR_STUB_LIBRARY");
        CHECK(answer.step(step)->text.empty());
    }
}

TEST_CASE("wrong values arrive as the driver gave them") {
    CHECK(Driver(fault("capability", R"("value","value":86)")).ask().integrated_device()->capability ==
          Capability{8, 6});
    CHECK(Driver(fault("version", R"("value","value":12020)")).ask().driver_version == 12020);
    CHECK(Driver(fault("name", R"("value","value":"Or\tin")")).ask().integrated_device()->name == "Orin");
}

TEST_CASE("the integrated device is asked, wherever it stands, and else the first") {
    const ProbeAnswer several = Driver(fault("devices", R"("value","value":3)")).ask();
    REQUIRE(several.devices.size() == 3);
    REQUIRE(several.integrated_device() == &several.devices[2]);
    CHECK(several.devices[2].name == "Orin");
    CHECK(several.devices[0].name.empty());

    const ProbeAnswer discrete = Driver(fault("devices", R"("discrete")")).ask();
    CHECK(discrete.steps.size() == 8);
    CHECK(discrete.integrated_device() == nullptr);
    CHECK(discrete.devices.at(0).name == "Orin");

    const ProbeAnswer none = Driver(fault("devices", R"("value","value":0)")).ask();
    CHECK(none.steps.size() == 4);
    CHECK(none.steps.back().succeeded());
    CHECK(none.devices.empty());
}

TEST_CASE("what is no library is told in the loader's words") {
    const testing::TempRoot folder;
    folder.write("empty", "");
    folder.write("text", "this is not a library, although it is long enough to be looked at by the loader ......");
    ProbeRequest request;
    request.library = folder.on_host("empty").string();
    CHECK(broken_step(ask_driver(probe_program, request), ProbeStep::open).failure ==
          request.library + ": file too short");
    request.library = folder.on_host("text").string();
    CHECK(broken_step(ask_driver(probe_program, request), ProbeStep::open).failure ==
          request.library + ": invalid ELF header");
    request.library = folder.on_host("missing").string();
    CHECK(broken_step(ask_driver(probe_program, request), ProbeStep::open).end == StepEnd::failed);
}

TEST_CASE("settings that are malformed make the simulated driver say so, and useless") {
    for (const char* settings :
         {"{", "[]", R"({"board":"nano"})", R"({"bord":"orin"})", R"({"faults":[{"step":"init","do":"dance"}]})"}) {
        const ProbeAnswer answer = Driver(settings).ask();
        CHECK(answer.step(ProbeStep::init)->result == 999);
        CHECK(answer.error_output.find("the settings are malformed") != std::string::npos);
    }
}

TEST_CASE("a probe program that cannot be started is our fault, not the board's") {
    const ProbeAnswer answer = ask_driver("/nonexistent/jetcuda-probe", Driver("{}").request());
    CHECK(answer.steps.empty());
    CHECK(answer.not_started == "/nonexistent/jetcuda-probe could not be started: No such file or directory");
}

TEST_CASE("a program that is no probe is garbled, in the first step") {
    CHECK(broken_step(ask_driver("/bin/echo", Driver("{}").request()), ProbeStep::open).end == StepEnd::garbled);
    CHECK(broken_step(ask_driver("/bin/true", Driver("{}").request()), ProbeStep::open).end == StepEnd::garbled);
}

TEST_CASE("our environment does not reach the driver, and the request's library path does") {
    const testing::TempRoot folder;
    folder.write("show-environment", "#!/bin/sh\nexport -p >&2\n");
    REQUIRE(chmod(folder.on_host("show-environment").c_str(), 0755) == 0);
    // NOLINTBEGIN(concurrency-mt-unsafe): this test has one thread
    setenv("CUDA_VISIBLE_DEVICES", "7", 1);
    setenv("LD_LIBRARY_PATH", "/nonexistent/ours", 1);
    ProbeRequest request;
    request.library = "/nonexistent";
    const std::string without = ask_driver(folder.on_host("show-environment").string(), request).error_output;
    request.library_path = "/some/compat";
    const std::string with = ask_driver(folder.on_host("show-environment").string(), request).error_output;
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv("LD_LIBRARY_PATH");
    // NOLINTEND(concurrency-mt-unsafe)
    CHECK(without.find("CUDA_CACHE_DISABLE='1'") != std::string::npos);
    CHECK(without.find("CUDA_VISIBLE_DEVICES") == std::string::npos);
    CHECK(without.find("LD_LIBRARY_PATH") == std::string::npos);
    CHECK(with.find("LD_LIBRARY_PATH='/some/compat'") != std::string::npos);
}

TEST_CASE("a refusal under a seccomp filter is told as one, and the same failure without a filter is not") {
    const Driver driver(fault("init", R"("refused")"));
    const ProbeAnswer plain = driver.ask();
    if (!plain.seccomp) CHECK(plain.step(ProbeStep::init)->end == StepEnd::answered);
    CHECK(plain.error_output.find("Operation not permitted") != std::string::npos);

    // The filter allows everything: it is there, and the driver's complaint names what one would answer.
    const pid_t filtered = fork();
    if (filtered == 0) {
        sock_filter allow_all[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
        const sock_fprog program{1, allow_all};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
            _exit(3);
        }
        const ProbeAnswer answer = driver.ask();
        const StepAnswer* init = answer.step(ProbeStep::init);
        const bool refused = init != nullptr && init->end == StepEnd::sandbox_refused;
        const bool healthy_is_not = Driver("{}").ask().steps.size() == 8;
        _exit(answer.seccomp && refused && healthy_is_not ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(filtered, &status, 0) == filtered);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the toolkit's own stub is read to its end") {
    const std::string stub = "/usr/local/cuda/lib64/stubs/libcuda.so";
    if (access(stub.c_str(), R_OK) != 0) {
        MESSAGE("NOT TESTED HERE: no CUDA toolkit, hence no ", stub);
        return;
    }
    ProbeRequest request;
    request.library = stub;
    const ProbeAnswer answer = ask_driver(probe_program, request);
    REQUIRE(answer.steps.size() == 3);
    CHECK(answer.steps[0].succeeded());
    CHECK_FALSE(answer.simulated);
    CHECK(answer.steps[1].result == 34);
    CHECK(answer.steps[2].result == 34);
    CHECK(answer.steps[2].name == "CUDA_ERROR_STUB_LIBRARY");
}
