#include "probes/collect.hpp"

#include <string_view>
#include <utility>

#include "probes/containers/containers.hpp"
#include "probes/driver/accounts.hpp"
#include "probes/driver/device_nodes.hpp"
#include "probes/driver/gpu_module.hpp"
#include "probes/driver/libcuda.hpp"
#include "probes/gpu/ask_driver.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/platform/environment.hpp"
#include "probes/platform/firmware.hpp"
#include "probes/platform/kernel.hpp"
#include "probes/platform/l4t_release.hpp"
#include "probes/platform/soc.hpp"

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
        driver();
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
        scope.probe_wanted = request_.probe && (scope.live || request_.driver);
        facts_.environment = read_environment(root_);
        scope.in_container = facts_.environment && facts_.environment->container;
        facts_.distribution = read_distribution(root_);
        facts_.boot_id = read_boot_id(root_);
    }

    void platform() {
        begin("packages");
        packages_ = read_dpkg(root_, {"nvidia-l4t-", "nvidia-container-toolkit", "docker"});
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
        if (const LineRecord* line = catalog_.line(number)) return {*line, line->source};
        return Missing{Lack::not_there, "the data know no L4T line " + line_text(number), "releases.json"};
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
        facts_.kernel_release = read_kernel_release(root_);
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
    void companions() { begin("companions"); }

    // Installed packages and toolkits.
    void software() { begin("software"); }

    // Which libcuda programs get.
    void loader() { begin("loader"); }

    void compat() { begin("compat"); }

    void containers() {
        begin("containers");
        facts_.containers = read_containers(root_, catalog_.container_files, packages_, container_surroundings(facts_));
    }

    // The running system against the installed one, and what its kernel says.
    void system_state() { begin("system state"); }

    void driver() {
        std::string library;
        if (std::optional<Missing> reason = reason_not_to_ask(library)) {
            facts_.driver_probe = std::move(*reason);
            return;
        }
        begin("driver");
        ProbeRequest probe;
        probe.library = library;
        probe.step_limit = request_.probe_step_limit;
        probe.total_limit = request_.probe_total_limit;
        facts_.driver_probe = {ask_driver(request_.probe_program, probe, request_.probe_lock),
                               "jetcuda-probe " + library};
    }

    // Why no driver is asked; otherwise `library` is the one to ask. A stub is asked too: what it answers is measured,
    // and beats what its content suggests.
    [[nodiscard]] std::optional<Missing> reason_not_to_ask(std::string& library) const {
        const auto because = [](std::string why) { return Missing{Lack::not_asked, std::move(why), "jetcuda-probe"}; };
        if (!request_.probe) return because("the request was to ask no driver");
        if (request_.driver) {
            library = *request_.driver;
            return std::nullopt;
        }
        if (!facts_.scope.live) return because("the drivers of another root cannot be asked on this machine");
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
};

}  // namespace

Facts collect(const SystemRoot& root, const Catalog& catalog, const CollectRequest& request) {
    return Collection(root, catalog, request).run();
}

}  // namespace jetcuda
