#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view id = "driver-libraries-are-complete";

// An Orin whose driver no probe has loaded.
Facts unprobed() {
    Facts facts = healthy_orin();
    facts.driver_probe = Missing{Lack::not_asked, "nobody asked", "jetcuda-probe"};
    return facts;
}

DriverCompanion& needed(Facts& facts) { return facts.companions.value()[0]; }
DriverCompanion& compiler(Facts& facts) { return facts.companions.value()[1]; }

DriverCompanion extra() {
    DriverCompanion companion;
    companion.name = "libnvcudla.so";
    companion.required = false;
    companion.extra = true;
    companion.without = "cuDLA does not work";
    return companion;
}

}  // namespace

TEST_CASE("a whole set passes on every line") {
    for (const Facts& facts : {healthy_xavier(), healthy_orin(), healthy_thor()}) {
        CHECK(judged(id, facts).code == "ok");
        CHECK(judged(id, facts).status == Status::pass);
    }
}

TEST_CASE("what libcuda names must be there, unless the loader has found it") {
    Facts facts = unprobed();
    needed(facts).path.clear();
    CHECK(judged(id, facts).code == "missing");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).summary.find("libnvrm_gpu.so") == 0);
    CHECK(judged(id, facts).remedy.find("nvidia-l4t-core") != std::string::npos);
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "missing-in-container");
    Facts probed = healthy_orin();
    needed(probed).path.clear();
    CHECK(judged(id, probed).code == "found-by-loader");
    CHECK(judged(id, probed).status == Status::pass);
    probed.scope.driver_override = "/tmp/libcuda.so.1";  // another library was loaded
    CHECK(judged(id, probed).code == "missing");
    probed = healthy_orin();
    needed(probed).path.clear();
    end_probe_at(probed, ended(ProbeStep::open, StepEnd::failed, 0, "cannot open shared object file"));
    CHECK(judged(id, probed).code == "missing");
}

TEST_CASE("what only the data name is told, and fails nothing") {
    Facts facts = unprobed();
    compiler(facts).path.clear();
    CHECK(judged(id, facts).code == "jit-compiler-missing");
    CHECK(judged(id, facts).status == Status::pass);
    CHECK(judged(id, facts).summary.find("no PTX can be compiled") != std::string::npos);
    facts = unprobed();
    facts.companions.value().push_back(extra());
    CHECK(judged(id, facts).code == "parts-missing");
    facts.companions.value().back().path = "/usr/lib/libnvcudla.so";
    facts.companions.value().back().flaw = "empty";
    CHECK(judged(id, facts).code == "parts-missing");
}

TEST_CASE("a damaged part is a fault, whoever names it") {
    for (const std::size_t index : {0U, 1U}) {
        Facts facts = unprobed();
        facts.companions.value()[index].flaw = "empty";
        CHECK(judged(id, facts).code == "not-a-library");
        CHECK(judged(id, facts).summary.find(facts.companions.value()[index].path) == 0);
        facts.scope.in_container = true;
        CHECK(judged(id, facts).code == "not-mounted-in-container");
        facts.companions.value()[index].flaw = "cut short";
        CHECK(judged(id, facts).code == "not-a-library");
    }
}

TEST_CASE("a part of another release is a fault") {
    Facts facts = unprobed();
    facts.libcuda_release.value().driver_version = "540.4.0";
    CHECK(judged(id, facts).code == "of-another-release");
    CHECK(judged(id, facts).summary.find("is of 540.5.0") != std::string::npos);
    facts.libcuda_release = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "ok");
    DriverCompanion nvvm = compiler(facts);
    nvvm.name = "libnvidia-nvvm.so.*";
    nvvm.version = "540.4.0";
    facts.companions.value().push_back(nvvm);
    CHECK(judged(id, facts).code == "of-another-release");
    Facts xavier = healthy_xavier();
    compiler(xavier).version = "35.5.0";
    CHECK(judged(id, xavier).code == "of-another-release");
    xavier.libcuda_release.value().l4t.reset();
    CHECK(judged(id, xavier).code == "ok");
}

TEST_CASE("of two parts that differ and of which none speaks for libcuda, the sentence compares the parts") {
    Facts facts = unprobed();
    facts.libcuda_release = missing(Lack::not_there);
    DriverCompanion nvvm = compiler(facts);
    nvvm.name = "libnvidia-nvvm.so.*";
    nvvm.path = "/usr/lib/aarch64-linux-gnu/nvidia/libnvidia-nvvm.so.540.4.0";
    nvvm.version = "540.4.0";
    facts.companions.value().push_back(nvvm);
    CHECK(judged(id, facts).summary ==
          nvvm.path + " is of 540.4.0, but " + compiler(facts).path + " is of " + compiler(facts).version);
}

TEST_CASE("several that are missing are told in the plural") {
    Facts facts = unprobed();
    needed(facts).path.clear();
    CHECK(judged(id, facts).summary.find("does not load, is in no folder of the loader") != std::string::npos);
    DriverCompanion second = needed(facts);
    second.name = "libnvrm_mem.so";
    facts.companions.value().push_back(second);
    CHECK(judged(id, facts).summary.find("libnvrm_gpu.so, libnvrm_mem.so, without which") == 0);
    CHECK(judged(id, facts).summary.find("does not load, are in no folder of the loader") != std::string::npos);
}

TEST_CASE(
    "what libcuda names is not the whole set where the release is garbled, and a flaw in it counts all the same") {
    Facts facts = unprobed();
    facts.release = missing(Lack::not_understood);
    CHECK(judged(id, facts).code == "not-understood");
    CHECK(judged(id, facts).status == Status::unknown);
    needed(facts).path.clear();
    CHECK(judged(id, facts).code == "missing");
}

TEST_CASE("nothing known is nothing claimed") {
    Facts facts = unprobed();
    facts.companions.value().clear();
    CHECK(judged(id, facts).code == "none-known");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.companions = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    facts.libcuda = missing(Lack::not_there);
    CHECK(judged(id, facts).blocked_by == "libcuda-is-found");
}
