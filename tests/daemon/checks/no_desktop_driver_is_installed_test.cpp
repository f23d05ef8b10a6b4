#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "no-desktop-driver-is-installed";

Facts with_driver(Facts facts, const std::string& name, const std::string& state = {}) {
    facts.software.value().discrete_drivers.push_back({name, "580.65.06-0ubuntu1", state.empty(), state});
    return facts;
}
}  // namespace

TEST_CASE("a board with L4T's driver alone passes") {
    CHECK(judged(id, orin_with({})).code == "ok");
    CHECK(judged(id, thor_with(cuda_set({13, 2}))).status == Status::pass);
}

TEST_CASE("a driver for discrete GPUs fails, and the remedy names it") {
    const CheckResult result =
        judged(id, with_driver(with_driver(thor_with({}), "nvidia-driver-580-open"), "libnvidia-compute-580"));
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.code == "desktop-driver");
    CHECK(result.summary.find("nvidia-driver-580-open and libnvidia-compute-580") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get purge nvidia-driver-580-open libnvidia-compute-580 && "
                             "sudo apt-get install --reinstall nvidia-l4t-cuda nvidia-l4t-cuda-openrm") !=
          std::string::npos);
    CHECK(result.evidence.size() == 2);
}

TEST_CASE("one that is half removed counts, and one of which only settings are left does not") {
    const CheckResult result = judged(id, with_driver(orin_with({}), "libnvidia-compute-580", "half-installed"));
    CHECK(result.code == "desktop-driver");
    CHECK(result.summary.find("libnvidia-compute-580 (half-installed)") != std::string::npos);
    CHECK(judged(id, with_driver(orin_with({}), "libnvidia-compute-580", "config-files")).code == "ok");
}

TEST_CASE("an IGX board may need it for its discrete GPU") {
    Facts facts = with_driver(orin_with({}), "libnvidia-compute-580");
    facts.board.value().module = "p3701-0002";
    facts.board.value().soc->modules = {{"p3701-0002", "Jetson IGX Orin developer kit"},
                                        {"p3701-0005", "Jetson AGX Orin 64GB"}};
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "igx-discrete-gpu");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("Jetson IGX Orin developer kit") != std::string::npos);
    facts.board.value().module = "p3701-0005";
    CHECK(judged(id, facts).code == "desktop-driver");
}

TEST_CASE("a name that the shell could read is kept out of the command") {
    const CheckResult result = judged(id, with_driver(orin_with({}), "x; reboot"));
    CHECK(result.code == "desktop-driver");
    CHECK(result.remedy.find("x; reboot") == std::string::npos);
}

TEST_CASE("without a package database it does not apply, and an unreadable one leaves it open") {
    Facts facts = orin_with({});
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.software = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    CHECK(judged(id, facts).status == Status::unknown);
}
