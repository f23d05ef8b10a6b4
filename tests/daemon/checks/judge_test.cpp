#include "daemon/checks/judge.hpp"

#include <functional>
#include <random>

#include <doctest/doctest.h>

#include "tests/daemon/checks/compat_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

using Spoil = std::function<void(Facts&, Lack)>;

// Each takes one fact away.
const std::vector<Spoil>& spoils() {
    static const std::vector<Spoil> all = {
        [](Facts& f, Lack lack) { f.environment = missing(lack); },
        [](Facts& f, Lack lack) { f.distribution = missing(lack); },
        [](Facts& f, Lack lack) { f.board = missing(lack); },
        [](Facts& f, Lack lack) { f.release = missing(lack); },
        [](Facts& f, Lack lack) { f.line = missing(lack); },
        [](Facts& f, Lack lack) { f.reference = missing(lack); },
        [](Facts& f, Lack lack) { f.firmware = missing(lack); },
        [](Facts& f, Lack lack) { f.kernel_release = missing(lack); },
        [](Facts& f, Lack lack) { f.kernel_modules = missing(lack); },
        [](Facts& f, Lack lack) { f.gpu_module = missing(lack); },
        [](Facts& f, Lack lack) {
            if (f.gpu_module.known()) f.gpu_module.value().file = missing(lack);
        },
        [](Facts& f, Lack lack) {
            if (f.gpu_module.known()) f.gpu_module.value().release = missing(lack);
        },
        [](Facts& f, Lack lack) { f.device_nodes = missing(lack); },
        [](Facts& f, Lack lack) { f.service_users = missing(lack); },
        [](Facts& f, Lack lack) { f.libcuda = missing(lack); },
        [](Facts& f, Lack lack) { f.libcuda_release = missing(lack); },
        [](Facts& f, Lack lack) { f.driver_probe = missing(lack); },
        [](Facts& f, Lack lack) { f.companions = missing(lack); },
        [](Facts& f, Lack lack) { f.libcuda_search = missing(lack); },
        [](Facts& f, Lack lack) { f.software = missing(lack); },
        [](Facts& f, Lack lack) { f.toolkits = missing(lack); },
        [](Facts& f, Lack lack) { f.compat = missing(lack); },
        [](Facts& f, Lack lack) { f.containers = missing(lack); },
        [](Facts& f, Lack lack) { f.pending_reboot = missing(lack); },
        [](Facts& f, Lack lack) { f.booted_system = missing(lack); },
        [](Facts& f, Lack lack) { f.incoming_system = missing(lack); },
        [](Facts& f, Lack lack) { f.kernel_log = missing(lack); },
    };
    return all;
}

// Each changes a fact without taking it away.
const std::vector<std::function<void(Facts&, std::mt19937&)>>& changes() {
    static const std::vector<std::function<void(Facts&, std::mt19937&)>> all = {
        [](Facts& f, std::mt19937&) { f.scope.at_rest = true; },
        [](Facts& f, std::mt19937&) { f.scope.in_container = true; },
        [](Facts& f, std::mt19937&) { f.scope.probe_wanted = false; },
        [](Facts& f, std::mt19937&) { f.scope.probe_stuck = true; },
        [](Facts& f, std::mt19937&) { f.scope.driver_override = "/tmp/libcuda.so.1"; },
        [](Facts& f, std::mt19937& r) {
            f.distribution = Fact<Distribution>(static_cast<Distribution>(r() % 4), "/etc/os-release");
        },
        [](Facts& f, std::mt19937& r) {
            if (!f.board.known()) return;
            f.board.value().tegra = r() % 2 == 0;
            f.board.value().soc.reset();
        },
        [](Facts& f, std::mt19937& r) {
            if (f.board.known()) f.board.value().soc = soc_record(r() % 2 == 0 ? "T186" : "T264");
        },
        [](Facts& f, std::mt19937&) {
            if (f.release.known()) f.release.value().l4t.reset();
        },
        [](Facts& f, std::mt19937& r) {
            if (!f.board.known() || !f.board->soc) return;
            CompatFolder folder = compat_folder(static_cast<CompatProduct>(r() % 4),
                                                {static_cast<int>(11 + r() % 3), static_cast<int>(r() % 10)},
                                                r() % 2 == 0 ? "595.58.03" : "12.9.40580548");
            if (r() % 3 == 0) folder.enabled_by.clear();
            if (r() % 4 == 0) folder.cuda.reset();
            if (r() % 4 == 0) folder.library.elf = false;
            if (r() % 2 == 0) folder.note = Fact<CompatNote>(CompatNote{{}, {535, 595}, {}}, "its note");
            f = with_compat(f, {folder});
        },
        [](Facts& f, std::mt19937& r) {
            f.line = Fact<LineRecord>(line_record(static_cast<int>(30 + r() % 10)), "releases.json");
        },
        [](Facts& f, std::mt19937&) {
            if (f.line.known()) f.line.value().socs.clear();
        },
        [](Facts& f, std::mt19937&) {
            if (f.reference.known()) f.reference.value().driver_cuda.reset();
        },
        [](Facts& f, std::mt19937&) {
            if (f.firmware.known()) f.firmware.value() = {"vendor 7", std::nullopt};
        },
        [](Facts& f, std::mt19937&) {
            if (f.kernel_modules.known()) f.kernel_modules.value() = {};
        },
        [](Facts& f, std::mt19937& r) {
            if (f.gpu_module.known()) f.gpu_module.value().running.presence = static_cast<ModulePresence>(r() % 3);
        },
        [](Facts& f, std::mt19937&) {
            if (!f.gpu_module.known()) return;
            const std::string name = f.gpu_module->running.name;
            f.gpu_module.value() = {};
            f.gpu_module.value().running.name = name;  // it is looked for by its name
        },
        [](Facts& f, std::mt19937&) {
            if (!f.gpu_module.known() || !f.gpu_module->file.known()) return;
            f.gpu_module.value().file.value() = {f.gpu_module->file->path, "", "", "", ""};
        },
        [](Facts& f, std::mt19937& r) {
            if (!f.device_nodes.known() || f.device_nodes->nodes.empty()) return;
            auto& nodes = f.device_nodes.value().nodes;
            DeviceNode& changed = nodes[r() % nodes.size()];
            switch (r() % 4) {
                case 0: changed.status.kind = static_cast<FileKind>(r() % 8); break;
                case 1: changed.status.mode = static_cast<std::uint32_t>(r() % 01000); break;
                case 2: changed.can_open = Fact<bool>(false, "x"); break;
                default: nodes.erase(nodes.begin()); break;
            }
        },
        [](Facts& f, std::mt19937& r) {
            f.service_users = Fact<std::vector<ServiceUser>>(
                {{"someone", r() % 2 == 0, {"video"}}, {"root", true, {}}, {"other", true, {}}}, "/etc/group");
        },
        [](Facts& f, std::mt19937& r) {
            if (!f.libcuda.known()) return;
            f.libcuda.value().elf = r() % 2 == 0;
            f.libcuda.value().size = r() % 2;
            f.libcuda.value().machine = static_cast<ElfMachine>(r() % 3);
            f.libcuda.value().stub = r() % 2 == 0;
            f.libcuda.value().tegra_place = r() % 2 == 0;
        },
        [](Facts& f, std::mt19937&) {
            if (f.libcuda_release.known()) f.libcuda_release.value() = {};
        },
        [](Facts& f, std::mt19937& r) {
            if (!f.driver_probe.known()) return;
            StepAnswer last = ended(static_cast<ProbeStep>(r() % 8), static_cast<StepEnd>(r() % 9));
            last.result = static_cast<int>(r() % 1000);
            last.signal = static_cast<int>(r() % 40);
            end_probe_at(f, last);
        },
        [](Facts& f, std::mt19937&) {
            if (f.driver_probe.known()) f.driver_probe.value().devices.clear();
        },
        [](Facts& f, std::mt19937&) {
            if (f.driver_probe.known()) f.driver_probe.value() = {};
        },
        [](Facts& f, std::mt19937&) {
            if (!f.driver_probe.known()) return;
            f.driver_probe.value() = {};
            f.driver_probe.value().not_started = "jetcuda-probe is not installed";
        },
    };
    return all;
}

// What has to hold for every answer to anything.
void hold_to_form(const CheckResult& result) {
    CAPTURE(result.id);
    CAPTURE(result.code);
    CAPTURE(result.summary);
    CAPTURE(result.remedy);
    const Check* check = find_check(result.id);
    REQUIRE(check != nullptr);
    const Code* code = check->find_code(result.code);
    REQUIRE(code != nullptr);
    CHECK(code->status == result.status);
    CHECK(result.summary.size() > 10);
    CHECK(result.summary.find('{') == std::string::npos);
    CHECK(result.summary.find("  ") == std::string::npos);
    CHECK(result.remedy.find('{') == std::string::npos);
    if (result.status == Status::fail) CHECK_FALSE(result.remedy.empty());
    CHECK((result.code == "blocked") == result.blocked_by.has_value());
    if (result.blocked_by) CHECK(find_check(*result.blocked_by) != nullptr);
    for (const Evidence& evidence : result.evidence) {
        CHECK_FALSE(evidence.what.empty());
        CHECK_FALSE(evidence.source.empty());
    }
}

void hold_all_to_form(const Facts& facts) {
    for (const CheckResult& result : judge(facts, all_checks())) hold_to_form(result);
    for (const Check* check : all_checks()) hold_to_form(judged_alone(check->id, facts));
}

}  // namespace

TEST_CASE("a healthy board passes every check that applies to it") {
    for (const Facts& facts : {healthy_xavier(), healthy_orin(), healthy_thor()}) {
        for (const CheckResult& result : judge(facts, all_checks())) {
            CAPTURE(facts.board->soc->id);
            CAPTURE(result.id);
            CAPTURE(result.summary);
            if (result.id == "switch-keeps-driver") {  // no switch is under way
                CHECK(result.code == "no-incoming-system");
                continue;
            }
            if (result.group == jetcuda::Group::compat) {
                CHECK(result.code == "no-compat");
                continue;
            }
            CHECK(result.status == Status::pass);
            CHECK(result.code == "ok");
            CHECK(result.remedy.empty());
            CHECK_FALSE(result.evidence.empty());
            hold_to_form(result);
        }
    }
}

TEST_CASE("without any fact nothing passes and nothing fails") {
    for (const CheckResult& result : judge(Facts{}, all_checks())) {
        CAPTURE(result.id);
        CHECK(result.status != Status::pass);
        CHECK(result.status != Status::fail);
        hold_to_form(result);
    }
    hold_all_to_form(Facts{});
}

TEST_CASE("each fact taken away in each way leaves answers of the right form") {
    for (const Facts& healthy_board : {healthy_xavier(), healthy_orin(), healthy_thor()}) {
        for (const Spoil& spoil : spoils()) {
            for (const Lack lack : {Lack::not_there, Lack::not_readable, Lack::not_understood, Lack::not_asked}) {
                Facts facts = healthy_board;
                spoil(facts, lack);
                hold_all_to_form(facts);
            }
        }
    }
}

TEST_CASE("two thousand mixtures of missing and changed facts leave answers of the right form") {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::mt19937 random(seed);
        Facts facts = seed % 3 == 0 ? healthy_xavier() : seed % 3 == 1 ? healthy_orin() : healthy_thor();
        for (const auto& change : changes()) {
            if (random() % 6 == 0) change(facts, random);
        }
        for (const Spoil& spoil : spoils()) {
            if (random() % 8 == 0) spoil(facts, static_cast<Lack>(random() % 4));
        }
        CAPTURE(seed);
        hold_all_to_form(facts);
    }
}

TEST_CASE("a check does not pass while the fact it stands on is missing") {
    const std::vector<std::pair<std::string_view, std::size_t>> key_facts = {
        {"soc-is-supported", 2},
        {"l4t-release-is-known", 3},
        {"l4t-release-supports-soc", 2},
        {"l4t-release-supports-soc", 4},
        {"firmware-matches-release", 6},
        {"firmware-matches-release", 3},
        {"kernel-modules-are-installed", 7},
        {"kernel-modules-are-installed", 8},
        {"gpu-module-is-loaded", 9},
        {"gpu-module-fits-kernel", 9},
        {"gpu-module-fits-kernel", 10},
        {"gpu-module-fits-kernel", 7},
        {"loaded-module-is-installed-one", 9},
        {"loaded-module-is-installed-one", 10},
        {"device-nodes-are-present", 12},
        {"device-nodes-are-accessible", 12},
        {"device-nodes-are-accessible", 13},
        {"libcuda-is-found", 14},
        {"libcuda-is-genuine", 14},
        {"driver-matches-module", 11},
        {"driver-matches-module", 15},
        {"driver-initializes", 16},
        {"driver-version-is-native", 16},
        {"driver-version-is-native", 5},
        {"gpu-capability-matches-soc", 16},
        {"gpu-capability-matches-soc", 2},
        {"driver-libraries-are-complete", 17},
        {"libcuda-is-unambiguous", 18},
        {"cuda-packages-agree", 19},
        {"no-desktop-driver-is-installed", 19},
        {"compat-is-for-this-board", 21},
        {"compat-is-newer-than-driver", 21},
        {"compat-accepts-this-driver", 21},
        {"container-runtime-is-registered", 22},
        {"container-mounts-exist", 22},
        {"no-reboot-is-pending", 23},
        {"no-gpu-fault-since-boot", 26},
    };
    for (const auto& each : key_facts) {
        const std::string_view id = each.first;
        const std::size_t fact = each.second;
        for (const Lack lack : {Lack::not_there, Lack::not_readable, Lack::not_understood, Lack::not_asked}) {
            Facts facts = healthy_orin();
            spoils()[fact](facts, lack);
            const CheckResult result = judged_alone(id, facts);
            CAPTURE(id);
            CAPTURE(name_of(lack));
            CAPTURE(result.code);
            CHECK(result.status != Status::pass);
            if (lack == Lack::not_asked || lack == Lack::not_readable) CHECK(result.status != Status::fail);
        }
    }
}

TEST_CASE("no Jetson: every static check says so, and a driver under test is judged all the same") {
    Facts facts;
    facts.board = Fact<Board>(Board{}, "/sys/devices/soc0");
    facts.scope.probe_wanted = true;
    for (const CheckResult& result : judge(facts, all_checks())) {
        CAPTURE(result.id);
        CHECK(result.status == Status::not_applicable);
        CHECK(result.code == "not-a-jetson");
    }
    facts.scope.driver_override = "/tmp/libcuda.so.1";
    facts.driver_probe =
        Fact<ProbeAnswer>(healthy_probe("/tmp/libcuda.so.1", 12020, soc_record("T234")), "jetcuda-probe");
    end_probe_at(facts, answered(ProbeStep::init, 100, "CUDA_ERROR_NO_DEVICE"));
    CHECK(judged("driver-initializes", facts).code == "no-device");
    CHECK(judged("driver-initializes", facts).status == Status::fail);
    CHECK(judged("gpu-capability-matches-soc", facts).blocked_by == "driver-initializes");
    CHECK(judged("driver-version-is-native", facts).code == "no-reference");
    CHECK(judged("soc-is-supported", facts).code == "not-a-jetson");
    CHECK(judged("libcuda-is-found", facts).code == "not-a-jetson");
}

TEST_CASE("at rest nothing that runs is judged, and what was measured with --driver is") {
    Facts facts = healthy_orin();
    facts.scope.at_rest = true;
    facts.scope.live = false;
    facts.scope.probe_wanted = false;
    facts.driver_probe = missing(Lack::not_asked);
    for (const std::string_view id :
         {"gpu-module-is-loaded", "device-nodes-are-present", "device-nodes-are-accessible",
          "kernel-modules-are-installed", "gpu-module-fits-kernel", "loaded-module-is-installed-one",
          "driver-initializes", "driver-version-is-native", "gpu-capability-matches-soc"}) {
        CAPTURE(id);
        CHECK(judged(id, facts).code == "not-running");
    }
    CHECK(judged("libcuda-is-found", facts).code == "ok");
    CHECK(judged("driver-matches-module", facts).code == "ok");
    facts.scope.driver_override = "/tmp/libcuda.so.1";
    facts.driver_probe = healthy_orin().driver_probe;
    CHECK(judged("driver-initializes", facts).code == "ok");
}

TEST_CASE("in a container the host's side is not judged") {
    Facts facts = healthy_orin();
    facts.scope.in_container = true;
    for (const std::string_view id : {"firmware-matches-release", "kernel-modules-are-installed",
                                      "gpu-module-fits-kernel", "loaded-module-is-installed-one"}) {
        CAPTURE(id);
        CHECK(judged(id, facts).code == "in-container");
    }
    for (const std::string_view id : {"gpu-module-is-loaded", "device-nodes-are-present", "libcuda-is-genuine",
                                      "driver-matches-module", "driver-initializes"}) {
        CAPTURE(id);
        CHECK(judged(id, facts).code == "ok");
    }
}

TEST_CASE("what was not probed is not applicable, and a stuck probe of an earlier run is unknown") {
    Facts facts = healthy_orin();
    facts.driver_probe = missing(Lack::not_asked);
    facts.scope.probe_wanted = false;
    for (const std::string_view id : {"driver-initializes", "driver-version-is-native", "gpu-capability-matches-soc"}) {
        CAPTURE(id);
        CHECK(judged(id, facts).code == "not-probed");
        CHECK(judged(id, facts).status == Status::not_applicable);
    }
    facts.scope.probe_wanted = true;
    facts.scope.probe_stuck = true;
    CHECK(judged("driver-initializes", facts).code == "probe-still-stuck");
    CHECK(judged("driver-initializes", facts).status == Status::unknown);
}

TEST_CASE("a failure that another explains is blocked by the first cause") {
    Facts facts = healthy_orin();
    facts.kernel_modules = missing(Lack::not_there);
    facts.gpu_module.value().running.presence = ModulePresence::absent;
    facts.gpu_module.value().file = missing(Lack::not_there);
    facts.device_nodes.value().nodes.clear();
    CHECK(judged("kernel-modules-are-installed", facts).code == "no-modules");
    for (const std::string_view id :
         {"gpu-module-fits-kernel", "gpu-module-is-loaded", "loaded-module-is-installed-one",
          "device-nodes-are-present", "device-nodes-are-accessible", "driver-matches-module"}) {
        CAPTURE(id);
        const CheckResult result = judged(id, facts);
        CHECK(result.status == Status::unknown);
        CHECK(result.code == "blocked");
        CHECK(result.blocked_by == "kernel-modules-are-installed");
        CHECK(result.summary.find("kernel-modules-are-installed") != std::string::npos);
    }
}

TEST_CASE("a measured step is never blocked, and one that was not measured is") {
    Facts facts = healthy_orin();
    facts.libcuda.value().stub = true;
    CHECK(judged("libcuda-is-genuine", facts).code == "stub");
    CHECK(judged("driver-initializes", facts).code == "ok");
    facts.driver_probe = missing(Lack::not_there, "the probe");
    CHECK(judged("driver-initializes", facts).blocked_by == "libcuda-is-genuine");
    CHECK(judged("gpu-capability-matches-soc", facts).blocked_by == "libcuda-is-genuine");
}

TEST_CASE("a need that is only unknown blocks nothing") {
    Facts facts = healthy_orin();
    facts.board = missing(Lack::not_there);
    CHECK(judged("soc-is-supported", facts).status == Status::unknown);
    CHECK(judged("gpu-module-is-loaded", facts).code == "ok");
    CHECK_FALSE(judged("l4t-release-supports-soc", facts).blocked_by.has_value());
}

TEST_CASE("results stand in the order asked for, with the words of the distribution") {
    Facts facts = healthy_orin();
    facts.libcuda = missing(Lack::not_there);
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    const auto results = judge(facts, {find_check("libcuda-is-found"), find_check("soc-is-supported")});
    REQUIRE(results.size() == 2);
    CHECK(results[0].id == "libcuda-is-found");
    CHECK(results[0].remedy.find("hardware.graphics.enable = true;") != std::string::npos);
    CHECK(results[0].group == Group::driver);
    CHECK(results[0].severity == Severity::required);
    CHECK(results[1].id == "soc-is-supported");
}
