// What is known about Jetsons before looking at one: SoCs, L4T lines and releases, names of packages, read from the
// data files
// (/usr/share/jetcuda-check/data/*.json; /etc/jetcuda-check/data.d/*.json extends or overrides record by record).
// Every record carries its source. A value that nobody established is absent, never guessed.

#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "probes/catalog/compat_records.hpp"
#include "probes/catalog/container_records.hpp"
#include "probes/catalog/package_records.hpp"
#include "probes/catalog/system_records.hpp"
#include "probes/versions.hpp"

namespace jetcuda {

enum class SocSupport { supported, left_behind };  // left_behind: T186, T210; no CUDA we could judge

struct SocRecord {
    std::string id;    // "T234"
    std::string name;  // "Orin", as NVIDIA calls the GPU's SoC
    SocSupport support = SocSupport::supported;
    Capability capability;                       // of the integrated GPU
    std::vector<std::string> compatible;         // device-tree words that name it: "nvidia,tegra234", "nvidia,tegra23x"
    std::string soc0_id;                         // /sys/devices/soc0/soc_id, decimal text: "35"
    std::string gpu_module;                      // "nvgpu" or "nvidia": the module that drives compute
    std::string gpu_variant;                     // "nvgpu" or "openrm"
    std::map<std::string, std::string> modules;  // "p3767-0000" -> "Jetson Orin NX 16GB"
    std::string source;
};

enum class LineSupport { supported, not_supported };  // not_supported: known, too old (R32, R34 …)

struct LineRecord {
    int line = 0;
    LineSupport support = LineSupport::supported;
    std::vector<std::string> socs;  // "T234"
    std::string source;
    // The least that a driver of this line runs, by its releases that the data know; absent: none is established.
    std::optional<CudaVersion> least_driver_cuda = {};
};

// The CUDA versions that a cuda_compat package may bring to a release, both included.
struct CompatWindow {
    CudaVersion lowest;
    CudaVersion highest;
};

struct ReleaseRecord {
    L4tRelease l4t;
    std::optional<std::string> jetpack;             // "6.2.2"
    std::optional<CudaVersion> cuda;                // of the JetPack's toolkit
    std::optional<CudaVersion> driver_cuda;         // that cuDriverGetVersion of its own libcuda answers
    std::optional<std::string> driver_version;      // "540.5.0": suffix of libnvidia-ptxjitcompiler
    std::optional<std::string> kernel;              // "5.15.185"
    std::vector<std::string> socs;                  // "T234"
    std::map<std::string, std::string> components;  // of its JetPack: "cuda_cudart" -> "12.6.68"
    std::optional<std::string> cudnn;               // "9.3.0.75"
    std::optional<std::string> tensorrt;            // "10.3.0.30"
    std::optional<CompatWindow> compat;
    std::string source;
};

struct Catalog {
    std::vector<SocRecord> socs;
    std::vector<LineRecord> lines;
    std::vector<ReleaseRecord> releases;  // ascending
    std::vector<ComponentRecord> components;
    std::vector<PackageGroupRecord> l4t_packages;
    std::vector<PackageGroupRecord> discrete_drivers;
    std::vector<ReleaseExceptionRecord> release_exceptions;
    std::vector<CompatRecord> compats;
    std::vector<CompanionRecord> companions;
    std::vector<KernelFaultRecord> kernel_faults;
    std::vector<ContainerFileRecord> container_files;

    [[nodiscard]] const SocRecord* soc(std::string_view id) const;
    [[nodiscard]] const LineRecord* line(int line) const;
    [[nodiscard]] const ReleaseRecord* release(const L4tRelease& l4t) const;
};

// A data file that does not parse or breaks a rule: names file, place (line, or record and key) and the way out.
struct CatalogError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class CatalogUse {
    whole,
    described_board  // SoCs, lines, releases and cuda_compats: no board is looked at, and nothing else is needed
};

// Reads and validates the files in `data_directory` that the use asks for, then every *.json of `drop_in_directory` in
// the order of their names (a folder that does not exist is no error). Throws CatalogError.
Catalog load_catalog(const std::filesystem::path& data_directory, const std::filesystem::path& drop_in_directory,
                     CatalogUse use = CatalogUse::whole);

}  // namespace jetcuda
