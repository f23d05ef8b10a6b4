// Variations of the healthy boards' software, for tests of the judges of packages: other parts in their place, a Nix
// store in place of dpkg, a cuda_compat, a toolkit.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/checks/healthy_facts.hpp"

namespace jetcuda::testing {

inline void add(Facts& facts, const std::vector<InstalledComponent>& parts) {
    auto& components = facts.software.value().components;
    components.insert(components.end(), parts.begin(), parts.end());
}

// The machine with exactly these parts, and no toolkit or compat beside them.
inline Facts with_software(Facts facts, const std::vector<InstalledComponent>& components) {
    facts.software.value().components = components;
    facts.toolkits.value().clear();
    return facts;
}

inline Facts orin_with(const std::vector<InstalledComponent>& components) {
    Facts facts = with_software(healthy_orin(), components);
    ReleaseRecord& reference = facts.reference.value();
    reference.components = {{"cuda_cudart", "12.6.68"}, {"libcublas", "12.6.1.4"}, {"libcusparse", "12.5.3.3"}};
    return facts;
}

inline Facts xavier_with(const std::vector<InstalledComponent>& components) {
    return with_software(healthy_xavier(), components);
}

inline Facts thor_with(const std::vector<InstalledComponent>& components) {
    return with_software(healthy_thor(), components);
}

// The same machine, its packages in a Nix store.
inline Facts on_nixos(Facts facts) {
    facts.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    facts.software.value().databases = {PackageDatabase::nix_store};
    return facts;
}

// The same machine with a cuda_compat, enabled for every program or idle.
inline Facts with_compat(Facts facts, CompatProduct product, const CudaVersion& cuda, bool enabled) {
    CompatFolder folder;
    folder.directory = "/usr/local/cuda-" + cuda.text() + (product == CompatProduct::orin ? "/compat_orin" : "/compat");
    folder.product = product;
    folder.cuda = cuda;
    if (enabled) {
        CompatEnabling enabling;
        enabling.who = "every program";
        enabling.source = "/etc/ld.so.conf.d/00-compat.conf, line 1";
        folder.enabled_by.push_back(enabling);
    }
    facts.compat.value().folders.push_back(folder);
    return facts;
}

inline Toolkit toolkit(const CudaVersion& cuda, CudaBuild build, bool is_default = false) {
    return {"/usr/local/cuda-" + cuda.text(), cuda, build, is_default, "/usr/local/cuda/version.json"};
}

}  // namespace jetcuda::testing
