// The probe on a real libcuda: Debian's libcuda1, which fetch_real_libcuda.sh has put into the build folder. Here is no
// GPU, and a real driver says so after a few dozen milliseconds: the version is answered, init is not.
//
// Run by root, cuInit makes a device node /dev/nvidiactl and leaves it behind, GPU or not. So root asks as the user
// nobody, who has to reach the files: they are copied to where he can.

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/gpu/ask_driver.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
namespace fs = std::filesystem;

namespace {

const fs::path fetched = JETCUDA_BINARY_DIR "/tests/drivers/real-libcuda";
const fs::path probe_program = JETCUDA_BINARY_DIR "/bin/jetcuda-probe";

// CUDA versions of Debian's drivers, by the branch that a package version begins with (release notes of CUDA,
// "CUDA Toolkit and Corresponding Driver Versions").
int cuda_of_driver(const std::string& package_version) {
    if (package_version.rfind("535.", 0) == 0) return 12020;
    if (package_version.rfind("550.", 0) == 0) return 12040;
    return 0;
}

struct Asking : testing::TempRoot {
    Asking() {
        REQUIRE_MESSAGE(fs::exists(fetched / "libcuda.so.1"),
                        "there is no real libcuda; run tests/drivers/fetch_real_libcuda.sh ", fetched.string());
        request.library = (fetched / "libcuda.so.1").string();
        program = probe_program.string();
        if (geteuid() != 0) return;
        REQUIRE(chmod(directory().c_str(), 0755) == 0);
        fs::copy_file(fetched / "libcuda.so.1", on_host("libcuda.so.1"));
        fs::copy_file(probe_program, on_host("jetcuda-probe"));
        request.library = on_host("libcuda.so.1").string();
        program = on_host("as-nobody").string();
        write("as-nobody", "#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups " +
                               on_host("jetcuda-probe").string() + " \"$1\"\n");
        REQUIRE(chmod(program.c_str(), 0755) == 0);
    }
    ProbeRequest request;
    std::string program;
};

}  // namespace

TEST_CASE("a real libcuda without a GPU tells its version, and that there is no device") {
    const bool node_before = fs::exists("/dev/nvidiactl");
    const Asking asking;
    const ProbeAnswer answer = ask_driver(asking.program, asking.request);
    CAPTURE(answer.not_started);
    CAPTURE(answer.error_output);
    REQUIRE(answer.steps.size() == 3);
    CHECK_FALSE(answer.simulated);

    REQUIRE(answer.step(ProbeStep::open) != nullptr);
    CHECK(answer.step(ProbeStep::open)->succeeded());

    std::string package_version;
    std::getline(std::ifstream(fetched / "version"), package_version);
    CAPTURE(package_version);
    CHECK(answer.step(ProbeStep::version)->succeeded());
    CHECK(answer.driver_version == cuda_of_driver(package_version));

    const StepAnswer* init = answer.step(ProbeStep::init);
    REQUIRE(init != nullptr);
    CHECK(init->end == StepEnd::answered);
    CHECK(init->result == 100);
    CHECK(init->name == "CUDA_ERROR_NO_DEVICE");
    CHECK(init->text == "no CUDA-capable device is detected");
    MESSAGE("libcuda1 ", package_version, ": asked in ", answer.duration.count(), " ms");

    CHECK(fs::exists("/dev/nvidiactl") == node_before);
}
