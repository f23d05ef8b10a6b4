#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

#include <map>

namespace {
constexpr std::string_view id = "driver-initializes";

CheckResult with_last(const StepAnswer& last) {
    Facts facts = healthy_orin();
    end_probe_at(facts, last);
    return judged(id, facts);
}

void close_nodes(Facts& facts, std::string_view path = {}) {
    for (DeviceNode& node : facts.device_nodes.value().nodes) {
        if (path.empty() || node.path == path) node.can_open = Fact<bool>(false, node.path);
    }
}
}  // namespace

TEST_CASE("a driver that initializes and makes a context passes; times stay out of the digest") {
    const CheckResult result = judged(id, healthy_orin());
    CHECK(result.code == "ok");
    CHECK(result.summary.find("libcuda.so.1.1 succeeds") != std::string::npos);
    for (const Evidence& evidence : result.evidence) {
        if (evidence.value.find(" ms") != std::string::npos) CHECK(evidence.volatile_value);
    }
}

TEST_CASE("each result of cuInit has its code") {
    const std::map<int, std::string> codes = {
        {100, "no-device"},     {34, "stub-library"}, {801, "not-supported"},        {803, "driver-mismatch"},
        {999, "unknown-error"}, {1, "init-failed"},   {804, "compat-not-supported"}, {304, "init-failed"},
        {-7, "init-failed"}};
    for (const auto& each : codes) {
        const int number = each.first;
        const std::string& code = each.second;
        CAPTURE(number);
        const CheckResult result = with_last(answered(ProbeStep::init, number, "CUDA_ERROR_OF_SOME_KIND"));
        CHECK(result.status == Status::fail);
        CHECK(result.code == code);
        CHECK(result.summary.find("CUDA_ERROR_OF_SOME_KIND") != std::string::npos);
        CHECK(result.summary.find(std::to_string(number)) != std::string::npos);
    }
    // A GPU that is busy, or a board short of memory, is not the driver's fault.
    for (const int number : {2, 46}) {
        CHECK(with_last(answered(ProbeStep::init, number, "BUSY")).code == "gpu-busy");
        CHECK(with_last(answered(ProbeStep::init, number, "BUSY")).status == Status::unknown);
    }
}

TEST_CASE("a library that cannot be opened fails with the loader's words") {
    const CheckResult result =
        with_last(ended(ProbeStep::open, StepEnd::failed, 0, "libnvrm_gpu.so: cannot open shared object file"));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "cannot-open");
    CHECK(result.summary.find("libnvrm_gpu.so") != std::string::npos);
}

TEST_CASE("the loader's words name the file once") {
    Facts facts = healthy_orin();
    const std::string library = facts.driver_probe->library;
    end_probe_at(facts, ended(ProbeStep::open, StepEnd::failed, 0, library + ": file too short"));
    CHECK(judged(id, facts).summary == library + " cannot be loaded: file too short");
}

TEST_CASE("a crash names the parts of the driver that are not there") {
    Facts facts = healthy_orin();
    DriverCompanion part;
    part.name = "libnvcucompat.so";
    part.required = false;
    DriverCompanion extra = part;
    extra.name = "libnvcudla.so";
    extra.extra = true;
    facts.companions.value().push_back(extra);
    end_probe_at(facts, ended(ProbeStep::context, StepEnd::crashed, 11));
    CHECK(judged(id, facts).code == "crashed");
    facts.companions.value().push_back(part);
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "crashed-without-parts");
    CHECK(result.status == Status::fail);
    CHECK(result.summary.find("not there: libnvcucompat.so") != std::string::npos);
    CHECK(result.summary.find("libnvcudla") == std::string::npos);
    CHECK(result.remedy.find("sudo apt-get install --reinstall nvidia-l4t-cuda") != std::string::npos);
    end_probe_at(facts, ended(ProbeStep::context, StepEnd::timed_out));
    CHECK(judged(id, facts).code == "timed-out");
}

TEST_CASE("a library without cuInit fails") {
    CHECK(with_last(ended(ProbeStep::init, StepEnd::failed, 0, "undefined symbol: cuInit")).code ==
          "entry-point-absent");
}

TEST_CASE("each way in which a probe dies has its code, in whichever step of this check") {
    for (const ProbeStep step :
         {ProbeStep::open, ProbeStep::version, ProbeStep::init, ProbeStep::memory, ProbeStep::context}) {
        CAPTURE(name_of(step));
        const CheckResult crashed = with_last(ended(step, StepEnd::crashed, 11));
        CHECK(crashed.code == "crashed");
        CHECK(crashed.status == Status::fail);
        CHECK(crashed.summary.find("SIGSEGV in the step \"" + std::string(name_of(step)) + "\"") != std::string::npos);
        CHECK(with_last(ended(step, StepEnd::timed_out)).code == "timed-out");
        CHECK(with_last(ended(step, StepEnd::timed_out)).status == Status::fail);
        CHECK(with_last(ended(step, StepEnd::timed_out)).summary.find("within 20 s") != std::string::npos);
        CHECK(with_last(ended(step, StepEnd::unkillable)).code == "timed-out");
        CHECK(with_last(ended(step, StepEnd::unkillable)).summary.find("stuck in the kernel") != std::string::npos);
        CHECK(with_last(ended(step, StepEnd::killed_from_outside, 9)).code == "killed-from-outside");
        CHECK(with_last(ended(step, StepEnd::killed_from_outside, 9)).status == Status::unknown);
        CHECK(with_last(ended(step, StepEnd::sandbox_refused, 31)).code == "sandbox-refused");
        CHECK(with_last(ended(step, StepEnd::sandbox_refused, 31)).status == Status::unknown);
        CHECK(with_last(ended(step, StepEnd::babbled)).code == "babbled");
        CHECK(with_last(ended(step, StepEnd::garbled, 0, "no JSON")).code == "garbled");
        CHECK(with_last(ended(step, StepEnd::garbled, 0, "no JSON")).status == Status::fail);
    }
}

TEST_CASE("a death among the devices is told by the check that asks for them") {
    for (const ProbeStep step : {ProbeStep::devices, ProbeStep::name, ProbeStep::capability}) {
        CHECK(with_last(ended(step, StepEnd::crashed, 11)).code == "ok");
        Facts facts = healthy_orin();
        end_probe_at(facts, ended(step, StepEnd::crashed, 11));
        CHECK(judged("gpu-capability-matches-soc", facts).code == "crashed");
    }
}

TEST_CASE("a context that cannot be made fails, unless the GPU is busy") {
    CHECK(with_last(answered(ProbeStep::context, 999, "CUDA_ERROR_UNKNOWN")).code == "context-failed");
    CHECK(with_last(answered(ProbeStep::context, 999, "CUDA_ERROR_UNKNOWN")).status == Status::fail);
    CHECK(with_last(ended(ProbeStep::context, StepEnd::failed, 0, "no such symbol")).code == "context-failed");
    CHECK(with_last(answered(ProbeStep::context, 2, "CUDA_ERROR_OUT_OF_MEMORY")).code == "gpu-busy");
    CHECK(with_last(answered(ProbeStep::context, 46, "CUDA_ERROR_DEVICE_UNAVAILABLE")).status == Status::unknown);
}

TEST_CASE("a user without permission is told so, and the board is not blamed") {
    Facts facts = healthy_orin();
    close_nodes(facts, "/dev/nvmap");
    CHECK(judged(id, facts).code == "ok");  // what succeeded, succeeded
    end_probe_at(facts, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::unknown);
    CHECK(result.code == "no-permission");
    CHECK(result.summary.find("/dev/nvmap") != std::string::npos);
    CHECK(result.remedy.find("jetcuda-check status") != std::string::npos);
    CHECK(result.remedy.find("usermod -aG video") != std::string::npos);
    CHECK(judged("gpu-capability-matches-soc", facts).code == "no-permission");
    end_probe_at(facts, ended(ProbeStep::init, StepEnd::crashed, 11));
    CHECK(judged(id, facts).code == "no-permission");
}

TEST_CASE("permission explains no stub and no library that cannot be loaded") {
    Facts facts = healthy_orin();
    close_nodes(facts);
    end_probe_at(facts, answered(ProbeStep::init, 34, "CUDA_ERROR_STUB_LIBRARY"));
    CHECK(judged(id, facts).code == "stub-library");
    end_probe_at(facts, ended(ProbeStep::open, StepEnd::failed, 0, "file too short"));
    CHECK(judged(id, facts).code == "cannot-open");
}

TEST_CASE("one control node that opens is enough, and a node for debugging does not count") {
    Facts facts = healthy_orin();
    close_nodes(facts, "/dev/nvgpu/igpu0/ctrl");
    close_nodes(facts, "/dev/nvgpu/igpu0/dbg");
    end_probe_at(facts, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    CHECK(judged(id, facts).code == "unknown-error");
    close_nodes(facts, "/dev/nvhost-ctrl-gpu");
    CHECK(judged(id, facts).code == "no-permission");
    Facts thor = healthy_thor();
    close_nodes(thor, "/dev/nvmap");
    end_probe_at(thor, answered(ProbeStep::init, 999, "CUDA_ERROR_UNKNOWN"));
    CHECK(judged(id, thor).code == "no-permission");
}

TEST_CASE("a probe that could not be started, or said nothing, leaves the board unjudged") {
    Facts facts = healthy_orin();
    facts.driver_probe.value() = {};
    CHECK(judged(id, facts).status == Status::unknown);
    facts.driver_probe.value().not_started = "/usr/libexec/jetcuda-check/jetcuda-probe does not exist";
    CHECK(judged(id, facts).code == "not-asked");
    CHECK(judged(id, facts).summary.find("does not exist") != std::string::npos);
}
