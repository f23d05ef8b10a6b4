// The driver's companions, the running system against the installed one, and the kernel's log, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

void add_companions(Rows& rows, const Facts& facts) {
    if (!rows.begin("companions", facts.companions)) return;
    for (const DriverCompanion& companion : *facts.companions) {
        const std::string name = "companions." + companion.name;
        if (companion.path.empty()) {
            rows.put_missing(name, {Lack::not_there, "it is in none of the folders where libcuda would find it",
                                    companion.asked_by});
            continue;
        }
        rows.put(name, companion.path, companion.asked_by);
        if (!companion.flaw.empty()) rows.put(name + ".flaw", companion.flaw, companion.path);
        if (!companion.version.empty()) rows.put(name + ".version", companion.version, companion.path);
    }
}

void add_pending_reboot(Rows& rows, const Facts& facts) {
    if (!rows.begin("pending_reboot", facts.pending_reboot)) return;
    const PendingReboot& pending = *facts.pending_reboot;
    rows.put("pending_reboot", !pending.reasons.empty(), facts.pending_reboot.source());
    for (std::size_t index = 0; index < pending.reasons.size(); ++index) {
        rows.put("pending_reboot.reason", pending.reasons[index],
                 index < pending.sources.size() ? pending.sources[index] : facts.pending_reboot.source());
    }
    for (const std::string& package : pending.other_packages) rows.part("other_package", package);
}

void add_nix_system(Rows& rows, const std::string& name, const Fact<NixSystem>& system) {
    if (!rows.begin(name, system)) return;
    rows.part("path", system->path);
    rows.part_if("libcuda", system->libcuda);
    rows.part_if("libcuda.l4t", system->libcuda_l4t);
    rows.part_if("modules", system->modules);
    rows.part_if("modules.l4t", system->modules_l4t);
}

void add_kernel_log(Rows& rows, const Facts& facts) {
    if (!rows.begin("kernel_log", facts.kernel_log)) return;
    rows.part("lines", std::to_string(facts.kernel_log->lines));
    if (facts.kernel_log->cut) rows.part("cut", true);
    for (const GpuFault& fault : facts.kernel_log->faults) {
        rows.part(fault.id, std::to_string(fault.count));
        rows.part(fault.id + ".line", fault.line);
    }
}

}  // namespace

void add_system_state(Rows& rows, const Facts& facts) {
    add_companions(rows, facts);
    add_pending_reboot(rows, facts);
    add_nix_system(rows, "booted_system", facts.booted_system);
    add_nix_system(rows, "incoming_system", facts.incoming_system);
    add_kernel_log(rows, facts);
}

}  // namespace jetcuda
