// Everything that is known about one machine, in one place: filled once by collect(), judged by the checks.
// Plain data and no function. Paths are as the judged system sees them, below its root.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/fact.hpp"
#include "probes/gpu/protocol.hpp"
#include "probes/system/system_root.hpp"
#include "probes/versions.hpp"

namespace jetcuda {

// ---- how it was asked ----

struct Scope {
    std::string root = "/";
    bool live = true;           // root is "/": this machine, now
    bool at_rest = false;       // an image: no proc/modules below the root
    bool in_container = false;  // the same as facts.environment, for those who only need yes or no
    bool probe_wanted = false;  // a driver was to be asked (neither --no-probe nor a foreign root without --driver)
    bool probe_stuck = false;   // none was asked: a child of an earlier run, stuck in the kernel, still holds gpu.lock
    std::optional<std::string> driver_override;  // --driver FILE, a host path
};

// ---- platform ----

struct Environment {
    bool container = false;
    std::string evidence;  // "/.dockerenv", "container=podman in the environment of PID 1"
};

enum class Distribution { ubuntu, nixos, yocto, other };
std::string_view name_of(Distribution distribution);  // "ubuntu", "nixos", "yocto", "other"

// What sort of computer this is. A Tegra chip that our data does not know has `tegra` set and no `soc`.
struct Board {
    bool tegra = false;
    std::string chip;  // as the machine names it: "nvidia,tegra234", or "soc_id 35"
    std::optional<SocRecord> soc;
    std::string module;  // "p3767-0000", empty where no source names it
    std::string model;   // "NVIDIA Jetson Orin NX Engineering Reference Developer Kit", or empty
};

enum class ReleaseOrigin { release_file, store_path, package, driver_files };

// The L4T release of the root file system. Yocto without a release file knows the line only.
struct Release {
    int line = 0;
    std::optional<L4tRelease> l4t;
    ReleaseOrigin origin = ReleaseOrigin::release_file;
    std::string gcid;  // not unique per revision; told, never judged
};

// /sys/devices/virtual/dmi/id/bios_version. Up to R35 it may lack the major number ("4.1-33958178" is R35.4.1).
struct Firmware {
    std::string text;
    std::optional<L4tRelease> l4t;  // absent where the text names no L4T release (a vendor's own version)
};

// ---- kernel and GPU module ----

struct KernelModules {
    std::string directory;                   // of the running kernel: "/lib/modules/5.15.185-tegra"
    std::vector<std::string> other_kernels;  // releases that have a folder beside it
};

enum class ModulePresence { loaded, built_in, absent };

// A module as the running kernel has it.
struct RunningModule {
    std::string name;  // "nvgpu"
    ModulePresence presence = ModulePresence::absent;
    std::string version;     // /sys/module/NAME/version, or empty
    std::string srcversion;  // /sys/module/NAME/srcversion, or empty
    std::string build_id;    // hex, from /sys/module/NAME/notes/.note.gnu.build-id, or empty
};

// A module as a file. Fields are empty where the file has none.
struct ModuleFile {
    std::string path;      // "/lib/modules/5.15.185-tegra/updates/drivers/gpu/nvgpu/nvgpu.ko"
    std::string vermagic;  // whole; its first word is the kernel release
    std::string version;
    std::string srcversion;
    std::string build_id;  // hex
};

// Of which release the GPU module is, from where that is recorded.
struct ModuleRelease {
    std::optional<L4tRelease> l4t;
    std::string driver_version;  // "595.78", where a driver number is what is recorded
};

struct GpuModule {
    RunningModule running;             // the one that drives compute on this SoC
    std::optional<RunningModule> uvm;  // nvidia-uvm, where the SoC needs it (Thor)
    Fact<ModuleFile> file;             // on disk, for the running kernel
    Fact<ModuleRelease> release;
};

// ---- device nodes and groups ----

struct DeviceNode {
    std::string path;
    FileStatus status;
    std::string group;    // name of status.gid in etc/group, or its number
    Fact<bool> can_open;  // by this process, live only
};

struct DeviceNodes {
    std::vector<DeviceNode> nodes;  // all that exist of those the catalog of paths asks for, sorted by path
    [[nodiscard]] const DeviceNode* at(std::string_view path) const;
};

struct ServiceUser {
    std::string name;
    bool exists = false;
    std::vector<std::string> groups;  // primary and supplementary, from etc/passwd and etc/group
};

// ---- libcuda ----

enum class ElfMachine { aarch64, x86_64, other };

// What a libcuda file is, by its content.
struct LibcudaFile {
    std::string path;       // as the loader would name it
    std::string real_path;  // after links
    std::uint64_t size = 0;
    bool elf = false;  // 64-bit little-endian ELF that could be read as a shared object
    std::string flaw;  // why not, where `elf` is false: "empty", "file too short", "not an ELF file" …
    ElfMachine machine = ElfMachine::other;
    std::string soname;
    std::vector<std::string> needed;
    std::string build_id;         // hex, or empty
    bool stub = false;            // by content: the toolkit's stub, which answers 34 to everything
    bool simulated = false;       // exports `jetcuda_simulated_driver`
    bool linked_at_boot = false;  // an image at rest of R39: the variant below /opt/nvidia/l4t-gpu-libs
    bool tegra_place = true;      // lies where an L4T release keeps its driver (folder, store path, l4t-gpu-libs)
};

// Of which release libcuda is. At least one member is set.
struct DriverRelease {
    std::optional<L4tRelease> l4t;  // store path, package nvidia-l4t-cuda, R35's companion names
    std::string driver_version;     // "540.5.0", suffix of its libnvidia-ptxjitcompiler
};

struct Facts {
    Scope scope;
    Fact<std::string> boot_id;

    Fact<Environment> environment;
    Fact<Distribution> distribution;
    Fact<Board> board;
    Fact<Release> release;
    Fact<LineRecord> line;          // what the data says of release's line
    Fact<ReleaseRecord> reference;  // what the data says of release itself
    Fact<Firmware> firmware;
    Fact<std::string> kernel_release;

    Fact<KernelModules> kernel_modules;
    Fact<GpuModule> gpu_module;

    Fact<DeviceNodes> device_nodes;
    Fact<std::vector<ServiceUser>> service_users;

    Fact<LibcudaFile> libcuda;  // the release's own, never a compat one
    Fact<DriverRelease> libcuda_release;

    Fact<ProbeAnswer> driver_probe;  // what jetcuda-probe measured with libcuda, or with --driver FILE
};

}  // namespace jetcuda
