// Installed packages and toolkits, as rows.

#include <fmt/format.h>

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

std::string text_of(const CudaVersion& cuda) { return cuda.minor < 0 ? std::to_string(cuda.major) : cuda.text(); }

// "12.6.68 (cuda-cudart-12-6, runtime, for CUDA 12.6, tegra)"
std::string text_of(const InstalledComponent& component) {
    std::string text = fmt::format("{} ({}, {}", component.version, component.package, name_of(component.kind));
    if (component.cuda) text += fmt::format(", for CUDA {}", text_of(*component.cuda));
    if (component.build != CudaBuild::not_recorded) text += fmt::format(", {}", name_of(component.build));
    if (!component.configured) text += fmt::format(", {}", component.state);
    return text + ")";
}

std::string with_state(const std::string& version, bool configured, const std::string& state) {
    return configured ? version : fmt::format("{} ({})", version, state);
}

void add_packages(Rows& rows, const Fact<Software>& fact) {
    const Software& software = *fact;
    std::vector<std::string> databases;
    for (const PackageDatabase database : software.databases) databases.emplace_back(name_of(database));
    rows.part("databases", databases);
    for (const InstalledComponent& component : software.components) {
        rows.put(fmt::format("software.{}.{}", component.id, component.package), text_of(component), component.source);
    }
    for (const L4tPackage& package : software.l4t) {
        std::string version = with_state(package.version, package.configured, package.state);
        if (!package.exempt.empty()) version += fmt::format(", may be of another release: {}", package.exempt);
        rows.part(package.name, version);
    }
    for (const DiscreteDriverPackage& package : software.discrete_drivers) {
        rows.part(fmt::format("discrete_driver.{}", package.name),
                  with_state(package.version, package.configured, package.state));
    }
}

std::string text_of(const Toolkit& toolkit) {
    if (!toolkit.there) return "a link that leads nowhere";
    std::string text =
        toolkit.cuda ? fmt::format("CUDA {}", text_of(*toolkit.cuda)) : std::string{"version not recorded"};
    if (toolkit.build != CudaBuild::not_recorded) text += fmt::format(", {}", name_of(toolkit.build));
    return toolkit.is_default ? text + ", /usr/local/cuda leads here" : text;
}

}  // namespace

void add_software(Rows& rows, const Facts& facts) {
    if (rows.begin("software", facts.software)) add_packages(rows, facts.software);
    if (!rows.begin("toolkits", facts.toolkits)) return;
    if (facts.toolkits->empty()) rows.put("toolkits", std::string{"none"}, facts.toolkits.source());
    for (const Toolkit& toolkit : *facts.toolkits) {
        rows.put(fmt::format("toolkits.{}", toolkit.directory), text_of(toolkit), toolkit.source);
    }
}

}  // namespace jetcuda
