#include "probes/collect.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "probes/compat/compat.hpp"
#include "probes/containers/containers.hpp"
#include "probes/driver/accounts.hpp"
#include "probes/driver/companions.hpp"
#include "probes/driver/device_nodes.hpp"
#include "probes/driver/gpu_module.hpp"
#include "probes/driver/libcuda.hpp"
#include "probes/gpu/ask_driver.hpp"
#include "probes/loader/libcuda_search.hpp"
#include "probes/loader/named_programs.hpp"
#include "probes/packages/cuda_libraries.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/packages/software.hpp"
#include "probes/packages/toolkits.hpp"
#include "probes/platform/environment.hpp"
#include "probes/platform/firmware.hpp"
#include "probes/platform/kernel.hpp"
#include "probes/platform/kernel_log.hpp"
#include "probes/platform/l4t_release.hpp"
#include "probes/platform/memory.hpp"
#include "probes/platform/nix_system.hpp"
#include "probes/platform/pending_reboot.hpp"
#include "probes/platform/processes.hpp"
#include "probes/platform/soc.hpp"
#include "probes/programs/file_looks.hpp"
#include "probes/programs/inspection_memory.hpp"

namespace jetcuda {
namespace {

// One run of collect(): each function below fills the facts of one room, from those that came before.
class Collection {
public:
    Collection(const SystemRoot& root, const Catalog& catalog, const CollectRequest& request)
        : root_(root), catalog_(catalog), request_(request) {}

    Facts run() {
        scope();
        platform();
        kernel();
        device_nodes();
        libcuda();
        companions();
        software();
        loader();
        compat();
        containers();
        system_state();
        cuda_libraries();
        gpu_code();
        driver();
        compat_drivers();
        custom();
        return std::move(facts_);
    }

private:
    void begin(std::string_view source) const {
        if (request_.on_progress) request_.on_progress(source);
    }

    void scope() {
        begin("environment");
        Scope& scope = facts_.scope;
        scope.root = root_.host_directory().string();
        scope.live = root_.live();
        scope.at_rest = !scope.live && !root_.exists("/proc/modules");
        scope.driver_override = request_.driver;
        scope.all_compat = request_.all_compat;
        if (!root_.incoming_system().empty()) scope.system = root_.incoming_system();
        scope.probe_wanted =
            request_.probe && request_.ask_driver && ((scope.live && !scope.system) || request_.driver);
        facts_.environment = read_environment(root_);
        scope.in_container = facts_.environment && facts_.environment->container;
        facts_.distribution = read_distribution(root_);
        facts_.boot_id = read_boot_id(root_);
    }

    void platform() {
        begin("packages");
        packages_ = read_dpkg(root_);
        begin("release");
        facts_.release = read_release(root_, catalog_, packages_);
        facts_.line = line_of_release();
        facts_.reference = reference_of_release();
        begin("board");
        facts_.board = read_board(root_, catalog_, request_.soc, facts_.release);
        begin("firmware");
        facts_.firmware = read_firmware(root_);
    }

    [[nodiscard]] Fact<LineRecord> line_of_release() const {
        if (!facts_.release) return facts_.release.missing();
        const int number = facts_.release->line;
        if (const LineRecord* known = catalog_.line(number)) {
            LineRecord line = *known;
            line.least_driver_cuda = least_driver_cuda(*facts_.release);
            return {line, line.source};
        }
        return Missing{Lack::not_there, "the data know no L4T line " + line_text(number), "releases.json"};
    }

    // Drivers of one line do not go back: a release that the data do not know has at least what one before it has.
    [[nodiscard]] std::optional<CudaVersion> least_driver_cuda(const Release& release) const {
        std::optional<CudaVersion> least;
        for (const ReleaseRecord& record : catalog_.releases) {
            if (record.l4t.line != release.line || !record.driver_cuda) continue;
            const bool before = release.l4t && record.l4t <= *release.l4t;
            if (!least || (before && *least < *record.driver_cuda)) least = record.driver_cuda;
        }
        return least;
    }

    [[nodiscard]] Fact<ReleaseRecord> reference_of_release() const {
        if (!facts_.release) return facts_.release.missing();
        if (!facts_.release->l4t) {
            return Missing{Lack::not_there, "of the release only its line is known", facts_.release.source()};
        }
        if (const ReleaseRecord* record = catalog_.release(*facts_.release->l4t)) return {*record, record->source};
        return Missing{Lack::not_there, "the data know no release L4T " + facts_.release->l4t->text(), "releases.json"};
    }

    void kernel() {
        begin("kernel");
        facts_.kernel_release = facts_.scope.system ? read_incoming_kernel_release(root_) : read_kernel_release(root_);
        facts_.kernel_modules = read_kernel_modules(root_, facts_.kernel_release);
        begin("gpu module");
        facts_.gpu_module =
            read_gpu_module(root_, {facts_.board, facts_.kernel_modules, packages_, facts_.scope.in_container});
    }

    void device_nodes() {
        begin("device nodes");
        const Fact<std::vector<Group>> groups = read_groups(root_);
        facts_.device_nodes = read_device_nodes(root_, groups);
        facts_.service_users = read_service_users(root_, groups, request_.service_users);
    }

    void libcuda() {
        begin("libcuda");
        LibcudaPlaces places;
        if (facts_.distribution) places.distribution = *facts_.distribution;
        if (facts_.release) places.line = facts_.release->line;
        if (facts_.board && facts_.board->soc) places.gpu_variant = facts_.board->soc->gpu_variant;
        places.at_rest = facts_.scope.at_rest;
        facts_.libcuda = find_libcuda(root_, places);
        facts_.libcuda_release =
            read_libcuda_release(root_, catalog_, facts_.libcuda, packages_, facts_.scope.in_container);
    }

    // What libcuda cannot do without.
    void companions() {
        begin("companions");
        ld_so_conf_ = read_ld_so_conf(root_);
        CompanionQuestion question{facts_.libcuda, catalog_.companions, facts_.release ? facts_.release->line : 0,
                                   gpu_variant()};
        for (const ConfFolder& folder : ld_so_conf_.folders) question.configured_folders.push_back(folder.path);
        facts_.companions = read_companions(root_, question);
    }

    // Whose packages count. A disk on which nothing runs has no current system; its profile leads to the one that
    // starts next. (source: nixos-rebuild(8))
    [[nodiscard]] std::string nix_system() const {
        if (facts_.scope.system) return *facts_.scope.system;
        const bool started = !facts_.scope.at_rest || root_.exists(current_nix_system);
        return started ? std::string(current_nix_system) : "/nix/var/nix/profiles/system";
    }

    // Installed packages and toolkits.
    void software() {
        begin("software");
        const std::optional<L4tRelease> l4t = facts_.release ? facts_.release->l4t : std::nullopt;
        facts_.software = read_software(root_, catalog_, {packages_, nix_system(), l4t});
        begin("toolkits");
        facts_.toolkits = find_toolkits(root_);
    }

    // Which libcuda programs get.
    void loader() {
        begin("loader");
        if (facts_.board && !facts_.board->tegra) {
            facts_.libcuda_search = Missing{Lack::not_asked, "this machine is no Jetson", ""};
            return;
        }
        facts_.libcuda_search =
            search_libcuda(root_, ld_so_conf_, facts_.distribution ? *facts_.distribution : Distribution::other);
    }

    void compat() {
        begin("compat");
        CompatQuestion question{std::nullopt, std::nullopt, packages_, facts_.libcuda_search, facts_.software};
        if (facts_.board && facts_.board->soc) question.soc = facts_.board->soc->id;
        if (facts_.release) question.line = facts_.release->line;
        facts_.compat = read_compat(root_, catalog_, question);
    }

    void containers() {
        begin("containers");
        facts_.containers = read_containers(root_, catalog_.container_files, packages_, container_surroundings(facts_));
    }

    // The running system against the installed one, and what its kernel says.
    void system_state() {
        begin("system state");
        const KnownModules known{facts_.kernel_modules, facts_.gpu_module};
        facts_.booted_system = read_nix_system(root_, booted_nix_system, known);
        if (facts_.scope.system) {
            facts_.incoming_system = read_nix_system(root_, *facts_.scope.system, known);
            facts_.pending_reboot =
                Missing{Lack::not_asked, "what a restart would change is asked of the current system only",
                        *facts_.scope.system};
        } else {
            facts_.pending_reboot =
                read_pending_reboot(root_, {facts_.kernel_release, packages_, facts_.booted_system, known});
        }
        begin("kernel log");
        if (facts_.board && !facts_.board->tegra) {
            facts_.kernel_log = Missing{Lack::not_asked, "this machine is no Jetson", "the kernel's log"};
            return;
        }
        facts_.kernel_log =
            read_kernel_log(root_, {facts_.boot_id, catalog_.kernel_faults, gpu_variant(), facts_.scope.in_container});
    }

    // "nvgpu" or "openrm"; empty where the SoC is not known.
    [[nodiscard]] std::string gpu_variant() const {
        return facts_.board && facts_.board->soc ? facts_.board->soc->gpu_variant : std::string();
    }

    void cuda_libraries() {
        begin("cuda libraries");
        facts_.cuda_libraries = find_cuda_libraries(root_, catalog_, library_question());
    }

    [[nodiscard]] CudaLibraryQuestion library_question() const {
        CudaLibraryQuestion question{facts_.software, facts_.toolkits, std::nullopt, request_.driver};
        if (facts_.reference) question.driver_cuda = facts_.reference->driver_cuda;
        return question;
    }

    // What the installed CUDA libraries and the configured programs carry for a GPU. Of another root nothing is
    // remembered: its files are not this machine's, and may lie elsewhere the next time.
    void gpu_code() {
        facts_.cuda_library_files = Missing{Lack::not_asked, "nothing that is judged rests on them", ""};
        facts_.programs = Missing{Lack::not_asked, "nothing that is judged rests on them", ""};
        const bool no_jetson = facts_.board && !facts_.board->tegra;
        if (no_jetson || (!request_.look_into_libraries && !request_.look_into_programs)) return;
        begin("gpu code");
        InspectionMemory memory =
            root_.live() ? InspectionMemory(request_.memory_folder, request_.memory_tool) : InspectionMemory();
        FileLooks looks(root_, memory);
        const CudaLibraryQuestion question = library_question();
        Fact<std::vector<CudaLibraryFile>> libraries = find_cuda_library_files(root_, catalog_, question);
        ProgramQuestion programs{request_.programs, ld_so_conf_, {}};
        for (CudaLibraryFile& library : libraries.value()) {
            programs.known.insert(library.file.real_path);
            if (request_.look_into_libraries) library.file.content = looks.look_at(library.file.path);
        }
        if (request_.look_into_libraries) facts_.cuda_library_files = std::move(libraries);
        if (request_.look_into_programs) {
            begin("programs");
            facts_.programs = {look_at_programs(root_, programs, looks), "setting \"programs\""};
        }
        memory.save();
    }

    void driver() {
        std::string library;
        if (std::optional<Missing> reason = reason_not_to_ask(library)) {
            facts_.driver_probe = std::move(*reason);
            return;
        }
        begin("driver");
        ProbeRequest probe = probe_of(library);
        probe.work = {ProbeStep::native, ProbeStep::jit, ProbeStep::patterns};
        if (facts_.cuda_libraries && facts_.cuda_libraries->runtime) {
            probe.work.push_back(ProbeStep::runtime);
            probe.runtime = facts_.cuda_libraries->runtime->opened;
        }
        if (facts_.cuda_libraries && !facts_.cuda_libraries->libraries.empty()) {
            probe.work.push_back(ProbeStep::libraries);
            for (const CudaLibrary& one : facts_.cuda_libraries->libraries) probe.libraries.push_back(one.opened);
        }
        facts_.driver_probe = {ask(probe), "jetcuda-probe " + library};
    }

    // What every probe of this run has in common.
    [[nodiscard]] ProbeRequest probe_of(std::string library) {
        ProbeRequest probe;
        probe.library = std::move(library);
        probe.step_limit = request_.probe_step_limit;
        probe.total_limit = request_.probe_total_limit;
        probe.repeat = request_.repeat;
        const Fact<std::uint64_t> available = read_available_memory(root_);
        if (available) probe.available = *available;
        return probe;
    }

    [[nodiscard]] ProbeAnswer ask(const ProbeRequest& probe) const {
        return ask_driver(request_.probe_program, probe, request_.probe_lock);
    }

    // The rungs above the release's own driver: each cuda_compat of the right product, in processes of its own. One
    // that is for other boards is told, and never run.
    void compat_drivers() {
        if (!facts_.compat || !facts_.driver_probe) return;
        std::chrono::milliseconds left = request_.probe_total_limit;
        bool rung_stuck = false;
        for (const CompatFolder& folder : facts_.compat->folders) {
            const bool enabled = !folder.enabled_by.empty();
            if (!enabled && !request_.all_compat) continue;
            const auto because = [](std::string why) {
                return Missing{Lack::not_asked, std::move(why), "jetcuda-probe"};
            };
            Fact<ProbeAnswer>& rung = facts_.compat_probes[folder.directory];
            // A process that is stuck in the kernel holds the lock, and nothing is started beside it.
            const bool driver_stuck = facts_.driver_probe->stuck_pid != 0;
            if (left <= std::chrono::milliseconds{0}) {
                rung = because("those before it took all the time that there is");
            } else if (driver_stuck) {
                rung = because("the release's own driver got stuck in the kernel");
            } else if (rung_stuck) {
                rung = because("the driver of another cuda_compat got stuck in the kernel");
            } else if (!is_product_of_this_board(folder)) {
                rung = because("it is the product for other boards");
            } else if (std::optional<std::string> library = library_of(folder)) {
                begin("compat driver");
                ProbeRequest probe = probe_of(*library);
                probe.total_limit = left;
                probe.library_path = library_path_of(*library);
                probe.work = {ProbeStep::native, ProbeStep::jit};
                rung = {ask(probe), "jetcuda-probe " + *library};
                left -= std::min(left, rung->duration);
                rung_stuck = rung->stuck_pid != 0;
            } else {
                rung = because("its libcuda is no library that can be opened on this machine");
            }
        }
    }

    [[nodiscard]] bool is_product_of_this_board(const CompatFolder& folder) const {
        const std::vector<CompatRecord>& records = facts_.compat->records;
        return std::any_of(records.begin(), records.end(),
                           [&folder](const CompatRecord& record) { return record.product == name_of(folder.product); });
    }

    // Where the libcuda of a compat folder is on this machine. With --driver it stands beside the driver that was
    // named, in a folder of its CUDA version: compat/12.9/libcuda.so.1.
    [[nodiscard]] std::optional<std::string> library_of(const CompatFolder& folder) const {
        if (!request_.driver) {
            if (!folder.library.elf) return std::nullopt;
            return folder.library.path;
        }
        if (!folder.cuda) return std::nullopt;
        const std::filesystem::path beside = std::filesystem::path(*request_.driver).parent_path();
        return beside / "compat" / folder.cuda->text() / "libcuda.so.1";
    }

    // Its own folder, then the driver's: a compat brings some of the driver's helpers, and takes the others from there.
    [[nodiscard]] std::string library_path_of(const std::string& library) const {
        const auto folder_of = [](const std::string& path) {
            return std::filesystem::path(path).parent_path().string();
        };
        return folder_of(library) + ':' + folder_of(facts_.driver_probe->library);
    }

    // They are run on the system that they were put on: this one, while it runs.
    void custom() {
        if (!request_.probe || !facts_.scope.live || facts_.scope.system) return;
        facts_.custom = ask_custom_programs(
            {request_.custom_folder, request_.custom_programs, request_.custom_total_limit, request_.on_progress});
    }

    // Why no driver is asked; otherwise `library` is the one to ask. A stub is asked too: what it answers is measured,
    // and beats what its content suggests.
    [[nodiscard]] std::optional<Missing> reason_not_to_ask(std::string& library) const {
        const auto because = [](std::string why) { return Missing{Lack::not_asked, std::move(why), "jetcuda-probe"}; };
        if (!request_.probe || !request_.ask_driver) return because("the request was to ask no driver");
        if (request_.driver) {
            library = *request_.driver;
            return std::nullopt;
        }
        if (!facts_.scope.live) return because("the drivers of another root cannot be asked on this machine");
        if (is_running(root_, "nvpmodel"))
            return because("nvpmodel is setting the board's power mode; ask again after it");
        if (facts_.scope.system) return because("the driver of a system that is not running has no module to ask");
        if (facts_.board && !facts_.board->tegra) return because("this machine is no Jetson");
        if (!facts_.libcuda) return because("there is no libcuda to ask: " + facts_.libcuda.missing().why);
        if (!facts_.libcuda->elf)
            return because(facts_.libcuda->path + " is no library to load: " + facts_.libcuda->flaw);
        library = facts_.libcuda->path;
        return std::nullopt;
    }

    const SystemRoot& root_;
    const Catalog& catalog_;
    const CollectRequest& request_;
    Facts facts_;
    Fact<DpkgPackages> packages_;
    LdSoConf ld_so_conf_;
};

}  // namespace

Facts collect(const SystemRoot& root, const Catalog& catalog, const CollectRequest& request) {
    return Collection(root, catalog, request).run();
}

}  // namespace jetcuda
