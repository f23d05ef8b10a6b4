// What the name of a store path says: "cuda12.6-cuda_cudart-12.6.77-lib" is the output `lib` of cudart 12.6.77, of
// nixpkgs's CUDA 12.6 set. Nothing else in the store says it, and the names follow nixpkgs's rules
// (cuda-modules/buildRedist) and jetpack-nixos's (buildFromDebs.nix).

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/catalog/package_records.hpp"
#include "probes/versions.hpp"

namespace jetcuda {

// "cuda12.6-cuda_cudart-12.6.77-lib" of "/nix/store/<32 characters>-cuda12.6-…/lib/x"; empty: no store path.
std::string_view name_of_store_path(std::string_view path);

// "/nix/store/<32 characters>-name" of a path below it; empty: no store path.
std::string_view store_path_of(std::string_view path);

struct NixComponentName {
    const ComponentRecord* component = nullptr;
    std::string package;              // the name without its output
    std::string version;              // "12.6.77"
    std::optional<CudaVersion> cuda;  // of the set
    bool for_building = false;        // an output that only builders need: dev, static, stubs …
};

// Nothing: no part of the CUDA stack, or what nixpkgs gives in place of one that the platform does not have
// ("cuda12.6-cuda_compat-0-unsupported").
std::optional<NixComponentName> parse_nix_component(const std::vector<ComponentRecord>& components,
                                                    std::string_view name);

struct NixL4tName {
    std::string package;  // "nvidia-l4t-3d-core"
    std::string version;  // "36.5.0-20260115194252"
};

std::optional<NixL4tName> parse_nix_l4t(const std::vector<PackageGroupRecord>& groups, std::string_view name);

}  // namespace jetcuda
