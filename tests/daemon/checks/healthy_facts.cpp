#include "tests/daemon/checks/healthy_facts.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "probes/ptx_isa.hpp"

namespace jetcuda::testing {

SocRecord soc_record(const std::string& id) {
    SocRecord soc;
    soc.id = id;
    soc.name = id == "T194" ? "Xavier" : id == "T234" ? "Orin" : id == "T264" ? "Thor" : "TX2";
    soc.support = id == "T186" || id == "T210" ? SocSupport::left_behind : SocSupport::supported;
    soc.capability = Capability::from_sm(id == "T194" ? 72 : id == "T234" ? 87 : id == "T264" ? 110 : 62);
    soc.gpu_module = id == "T264" ? "nvidia" : "nvgpu";
    soc.gpu_variant = id == "T264" ? "openrm" : "nvgpu";
    soc.source = "socs.json";
    return soc;
}

LineRecord line_record(int line) {
    LineRecord record;
    record.line = line;
    record.support = line < 35 ? LineSupport::not_supported : LineSupport::supported;
    switch (line) {
        case 35: record.socs = {"T194", "T234"}; break;
        case 36: record.socs = {"T234"}; break;
        case 38: record.socs = {"T264"}; break;
        case 39: record.socs = {"T234", "T264"}; break;
        default: record.socs = {"T194"}; break;
    }
    record.source = "releases.json";
    return record;
}

DeviceNode node(const std::string& path, const std::string& group, std::uint32_t mode) {
    DeviceNode made;
    made.path = path;
    made.status.kind = FileKind::character_device;
    made.status.mode = mode;
    made.status.gid = group == "root" ? 0 : group == "video" ? 44 : 109;
    made.group = group;
    made.can_open = Fact<bool>(true, path);
    return made;
}

StepAnswer answered(ProbeStep step, int result, const std::string& name) {
    StepAnswer answer;
    answer.step = step;
    answer.end = StepEnd::answered;
    answer.result = result;
    answer.name = name;
    answer.duration = std::chrono::milliseconds(3);
    return answer;
}

StepAnswer ended(ProbeStep step, StepEnd end, int signal, const std::string& failure) {
    StepAnswer answer;
    answer.step = step;
    answer.end = end;
    answer.signal = signal;
    answer.failure = failure;
    answer.duration = std::chrono::milliseconds(20'013);
    return answer;
}

WorkItem worked(ProbeStep step, const std::string& name, const std::string& detail) {
    WorkItem item;
    item.step = step;
    item.name = name;
    item.outcome = WorkOutcome::right;
    item.detail = detail;
    return item;
}

void put_healthy_work(ProbeAnswer& answer, const SocRecord& soc, CudaVersion cuda) {
    const std::string image = "sm_" + std::to_string(soc.capability.sm());
    answer.asked_work = {ProbeStep::native, ProbeStep::jit, ProbeStep::patterns, ProbeStep::runtime,
                         ProbeStep::libraries};
    for (const ProbeStep step : answer.asked_work) answer.steps.push_back(answered(step));
    for (const char* kernel : {"integers", "floats", "streams and events", "zero-copy memory", "managed memory"}) {
        answer.work.push_back(worked(ProbeStep::native, kernel, image));
    }
    answer.work.push_back(worked(ProbeStep::native, "image for another GPU", image == "sm_72" ? "sm_87" : "sm_72"));
    for (const char* kernel : {"integers", "floats"}) {
        answer.work.push_back(worked(ProbeStep::jit, kernel, "compute_72"));
    }
    for (const PtxIsaRecord& record : ptx_isa_records) {
        WorkItem rung = worked(ProbeStep::jit, "PTX " + record.isa.text());
        if (record.first_driver > cuda) {
            rung.outcome = WorkOutcome::refused;
            rung.call = "cuModuleLoadDataEx";
            rung.result = 222;
            rung.result_name = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
        }
        answer.work.push_back(rung);
    }
    for (const char* pattern : {"walking ones", "addresses"}) {
        WorkItem item = worked(ProbeStep::patterns, pattern, image);
        item.requested_bytes = std::uint64_t{64} << 20U;
        answer.work.push_back(item);
    }
    answer.available = std::uint64_t{8} << 30U;
    answer.work.push_back(worked(ProbeStep::runtime, "version", cuda.text()));
    answer.work.push_back(worked(ProbeStep::runtime, "devices", "1"));
    answer.work.push_back(worked(ProbeStep::runtime, "memory"));
    answer.work.push_back(worked(ProbeStep::runtime, "launch", image));
    answer.work.push_back(worked(ProbeStep::libraries, "/usr/local/cuda/lib64/libcublas.so", "1.2.3"));
}

CudaLibraries healthy_libraries() {
    CudaLibrary cublas;
    cublas.id = "libcublas";
    cublas.path = "/usr/local/cuda/lib64/libcublas.so";
    cublas.real_path = cublas.path + ".1.2.3.4";
    cublas.opened = cublas.path;
    cublas.claimed = "1.2.3.4";
    cublas.package = "libcublas-1-2";
    CudaLibraries libraries;
    libraries.libraries = {cublas};
    libraries.runtime = cublas;
    libraries.runtime->id = "cuda_cudart";
    libraries.runtime->path = libraries.runtime->opened = "/usr/local/cuda/lib64/libcudart.so";
    libraries.runtime->package = "cuda-cudart-1-2";
    return libraries;
}

CodeRow sass_row(int sm, std::uint64_t count) {
    CodeRow row;
    row.kind = CodeKind::sass;
    row.sm = static_cast<std::uint32_t>(sm);
    row.abi = sm >= 100 ? 8 : 7;
    row.count = count;
    return row;
}

CodeRow ptx_row(int sm, unsigned major, unsigned minor) {
    CodeRow row;
    row.kind = CodeKind::ptx;
    row.sm = static_cast<std::uint32_t>(sm);
    row.isa_major = major;
    row.isa_minor = minor;
    row.count = 1;
    return row;
}

InspectedFile file_with(const std::string& path, const std::vector<CodeRow>& rows) {
    Inspection inspection;
    inspection.path = path;
    inspection.kind = ProgramKind::elf;
    InspectedPart part;
    part.code.form = FileForm::elf;
    part.code.machine = "aarch64";
    part.code.bits = 64;
    part.code.rows = rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        part.code.mixes.push_back({{static_cast<std::uint16_t>(i)}, rows[i].count});
        part.code.containers += rows[i].count;
    }
    inspection.parts = {part};
    return {path, path, Fact<Inspection>(inspection, path)};
}

std::vector<CudaLibraryFile> healthy_library_files(int sm) {
    const std::string folder = "/usr/local/cuda/lib64/";
    return {{"cuda_cudart", "cuda-cudart-1-2", true, file_with(folder + "libcudart.so.1", {})},
            {"libcublas", "libcublas-1-2", true, file_with(folder + "libcublas.so.1", {sass_row(sm)})},
            {"libcublas", "libcublas-1-2", false, file_with(folder + "libcublasLt.so.1", {sass_row(sm)})}};
}

NamedProgram healthy_program(int sm, const LibcudaFile& libcuda) {
    NamedProgram program;
    program.path = "/opt/detect/bin/detect";
    program.looked_at = 1;
    program.files = {file_with(program.path, {sass_row(sm)})};
    LibcudaRequest request;
    request.object = program.path;
    request.needs = true;
    request.path = libcuda.path;
    request.named_by = "/etc/ld.so.cache";
    request.file = libcuda;
    program.loads = {{program.path, {request}, {}}};
    return program;
}

ProbeAnswer healthy_probe(const std::string& library, int driver_version, const SocRecord& soc) {
    ProbeAnswer answer;
    answer.library = library;
    answer.driver_version = driver_version;
    for (const ProbeStep step : {ProbeStep::open, ProbeStep::version, ProbeStep::init, ProbeStep::devices,
                                 ProbeStep::name, ProbeStep::capability, ProbeStep::memory, ProbeStep::context}) {
        answer.steps.push_back(answered(step));
    }
    GpuDevice device;
    device.integrated = true;
    device.name = soc.name;
    device.capability = soc.capability;
    answer.devices = {device};
    put_healthy_work(answer, soc, CudaVersion::from_api(driver_version));
    return answer;
}

void end_probe_at(Facts& facts, const StepAnswer& last) {
    ProbeAnswer& answer = facts.driver_probe.value();
    std::vector<StepAnswer> steps;
    for (const StepAnswer& step : answer.steps) {
        if (step.step == last.step) break;
        steps.push_back(step);
    }
    steps.push_back(last);
    answer.steps = steps;
    const auto is_later = [&last](const WorkItem& item) { return item.step > last.step || !is_work(last.step); };
    answer.work.erase(std::remove_if(answer.work.begin(), answer.work.end(), is_later), answer.work.end());
    if (last.step < ProbeStep::version) answer.driver_version.reset();
    if (last.step <= ProbeStep::devices) answer.devices.clear();
    if (last.step <= ProbeStep::capability) {
        for (GpuDevice& device : answer.devices) device.capability.reset();
    }
}

WorkItem& work_item(Facts& facts, ProbeStep step, std::string_view name) {
    for (WorkItem& item : facts.driver_probe.value().work) {
        if (item.step == step && item.name == name) return item;
    }
    throw std::logic_error("no such item: " + std::string(name));
}

void make_wrong(WorkItem& item) {
    item.outcome = WorkOutcome::wrong;
    item.index = 17;
    item.expected = 0x12345678;
    item.got = 0x12345679;
    item.wrong_count = 3;
}

void make_refused(WorkItem& item, int result, const std::string& name, const std::string& call) {
    item.outcome = WorkOutcome::refused;
    item.call = call;
    item.result = result;
    item.result_name = name;
}

Containers healthy_containers(const std::string& libcuda) {
    Containers containers;
    containers.toolkit = true;
    containers.toolkit_source = "/usr/bin/nvidia-ctk";
    containers.engines = {{"docker", Fact<bool>(true, "/etc/docker/daemon.json")}};
    containers.lists = {"/etc/nvidia-container-runtime/host-files-for-container.d/drivers.csv"};
    ContainerMount mount;
    mount.kind = MountKind::library;
    mount.path = libcuda;
    mount.source = containers.lists.front() + ", line 1";
    mount.there = true;
    mount.essential = true;
    containers.mounts = {mount};
    return containers;
}

CompatRecord compat_record(const std::string& soc, int line, const std::string& product,
                           std::vector<CudaVersion> promised, std::vector<CudaVersion> reported) {
    CompatRecord record;
    record.soc = soc;
    record.line = line;
    record.product = product;
    record.id = soc + ' ' + line_text(line) + ' ' + product;
    record.promised = std::move(promised);
    record.reported = std::move(reported);
    record.known_up_to = {13, 4};
    record.source = "compat.json";
    return record;
}

std::vector<CompatRecord> compat_records(const std::string& soc) {
    if (soc == "T194") return {compat_record(soc, 35, "l4t", {{11, 8}, {12, 2}})};
    if (soc == "T264") {
        return {compat_record(soc, 38, "sbsa", {}), compat_record(soc, 39, "sbsa", {{13, 3}, {13, 4}})};
    }
    CompatRecord orin = compat_record(soc, 36, "orin", {}, {{13, 2}});
    orin.listed = false;
    return {compat_record(soc, 35, "l4t", {{11, 8}, {12, 2}}), compat_record(soc, 36, "l4t", {{12, 4}, {12, 9}}), orin,
            compat_record(soc, 39, "orin", {{13, 3}, {13, 4}})};
}

Facts healthy(const BoardDescription& board) {
    const SocRecord soc = soc_record(board.soc);
    const std::string modules = "/lib/modules/" + board.kernel;
    Facts facts;
    facts.scope.probe_wanted = true;
    facts.boot_id = Fact<std::string>("7f3c", "/proc/sys/kernel/random/boot_id");
    facts.environment = Fact<Environment>(Environment{}, "/proc/1/environ");
    facts.distribution = Fact<Distribution>(Distribution::ubuntu, "/etc/os-release");
    Board made;
    made.tegra = true;
    made.chip = "nvidia,tegra" + board.soc.substr(1);
    made.soc = soc;
    facts.board = Fact<Board>(made, "/proc/device-tree/compatible");
    facts.release = Fact<Release>(Release{board.l4t.line, board.l4t, ReleaseOrigin::release_file, "1"},
                                  "/etc/nv_tegra_release, line 1");
    facts.line = Fact<LineRecord>(line_record(board.l4t.line), "releases.json");
    ReleaseRecord reference;
    reference.l4t = board.l4t;
    reference.jetpack = board.jetpack;
    reference.driver_cuda = board.cuda;
    facts.reference = Fact<ReleaseRecord>(reference, "releases.json");
    facts.firmware = Fact<Firmware>(Firmware{board.l4t.text(), board.l4t}, "/sys/devices/virtual/dmi/id/bios_version");
    facts.kernel_release = Fact<std::string>(board.kernel, "/proc/sys/kernel/osrelease");
    facts.kernel_modules = Fact<KernelModules>(KernelModules{modules, {}}, modules);

    GpuModule module;
    module.running = {soc.gpu_module, ModulePresence::loaded, "", "ABCDEF", "0123abcd"};
    if (soc.gpu_module == "nvidia") {
        module.uvm = RunningModule{"nvidia-uvm", ModulePresence::loaded, "", "", ""};
        module.release = Fact<ModuleRelease>(ModuleRelease{std::nullopt, "595.78"}, "/sys/module/nvidia/version");
    } else {
        module.release = Fact<ModuleRelease>(ModuleRelease{board.l4t, ""}, "package of the module");
    }
    module.file =
        Fact<ModuleFile>(ModuleFile{modules + "/updates/" + soc.gpu_module + ".ko",
                                    board.kernel + " SMP preempt mod_unload aarch64", "", "ABCDEF", "0123abcd"},
                         modules);
    facts.gpu_module = Fact<GpuModule>(module, "/proc/modules");

    DeviceNodes nodes;
    if (soc.gpu_variant == "openrm") {
        nodes.nodes = {node("/dev/nvidia-uvm"), node("/dev/nvidia0"), node("/dev/nvidiactl"), node("/dev/nvmap")};
    } else {
        nodes.nodes = {node("/dev/nvgpu/igpu0/as"), node("/dev/nvgpu/igpu0/ctrl"),
                       node("/dev/nvgpu/igpu0/dbg", "root", 0600), node("/dev/nvhost-ctrl-gpu"), node("/dev/nvmap")};
    }
    facts.device_nodes = Fact<DeviceNodes>(nodes, "/dev");
    facts.service_users = Fact<std::vector<ServiceUser>>({}, "/etc/group");

    LibcudaFile libcuda;
    libcuda.path = board.libcuda;
    libcuda.real_path = board.libcuda + ".1";
    libcuda.size = 30U << 20U;
    libcuda.elf = true;
    libcuda.machine = ElfMachine::aarch64;
    libcuda.soname = "libcuda.so.1";
    facts.libcuda = Fact<LibcudaFile>(libcuda, "/etc/ld.so.cache");
    LibcudaSearch search;
    search.plain = {"a program without search paths of its own",
                    libcuda.path,
                    libcuda.real_path,
                    {{"/etc/ld.so.cache", libcuda.path, LoaderStep::Outcome::taken}}};
    search.cache_read = true;
    search.all = {{libcuda.path, libcuda.real_path, "/etc/ld.so.cache", libcuda}};
    facts.libcuda_search = Fact<LibcudaSearch>(search, "/etc/ld.so.cache");
    Compat compat;
    compat.records = compat_records(soc.id);
    facts.compat = Fact<Compat>(compat, "compat folders");
    facts.libcuda_release = Fact<DriverRelease>(DriverRelease{board.l4t, soc.gpu_module == "nvidia" ? "595.78" : ""},
                                                "package nvidia-l4t-cuda");
    std::vector<DriverCompanion> companions(2);
    companions[0].name = "libnvrm_gpu.so";
    companions[0].asked_by = "NEEDED of " + libcuda.path;
    companions[0].path = "/usr/lib/aarch64-linux-gnu/nvidia/libnvrm_gpu.so";
    companions[1].name = "libnvidia-ptxjitcompiler.so.*";
    companions[1].asked_by = "driver_companions.json";
    companions[1].version = facts.libcuda_release->driver_version.empty() ? "540.5.0" : "595.78";
    if (board.l4t.line == 35) companions[1].version = board.l4t.text();
    companions[1].path = "/usr/lib/aarch64-linux-gnu/nvidia/libnvidia-ptxjitcompiler.so." + companions[1].version;
    companions[1].required = false;
    companions[1].without = "no PTX can be compiled";
    facts.companions = Fact<std::vector<DriverCompanion>>(companions, libcuda.real_path);
    facts.pending_reboot = Fact<PendingReboot>(PendingReboot{}, "/run/reboot-required");
    KernelLog log;
    log.lines = 1500;
    facts.kernel_log = Fact<KernelLog>(log, "the journal of this boot");
    facts.containers = Fact<Containers>(healthy_containers(libcuda.real_path), "/etc/nvidia-container-runtime");
    facts.driver_probe = Fact<ProbeAnswer>(healthy_probe(libcuda.real_path, board.cuda.api(), soc), "jetcuda-probe");
    facts.cuda_libraries = Fact<CudaLibraries>(healthy_libraries(), "the folders of the CUDA libraries");
    facts.cuda_library_files = Fact<std::vector<CudaLibraryFile>>(healthy_library_files(soc.capability.sm()),
                                                                  "the folders of the CUDA libraries");
    facts.programs =
        Fact<std::vector<NamedProgram>>({healthy_program(soc.capability.sm(), libcuda)}, "setting \"programs\"");
    put_healthy_software(facts);
    return facts;
}

Facts healthy_xavier() {
    return healthy(
        {"T194", {35, 6, 4}, "5.1.6", "5.10.216-tegra", "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1", {11, 4}});
}

Facts healthy_orin() {
    return healthy(
        {"T234", {36, 5, 0}, "6.2.2", "5.15.185-tegra", "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1", {12, 6}});
}

Facts healthy_thor() {
    return healthy(
        {"T264", {39, 2, 0}, "7.2", "6.8.12-1021-tegra", "/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1", {13, 2}});
}

Missing missing(Lack lack, const std::string& what) {
    return {lack, what + " is " + std::string(name_of(lack)), "/somewhere"};
}

CheckResult judged_alone(std::string_view id, const Facts& facts) {
    const Check* found = find_check(id);
    if (found == nullptr) return {};
    Check check = *found;
    check.needs.clear();
    return judge(facts, {&check}).front();
}

CheckResult judged(std::string_view id, const Facts& facts) {
    const Check* check = find_check(id);
    return check == nullptr ? CheckResult{} : judge(facts, {check}).front();
}

}  // namespace jetcuda::testing
