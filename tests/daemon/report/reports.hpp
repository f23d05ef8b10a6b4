// Reports for tests: a healthy Orin to start from, and seeded random ones that are nothing but well-formed.

#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "daemon/report/report.hpp"

namespace jetcuda::testing {

inline CheckResult check(std::string id, Status status, Severity severity = Severity::required,
                         Basis basis = Basis::files) {
    CheckResult result;
    result.id = std::move(id);
    result.group = Group::driver;
    result.severity = severity;
    result.basis = basis;
    result.status = status;
    result.code = status == Status::pass ? "ok" : "broken";
    result.summary = "The thing behind " + result.id + " is as it is";
    return result;
}

inline CheckResult blocked_check(std::string id, std::string cause) {
    CheckResult result = check(std::move(id), Status::unknown);
    result.code = "blocked";
    result.blocked_by = std::move(cause);
    return result;
}

inline CheckResult measured_check(std::string id, Status status, std::string code, std::string measured_at = {}) {
    CheckResult result = check(std::move(id), status, Severity::required, Basis::measured);
    result.code = std::move(code);
    result.measured_at = std::move(measured_at);
    return result;
}

// Facts of an Orin NX on L4T 36.5.0, probed.
inline Facts orin_facts() {
    Facts facts;
    facts.boot_id = {"0b7ad1c8-8f5c-4a3e-9a52-37bb4e8d2f10", "/proc/sys/kernel/random/boot_id"};
    facts.environment = {Environment{}, "/"};
    facts.distribution = {Distribution::ubuntu, "/etc/os-release"};
    SocRecord soc;
    soc.id = "T234";
    soc.name = "Orin";
    soc.capability = {8, 7};
    facts.board = {Board{true, "nvidia,tegra234", soc, "p3767-0000", "NVIDIA Jetson Orin NX"}, "/proc/device-tree"};
    facts.release = {Release{36, L4tRelease{36, 5, 0}, ReleaseOrigin::release_file, ""}, "/etc/nv_tegra_release"};
    ReleaseRecord reference;
    reference.l4t = {36, 5, 0};
    reference.jetpack = "6.2.2";
    reference.cuda = CudaVersion{12, 6};
    reference.driver_cuda = CudaVersion{12, 6};
    facts.reference = {reference, "releases.json"};
    facts.kernel_release = {"5.15.185-tegra", "/proc/sys/kernel/osrelease"};
    GpuModule module;
    module.running = {"nvgpu", ModulePresence::loaded, "", "", ""};
    facts.gpu_module = {module, "/proc/modules"};
    LibcudaFile libcuda;
    libcuda.path = "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1";
    libcuda.real_path = "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1";
    facts.libcuda = {libcuda, libcuda.path};
    ProbeAnswer answer;
    answer.library = libcuda.real_path;
    StepAnswer init;
    init.step = ProbeStep::init;
    init.end = StepEnd::answered;
    answer.steps = {init};
    answer.driver_version = 12060;
    GpuDevice gpu;
    gpu.integrated = true;
    gpu.name = "Orin";
    answer.devices = {gpu};
    facts.driver_probe = {answer, "jetcuda-probe"};
    return facts;
}

inline const ReportTime noon{"2026-01-01T12:00:00Z", 312};

// A healthy report with one check of each basis that matters here.
inline Report orin_report() {
    return make_report(orin_facts(),
                       {check("soc-is-supported", Status::pass), check("libcuda-is-found", Status::pass),
                        check("firmware-matches-release", Status::pass, Severity::wanted),
                        measured_check("driver-initializes", Status::pass, "ok"),
                        measured_check("gpu-capability-matches-soc", Status::pass, "ok")},
                       noon);
}

class RandomReports {
public:
    explicit RandomReports(unsigned seed) : random_(seed) {}

    Report next() {
        Report report;
        report.tool = text();
        report.generated_at = maybe(time());
        report.boot_id = maybe(text());
        report.sequence = random_();
        if (coin()) report.sequence = UINT64_MAX - random_() % 3;
        report.root = "/" + text();
        report.system = maybe("/nix/store/" + text());
        report.duration_ms = static_cast<long>(random_() % 100000);
        report.probed = coin();
        report.simulated = coin();
        report.driver_under_test = maybe(text());
        report.verdict = static_cast<Verdict>(random_() % 4);
        report.reason = maybe(id());
        report.sentence = maybe(text());
        report.device = {maybe(text()), maybe(text()), maybe(text()), maybe(text()), {}};
        if (coin()) report.device.sm = static_cast<int>(random_() % 130);
        StackSummary& stack = report.stack;
        stack.environment = pick({"", "host", "container"});
        stack.distribution = pick({"", "ubuntu", "nixos", "yocto", "other"});
        stack.l4t = pick({"", "36.5.0", "35.6.1", "39.2"});
        stack.jetpack = maybe(text());
        stack.gpu_module = maybe(text());
        stack.kernel = maybe(text());
        stack.libcuda = maybe(text());
        stack.driver_cuda = pick({"", "12.6", "13.0"});
        stack.effective_cuda = pick({"", "12.9", "11.4"});
        stack.native_cuda = pick({"", "12.6"});
        for (auto i = random_() % 3; i > 0; --i) stack.toolkit_cuda.push_back("12." + std::to_string(i));
        for (auto i = random_() % 3; i > 0; --i) {
            stack.compat.push_back(
                {text(), maybe(text()), pick({"", "12.9"}), maybe(text()), random_rung(), maybe(text())});
        }
        stack.driver_measured = random_rung();
        const auto count = random_() % 20;
        for (unsigned i = 0; i < count; ++i) report.checks.push_back(random_check("check-" + std::to_string(i)));
        return report;
    }

private:
    bool coin() { return random_() % 2 == 0; }
    std::string maybe(std::string value) { return coin() ? std::move(value) : std::string(); }
    std::string pick(const std::vector<std::string>& words) { return words[random_() % words.size()]; }

    // Never empty: an empty text is written as null.
    std::string text() {
        static const std::vector<std::string> pieces = {
            "a", "Orin",         "/usr/lib", " ",    "\"",       "\\",     "\n", "\t", "\x01", "\x7f", "ä", "€",
            "𝄞", "\xE2\x80\xAE", "{}",       "null", "\x1b[31m", "driver", ":",  ".",  ",",    "0",    "é"};
        std::string built;
        for (auto i = 1 + random_() % 6; i > 0; --i) built += pieces[random_() % pieces.size()];
        return built;
    }
    std::string id() { return pick({"driver-initializes", "not-a-jetson", "custom/Disk_2.sh", "a"}); }
    std::string time() { return pick({"2026-01-01T00:00:00Z", "1970-12-31T23:59:59Z"}); }

    std::optional<RungSummary> random_rung() {
        if (random_() % 2 == 0) return std::nullopt;
        RungSummary rung;
        rung.cuda = pick({"", "12.6"});
        rung.ptx = pick({"", "8.5"});
        rung.kernels_tried = static_cast<unsigned>(random_() % 30);
        rung.kernels_right = rung.kernels_tried / 2;
        if (random_() % 2 == 0) return rung;
        rung.failed_step = "native, " + text();
        rung.error = "CUDA_ERROR_UNKNOWN";
        rung.meaning = maybe(text());
        if (random_() % 2 == 0) rung.result = 999;
        return rung;
    }

    CheckResult random_check(std::string id) {
        CheckResult result;
        result.id = coin() ? std::move(id) : "custom/" + id;
        result.group = static_cast<Group>(random_() % 4);
        result.severity = static_cast<Severity>(random_() % 2);
        result.status = static_cast<Status>(random_() % 4);
        result.code = pick({"ok", "releases-differ", "not-there"});
        result.summary = maybe(text());
        result.remedy = maybe(text());
        result.waived = coin();
        if (coin()) result.blocked_by = "check-0";
        result.measured_at = maybe(time());
        result.basis = result.measured_at.empty() ? Basis::files : Basis::measured;
        for (auto i = random_() % 4; i > 0; --i)
            result.evidence.push_back({text(), maybe(text()), maybe(text()), coin()});
        result.duration_ms = static_cast<long>(random_() % 1000);
        return result;
    }

    std::mt19937 random_;
};

}  // namespace jetcuda::testing
