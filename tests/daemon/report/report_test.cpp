#include "daemon/report/report.hpp"

#include <doctest/doctest.h>

#include "daemon/report/exit_status.hpp"
#include "tests/daemon/report/reports.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("the verdict follows from status and severity of the checks") {
    const auto verdict_of = [](std::vector<CheckResult> checks) { return decide(checks, true).verdict; };
    const CheckResult passes = check("a", Status::pass);
    CHECK(verdict_of({passes}) == Verdict::healthy);
    CHECK(verdict_of({passes, check("b", Status::fail, Severity::wanted)}) == Verdict::degraded);
    CHECK(verdict_of({passes, check("b", Status::unknown)}) == Verdict::unknown);
    CHECK(verdict_of({passes, check("b", Status::unknown, Severity::wanted)}) == Verdict::healthy);
    CHECK(verdict_of({passes, check("b", Status::fail)}) == Verdict::unhealthy);
    CHECK(verdict_of({passes, check("b", Status::not_applicable)}) == Verdict::healthy);
    // The worse one decides, in whatever order they come.
    CHECK(verdict_of({check("w", Status::fail, Severity::wanted), check("u", Status::unknown), passes}) ==
          Verdict::unknown);
    CHECK(verdict_of({check("u", Status::unknown), check("f", Status::fail), passes}) == Verdict::unhealthy);
}

TEST_CASE("the reason is the id of what decided, and nothing when healthy") {
    CHECK(decide({check("a", Status::pass)}, true).reason.empty());
    CHECK(decide({check("w", Status::fail, Severity::wanted), check("a", Status::pass)}, true).reason == "w");
    CHECK(decide({check("w", Status::fail, Severity::wanted), check("u", Status::unknown)}, true).reason == "u");
    CHECK(decide({check("u", Status::unknown), check("f", Status::fail)}, true).reason == "f");
    CHECK(decide({check("f", Status::fail), check("g", Status::fail)}, true).reason == "f");
}

TEST_CASE("the CUDA of installed toolkits is told once each, ascending, and a major alone is no version") {
    Facts facts;
    Software software;
    const auto add = [&](const char* id, ComponentKind kind, CudaVersion cuda) {
        InstalledComponent component;
        component.id = id;
        component.kind = kind;
        component.cuda = cuda;
        software.components.push_back(component);
    };
    add("cuda_cudart", ComponentKind::runtime, {12, 9});
    add("cuda_cudart", ComponentKind::development, {12, 8});
    add("cuda_nvcc", ComponentKind::compiler, {12, 6});
    add("cudnn", ComponentKind::runtime, {12, -1});
    add("libcublas", ComponentKind::runtime, {13, 0});
    add("cuda_compat", ComponentKind::compat, {12, 10});
    facts.software = {software, "/var/lib/dpkg/status"};
    Toolkit toolkit;
    toolkit.cuda = CudaVersion{12, 10};
    Toolkit nameless;
    facts.toolkits = {std::vector<Toolkit>{toolkit, nameless}, "/usr/local"};
    const Report report = make_report(facts, {}, {});
    CHECK(report.stack.toolkit_cuda == std::vector<std::string>{"12.6", "12.9", "12.10"});
    CHECK(make_report(Facts{}, {}, {}).stack.toolkit_cuda.empty());
}

TEST_CASE("a cause is named before what it blocks") {
    CHECK(decide({blocked_check("b", "u"), check("u", Status::unknown)}, true).reason == "u");
    CheckResult failed_and_blocked = check("b", Status::fail);
    failed_and_blocked.blocked_by = "c";
    CHECK(decide({failed_and_blocked, check("c", Status::fail)}, true).reason == "c");

    SUBCASE("where all that count wait for another, that one is named") {
        CHECK(decide({check("a", Status::pass), check("w", Status::fail, Severity::wanted), blocked_check("b", "w")},
                     true)
                  .reason == "w");
        CHECK(decide({blocked_check("b", "not-in-this-run")}, true).reason == "b");
    }
    SUBCASE("a circle ends") {
        const Decision decision = decide({blocked_check("a", "b"), blocked_check("b", "a")}, true);
        CHECK(decision.verdict == Verdict::unknown);
        CHECK((decision.reason == "a" || decision.reason == "b"));
        CHECK(decide({blocked_check("a", "a")}, true).reason == "a");
    }
}

TEST_CASE("a waived failure does not count") {
    CheckResult waived = check("f", Status::fail);
    waived.waived = true;
    CHECK(decide({check("a", Status::pass), waived}, true).verdict == Verdict::healthy);
    waived.severity = Severity::wanted;
    CHECK(decide({check("a", Status::pass), waived}, true).verdict == Verdict::healthy);
    waived.severity = Severity::required;
    CHECK(decide({waived, check("g", Status::fail)}, true).reason == "g");
}

TEST_CASE("silence is not health") {
    const Decision nothing = decide({}, true);
    CHECK(nothing.verdict == Verdict::unknown);
    CHECK(nothing.reason == "nothing-judged");
    CHECK(decide({check("a", Status::not_applicable)}, true).verdict == Verdict::unknown);
    // A wanted check that passes does not stand in for a required one that could not be asked.
    CHECK(decide({check("a", Status::not_applicable), check("w", Status::pass, Severity::wanted)}, true).verdict ==
          Verdict::unknown);
    // Who asks for a wanted check alone is answered.
    CHECK(decide({check("w", Status::pass, Severity::wanted)}, true).verdict == Verdict::healthy);
}

TEST_CASE("what is no Jetson is unknown, unless a driver that was asked on purpose failed") {
    CheckResult static_check = check("a", Status::not_applicable);
    static_check.code = "not-a-jetson";
    for (const Status status : {Status::not_applicable, Status::pass, Status::unknown}) {
        const Decision decision = decide({static_check, measured_check("driver-initializes", status, "x")}, false);
        CHECK(decision.verdict == Verdict::unknown);
        CHECK(decision.reason == "not-a-jetson");
    }
    const Decision failed =
        decide({static_check, measured_check("driver-initializes", Status::fail, "init-failed")}, false);
    CHECK(failed.verdict == Verdict::unhealthy);
    CHECK(failed.reason == "driver-initializes");
}

TEST_CASE("verdicts have the exit statuses of monitoring plug-ins") {
    CHECK(to_int(exit_status_of(Verdict::healthy)) == 0);
    CHECK(to_int(exit_status_of(Verdict::degraded)) == 1);
    CHECK(to_int(exit_status_of(Verdict::unhealthy)) == 2);
    CHECK(to_int(exit_status_of(Verdict::unknown)) == 3);
}

TEST_CASE("a report tells what the facts established") {
    const Report report = orin_report();
    CHECK(report.tool == tool_version());
    CHECK(report.generated_at == noon.generated_at);
    CHECK(report.duration_ms == 312);
    CHECK(report.boot_id == "0b7ad1c8-8f5c-4a3e-9a52-37bb4e8d2f10");
    CHECK(report.sequence == 0);
    CHECK(report.root == "/");
    CHECK(report.probed);
    CHECK_FALSE(report.simulated);
    CHECK(report.driver_under_test == "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1");
    CHECK(report.verdict == Verdict::healthy);
    CHECK(report.device.soc == "T234");
    CHECK(report.device.module == "p3767-0000");
    CHECK(report.device.model == "NVIDIA Jetson Orin NX");
    CHECK(report.device.gpu == "Orin");
    CHECK(report.device.sm == 87);
    CHECK(report.stack.environment == "host");
    CHECK(report.stack.distribution == "ubuntu");
    CHECK(report.stack.l4t == "36.5.0");
    CHECK(report.stack.jetpack == "6.2.2");
    CHECK(report.stack.gpu_module == "nvgpu");
    CHECK(report.stack.kernel == "5.15.185-tegra");
    CHECK(report.stack.libcuda == "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1");
    CHECK(report.stack.driver_cuda == "12.6");
    CHECK(report.stack.effective_cuda == "12.6");
    CHECK(report.stack.native_cuda == "12.6");
}

TEST_CASE("compat folders are told, and one that every program gets decides what programs get") {
    Facts facts = orin_facts();
    CompatFolder idle;
    idle.directory = "/usr/local/cuda-12.6/compat";
    CompatFolder used;
    used.directory = "/usr/local/cuda-12.9/compat";
    used.product = CompatProduct::l4t;
    used.cuda = CudaVersion{12, 9};
    used.enabled_by = {{"every program", "/etc/ld.so.conf.d/00-compat.conf, line 1", true}, {"a.service", ""}};
    CompatRecord record;
    record.product = "l4t";
    facts.compat = {Compat{{idle, used}, {record}, {}, ""}, "compat folders"};
    StackSummary stack = make_report(facts, {}, noon).stack;
    REQUIRE(stack.compat.size() == 2);
    CHECK(stack.compat[0].dir == "/usr/local/cuda-12.6/compat");
    CHECK(stack.compat[0].product.empty());
    CHECK(stack.compat[0].cuda.empty());
    CHECK(stack.compat[0].enabled_by.empty());
    CHECK(stack.compat[1].product == "l4t");
    CHECK(stack.compat[1].cuda == "12.9");
    CHECK(stack.compat[1].enabled_by == "every program (/etc/ld.so.conf.d/00-compat.conf, line 1); a.service");
    CHECK(stack.driver_cuda == "12.6");
    CHECK(stack.effective_cuda == "12.9");

    facts.driver_probe = {};  // what is enabled is read, not measured
    CHECK(make_report(facts, {}, noon).stack.effective_cuda == "12.9");
    facts = orin_facts();
    used.enabled_by.erase(used.enabled_by.begin());
    facts.compat = {Compat{{used}, {record}, {}, ""}, "compat folders"};
    CHECK(make_report(facts, {}, noon).stack.effective_cuda == "12.6");  // only one unit gets it
    used.enabled_by.front().every_program = true;
    record.product = "sbsa";
    facts.compat = {Compat{{used}, {record}, {}, ""}, "compat folders"};
    CHECK(make_report(facts, {}, noon).stack.effective_cuda == "12.6");  // made for another board
}

TEST_CASE("what was not established stays empty") {
    Facts facts = orin_facts();

    SUBCASE("nothing known") {
        const Report report = make_report(Facts{}, {}, noon);
        CHECK(report.boot_id.empty());
        CHECK_FALSE(report.probed);
        CHECK(report.driver_under_test.empty());
        CHECK(report.device.soc.empty());
        CHECK_FALSE(report.device.sm);
        CHECK(report.stack.environment.empty());
        CHECK(report.stack.distribution.empty());
        CHECK(report.stack.libcuda.empty());
        CHECK(report.verdict == Verdict::unknown);
    }
    SUBCASE("not probed: no version of the driver, and the SoC's name for the GPU") {
        facts.driver_probe = {};
        facts.board.value().soc->name = "Orin by name";
        const Report report = make_report(facts, {}, noon);
        CHECK_FALSE(report.probed);
        CHECK(report.driver_under_test.empty());
        CHECK(report.stack.driver_cuda.empty());
        CHECK(report.stack.effective_cuda.empty());
        CHECK(report.stack.native_cuda == "12.6");
        CHECK(report.device.gpu == "Orin by name");
    }
    SUBCASE("a probe that never began a step is no probe") {
        facts.driver_probe.value().steps.clear();
        CHECK_FALSE(make_report(facts, {}, noon).probed);
    }
    SUBCASE("a release that the data does not know has no JetPack") {
        facts.reference = Missing{Lack::not_there, "36.9.0 is not in the data", "releases.json"};
        const Report report = make_report(facts, {}, noon);
        CHECK(report.stack.jetpack.empty());
        CHECK(report.stack.native_cuda.empty());
        CHECK(report.stack.l4t == "36.5.0");
    }
    SUBCASE("a known line without release") {
        facts.release.value().l4t.reset();
        CHECK(make_report(facts, {}, noon).stack.l4t.empty());
    }
    SUBCASE("a version that no driver answers") {
        for (const int nonsense : {0, -1}) {
            facts.driver_probe.value().driver_version = nonsense;
            CHECK(make_report(facts, {}, noon).stack.driver_cuda.empty());
        }
    }
    SUBCASE("a discrete GPU's name is not this board's") {
        facts.driver_probe.value().devices[0].integrated = false;
        facts.driver_probe.value().devices[0].name = "NVIDIA RTX";
        CHECK(make_report(facts, {}, noon).device.gpu == "Orin");
    }
    SUBCASE("a GPU module that was not seen has no name") {
        facts.gpu_module.value().running.presence = ModulePresence::absent;
        CHECK(make_report(facts, {}, noon).stack.gpu_module.empty());
        facts.gpu_module.value().file = {ModuleFile{}, "/lib/modules"};
        CHECK(make_report(facts, {}, noon).stack.gpu_module == "nvgpu");
    }
}

TEST_CASE("a report of what is no Jetson describes no Jetson") {
    Facts facts = orin_facts();
    facts.board = {Board{}, "/proc/device-tree"};
    const Report report = make_report(facts, {}, noon);
    CHECK(report.reason == "not-a-jetson");
    CHECK(report.device.soc.empty());
    CHECK(report.device.gpu.empty());
    CHECK(report.stack.l4t.empty());
    CHECK(report.stack.libcuda.empty());
    CHECK(report.stack.native_cuda.empty());
    CHECK(report.stack.kernel == "5.15.185-tegra");
    CHECK(report.stack.driver_cuda == "12.6");  // was measured, on purpose
}

TEST_CASE("a container is told") {
    Facts facts = orin_facts();
    facts.environment.value().container = true;
    CHECK(make_report(facts, {}, noon).stack.environment == "container");
}

TEST_CASE("measured_at is the time of the run, of checks that have an outcome from a measurement") {
    const std::vector<CheckResult> results = {
        measured_check("passes", Status::pass, "ok"), measured_check("fails", Status::fail, "crashed"),
        measured_check("open", Status::unknown, "killed-from-outside"),
        measured_check("not-here", Status::not_applicable, "no-reference"), check("file", Status::pass)};
    Report report = make_report(orin_facts(), results, noon);
    CHECK(report.checks[0].measured_at == noon.generated_at);
    CHECK(report.checks[1].measured_at == noon.generated_at);
    CHECK(report.checks[2].measured_at.empty());
    CHECK(report.checks[3].measured_at.empty());
    CHECK(report.checks[4].measured_at.empty());

    Facts passive = orin_facts();
    passive.driver_probe = {};
    report = make_report(passive, results, noon);
    CHECK(report.checks[0].measured_at.empty());
}

TEST_CASE("reports of what did not happen") {
    const Report before = not_judged_yet("boot");
    CHECK(before.verdict == Verdict::unknown);
    CHECK(before.reason == "not-judged-yet");
    CHECK(before.sequence == 0);
    CHECK(before.boot_id == "boot");
    CHECK(before.checks.empty());

    const Report unfinished = run_did_not_finish("boot", "run-crashed", "The runner crashed with SIGSEGV", noon);
    CHECK(unfinished.verdict == Verdict::unknown);
    CHECK(unfinished.reason == "run-crashed");
    CHECK(unfinished.sentence == "The runner crashed with SIGSEGV");
    CHECK(unfinished.generated_at == noon.generated_at);
}
