#include "daemon/cli/fact_rows.hpp"

#include <utility>

#include <fmt/format.h>

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

void add_scope(Rows& rows, const Scope& scope) {
    const std::string source = "the command line";
    rows.put("scope.root", scope.root, source);
    if (scope.system) rows.put("scope.system", *scope.system, source);
    rows.put("scope.at_rest", scope.at_rest, "/proc/modules below the root");
    rows.put("scope.probe_wanted", scope.probe_wanted, source);
    if (scope.driver_override) rows.put("scope.driver", *scope.driver_override, source);
}

void add_platform(Rows& rows, const Facts& facts) {
    if (rows.begin("boot_id", facts.boot_id)) rows.put("boot_id", *facts.boot_id, facts.boot_id.source());
    if (rows.begin("environment", facts.environment)) {
        rows.put("environment", facts.environment->container ? std::string{"container"} : std::string{"host"},
                 facts.environment.source());
        rows.part_if("evidence", facts.environment->evidence);
    }
    if (rows.begin("distribution", facts.distribution)) {
        rows.put("distribution", std::string{name_of(*facts.distribution)}, facts.distribution.source());
    }
    if (rows.begin("board", facts.board)) {
        const Board& board = *facts.board;
        rows.part("tegra", board.tegra);
        rows.part_if("chip", board.chip);
        if (board.soc) {
            rows.part("soc", board.soc->id);
            rows.part("name", board.soc->name);
        }
        rows.part_if("module", board.module);
        rows.part_if("model", board.model);
    }
}

std::string_view name_of_origin(ReleaseOrigin origin) {
    switch (origin) {
        case ReleaseOrigin::release_file: return "release file";
        case ReleaseOrigin::store_path: return "Nix store path";
        case ReleaseOrigin::package: return "package";
        case ReleaseOrigin::driver_files: return "driver's files";
    }
    return "release file";
}

void add_release(Rows& rows, const Facts& facts) {
    if (rows.begin("release", facts.release)) {
        rows.part("line", line_text(facts.release->line));
        rows.part_if("l4t", facts.release->l4t);
        rows.part("origin", std::string{name_of_origin(facts.release->origin)});
        rows.part_if("gcid", facts.release->gcid);
    }
    if (rows.begin("line", facts.line)) {
        rows.part("supported", facts.line->support == LineSupport::supported);
        rows.part("socs", facts.line->socs);
    }
    if (rows.begin("reference", facts.reference)) {
        const ReleaseRecord& record = *facts.reference;
        rows.part_if("jetpack", record.jetpack.value_or(""));
        rows.part_if("cuda", record.cuda);
        rows.part_if("driver_cuda", record.driver_cuda);
        rows.part_if("driver_version", record.driver_version.value_or(""));
        rows.part_if("kernel", record.kernel.value_or(""));
    }
    if (rows.begin("firmware", facts.firmware)) {
        rows.part_if("text", facts.firmware->text);
        rows.part_if("l4t", facts.firmware->l4t);
    }
}

void add_running_module(Rows& rows, std::string_view part, const RunningModule& module) {
    const auto named = [&](std::string_view name) { return fmt::format("{}.{}", part, name); };
    rows.part(named("name"), module.name);
    switch (module.presence) {
        case ModulePresence::loaded: rows.part(named("presence"), "loaded"); break;
        case ModulePresence::built_in: rows.part(named("presence"), "built in"); break;
        case ModulePresence::absent: rows.part(named("presence"), "absent"); break;
    }
    rows.part_if(named("version"), module.version);
    rows.part_if(named("srcversion"), module.srcversion);
    rows.part_if(named("build_id"), module.build_id);
}

void add_kernel(Rows& rows, const Facts& facts) {
    if (rows.begin("kernel_release", facts.kernel_release)) {
        rows.put("kernel_release", *facts.kernel_release, facts.kernel_release.source());
    }
    if (rows.begin("kernel_modules", facts.kernel_modules)) {
        rows.part("directory", facts.kernel_modules->directory);
        rows.part("other_kernels", facts.kernel_modules->other_kernels);
    }
    if (!rows.begin("gpu_module", facts.gpu_module)) return;
    const GpuModule& module = *facts.gpu_module;
    add_running_module(rows, "running", module.running);
    if (module.uvm) add_running_module(rows, "uvm", *module.uvm);
    if (rows.begin("gpu_module.file", module.file)) {
        rows.part("path", module.file->path);
        rows.part_if("vermagic", module.file->vermagic);
        rows.part_if("version", module.file->version);
        rows.part_if("srcversion", module.file->srcversion);
        rows.part_if("build_id", module.file->build_id);
    }
    if (rows.begin("gpu_module.release", module.release)) {
        rows.part_if("l4t", module.release->l4t);
        rows.part_if("driver_version", module.release->driver_version);
    }
}

std::string_view name_of_kind(FileKind kind) {
    switch (kind) {
        case FileKind::regular: return "regular file";
        case FileKind::directory: return "folder";
        case FileKind::symlink: return "link";
        case FileKind::character_device: return "character device";
        case FileKind::block_device: return "block device";
        case FileKind::fifo: return "pipe";
        case FileKind::socket: return "socket";
        case FileKind::other: return "other";
    }
    return "other";
}

void add_devices(Rows& rows, const Facts& facts) {
    if (rows.begin("device_nodes", facts.device_nodes)) {
        if (facts.device_nodes->nodes.empty())
            rows.put("device_nodes", std::vector<std::string>{}, facts.device_nodes.source());
        for (const DeviceNode& node : facts.device_nodes->nodes) {
            std::string text = fmt::format("{}, mode {:04o}, uid {}, group {}", name_of_kind(node.status.kind),
                                           node.status.mode, node.status.uid, node.group);
            if (node.can_open.known()) text += *node.can_open ? ", may be opened" : ", may not be opened by this user";
            rows.part(node.path, std::move(text));
        }
    }
    if (rows.begin("service_users", facts.service_users)) {
        if (facts.service_users->empty())
            rows.put("service_users", std::vector<std::string>{}, facts.service_users.source());
        for (const ServiceUser& user : *facts.service_users) {
            if (user.exists) {
                rows.part(user.name, user.groups);
            } else {
                rows.part(user.name, "does not exist");
            }
        }
    }
}

void add_libcuda(Rows& rows, const Facts& facts) {
    if (rows.begin("libcuda", facts.libcuda)) {
        const LibcudaFile& file = *facts.libcuda;
        rows.part("path", file.path);
        rows.part_if("real_path", file.real_path);
        rows.part("size", static_cast<std::int64_t>(file.size));
        rows.part("elf", file.elf);
        rows.part_if("flaw", file.flaw);
        if (file.elf) {
            rows.part("machine", file.machine == ElfMachine::aarch64  ? "aarch64"
                                 : file.machine == ElfMachine::x86_64 ? "x86_64"
                                                                      : "other");
            rows.part_if("soname", file.soname);
            rows.part("needed", file.needed);
            rows.part_if("build_id", file.build_id);
            rows.part("stub", file.stub);
            rows.part("simulated", file.simulated);
        }
        rows.part("tegra_place", file.tegra_place);
        rows.part("linked_at_boot", file.linked_at_boot);
    }
    if (rows.begin("libcuda_release", facts.libcuda_release)) {
        rows.part_if("l4t", facts.libcuda_release->l4t);
        rows.part_if("driver_version", facts.libcuda_release->driver_version);
    }
}

std::string text_of(const StepAnswer& step) {
    std::string text;
    if (step.end == StepEnd::answered) {
        text = step.succeeded() ? "success" : fmt::format("{} ({})", step.name, step.result);
    } else {
        text = name_of(step.end);
        if (step.signal != 0) text += fmt::format(", signal {}", step.signal);
        if (!step.failure.empty()) text += fmt::format(": {}", step.failure);
    }
    return fmt::format("{} after {} ms", text, step.duration.count());
}

// The driver's own sentence is left out, as what it prints is.
std::string text_of(const WorkItem& item) {
    std::string text{name_of(item.outcome)};
    if (item.outcome == WorkOutcome::refused) {
        text += fmt::format(" by {}: {} ({})", item.call, item.result_name, item.result);
    } else if (item.outcome == WorkOutcome::wrong && item.wrong_count > 0) {
        text += fmt::format(", word {}: expected {:#x}, got {:#x}", item.index, item.expected, item.got);
    }
    if (!item.detail.empty()) text += fmt::format(", {}", item.detail);
    return text;
}

// What the library printed on standard error is left out: it may hold anything, a UUID of the GPU among it.
void add_answer(Rows& rows, const std::string& fact_name, const Fact<ProbeAnswer>& fact) {
    if (!rows.begin(fact_name, fact)) return;
    const ProbeAnswer& answer = *fact;
    rows.part("library", answer.library);
    rows.part_if("not_started", answer.not_started);
    rows.part("simulated", answer.simulated);
    rows.part("seccomp", answer.seccomp);
    for (const StepAnswer& step : answer.steps) rows.part(fmt::format("step.{}", name_of(step.step)), text_of(step));
    if (answer.driver_version) rows.part("driver_cuda", CudaVersion::from_api(*answer.driver_version).text());
    for (const GpuDevice& device : answer.devices) {
        const auto named = [&](std::string_view name) { return fmt::format("device.{}.{}", device.ordinal, name); };
        rows.part(named("integrated"), device.integrated);
        rows.part_if(named("name"), device.name);
        rows.part_if(named("capability"), device.capability);
        if (device.memory_bytes) rows.part(named("memory_bytes"), static_cast<std::int64_t>(*device.memory_bytes));
    }
    for (const WorkItem& item : answer.work) {
        rows.part(fmt::format("work.{}.{}", name_of(item.step), item.name), text_of(item));
    }
}

void add_probes(Rows& rows, const Facts& facts) {
    add_answer(rows, "driver_probe", facts.driver_probe);
    for (const auto& [directory, rung] : facts.compat_probes) {
        add_answer(rows, fmt::format("compat_probe.{}", directory), rung);
    }
}

}  // namespace

std::vector<FactRow> rows_of(const Facts& facts) {
    std::vector<FactRow> list;
    Rows rows(list);
    add_scope(rows, facts.scope);
    add_platform(rows, facts);
    add_release(rows, facts);
    add_kernel(rows, facts);
    add_devices(rows, facts);
    add_libcuda(rows, facts);
    add_loader(rows, facts);
    add_software(rows, facts);
    add_gpu_code(rows, facts);
    add_compat(rows, facts);
    add_containers(rows, facts);
    add_system_state(rows, facts);
    add_probes(rows, facts);
    return list;
}

}  // namespace jetcuda
