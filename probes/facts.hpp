// Everything that is known about one machine, in one place: filled once by collect(), judged by the checks.
// Plain data and no function. Paths are as the judged system sees them, below its root.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/fact.hpp"
#include "probes/gpu/protocol.hpp"
#include "probes/libcuda_facts.hpp"
#include "probes/program_facts.hpp"
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
    bool all_compat = false;    // --all-compat: idle cuda_compat of the right product are tried, too
    std::optional<std::string> driver_override;  // --driver FILE, a host path
    std::optional<std::string> system;           // --system PATH: a NixOS system in this root that is not running
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

// ---- what libcuda cannot do without ----

// A library that libcuda needs or opens itself (libnvcucompat, the JIT compiler, libnvrm_gpu …).
struct DriverCompanion {
    std::string name;      // "libnvrm_gpu.so", "libnvidia-ptxjitcompiler.so.*"
    std::string asked_by;  // "NEEDED of libcuda", or the record of the data that says libcuda opens it
    std::string path;      // empty: not found where libcuda would find it
    std::string flaw;      // found and no library: "empty", "not an ELF file"; else empty
    std::string version;   // in its file name: "540.5.0"; else empty
    bool required = true;  // NEEDED: libcuda does not load without it. Others are known from the data alone
    bool extra = false;    // of the data: boards without it are whole
    std::string without;   // of the data, a clause: what does not work without it
};

// ---- installed software ----

enum class PackageDatabase { dpkg, nix_store, opkg };
std::string_view name_of(PackageDatabase database);  // "dpkg", "nix store", "opkg"

// For which platform a CUDA library was built. CUDA 13 has one aarch64 build for all (SBSA); before, Tegra had its own.
enum class CudaBuild { tegra, sbsa, desktop, not_recorded };
std::string_view name_of(CudaBuild build);  // "tegra", "sbsa", "desktop", "not recorded"

// An installed part of the CUDA stack, as one database records it.
struct InstalledComponent {
    std::string id;  // of the data: "cuda_cudart", "libcublas", "cudnn", "tensorrt"
    ComponentKind kind = ComponentKind::runtime;
    std::string package;  // "cuda-cudart-12-6", or the store path's name
    std::string version;  // upstream's: "12.6.68"; without epoch and Debian revision
    std::optional<CudaVersion>
        cuda;  // the CUDA set it is of, or was built for (cuDNN, TensorRT); minor -1: only the major is named
    CudaBuild build = CudaBuild::not_recorded;
    bool configured = true;  // false: dpkg's "half-configured", "unpacked" …
    std::string state;       // dpkg's word, else empty
    std::string source;      // "/var/lib/dpkg/status"
};

// A package of the L4T release itself: nvidia-l4t-*, or the store path or opkg package that stands for one.
struct L4tPackage {
    std::string name;
    std::string version;            // as recorded: "5.15.185-tegra-36.5.0-20260115194252"
    std::optional<L4tRelease> l4t;  // in that version; absent: its version names none
    std::string exempt;             // why it may be of another release, from the data; empty: it may not
    bool configured = true;
    std::string state;
};

// A driver package for discrete GPUs: it brings another libcuda and another nvidia.ko.
struct DiscreteDriverPackage {
    std::string name;
    std::string version;
    bool configured = true;
    std::string state;
};

struct Software {
    std::vector<PackageDatabase> databases;  // that were read; at least one
    std::vector<InstalledComponent> components;
    std::vector<L4tPackage> l4t;
    std::vector<DiscreteDriverPackage> discrete_drivers;
};

// A CUDA toolkit as a folder, whoever put it there.
struct Toolkit {
    std::string directory;                      // "/usr/local/cuda-12.6"
    std::optional<CudaVersion> cuda;            // version.json, else the folder's name, else libcudart's file name
    CudaBuild build = CudaBuild::not_recorded;  // by its folder below targets/
    bool is_default = false;                    // /usr/local/cuda leads here
    std::string source;
    bool there = true;  // false: /usr/local/cuda is a link that leads nowhere, and `directory` is that link
};

// ---- cuda_compat ----

enum class CompatProduct { l4t, sbsa, orin, not_recorded };
std::string_view name_of(CompatProduct product);  // "l4t", "sbsa", "orin", ""

// The section .note.cuda.fwd_compatibility of a compat libcuda (NVIDIA container toolkit, cuda-elf-header.go).
struct CompatNote {
    std::optional<CudaVersion> cuda;
    std::vector<int> drivers;  // branches of the native driver that it accepts: 535; empty: the note has no list
    std::vector<int> devices;
};

// How a compat folder gets into the search of programs.
struct CompatEnabling {
    std::string who;             // "every program", "ollama.service", "/opt/app/bin/x"
    std::string source;          // "/etc/ld.so.conf.d/00-compat.conf, line 1"
    bool every_program = false;  // who means programs that bring no search path of their own
    bool by_nixpkgs = false;     // nixpkgs linked it into its CUDA packages; nobody asked for it
};

struct CompatFolder {
    std::string directory;  // "/usr/local/cuda-12.9/compat"
    LibcudaFile library;    // its libcuda
    CompatProduct product = CompatProduct::not_recorded;
    std::string version;                     // "12.9.40580548" or "595.58.03", or empty
    std::optional<CudaVersion> cuda;         // that it brings
    std::string package;                     // that brought it, or empty
    std::vector<CompatEnabling> enabled_by;  // empty: installed and idle
    Fact<CompatNote> note;
};

struct Compat {
    std::vector<CompatFolder> folders;   // in the order of their directories
    std::vector<CompatRecord> records;   // of this SoC, on any line, from compat.json; empty: SoC not known, or no data
    std::optional<CompatWindow> window;  // what this SoC's line promises of any product; absent: nothing, or not known
    std::string window_source;
};

// ---- the CUDA libraries as files ----

// A library that jetcuda-probe is to open, and what its package claims. The probe's answer knows it by `opened`.
struct CudaLibrary {
    std::string id;    // of the data, as InstalledComponent has it: "cuda_cudart", "libcublas", "cudnn", "tensorrt"
    std::string path;  // as a program would open it: "/usr/local/cuda-12.6/lib64/libcublas.so.12"
    std::string real_path;  // after links
    std::string opened;     // as the probe opens it: `path`, unless a driver was named on the command line (--driver)
    std::string claimed;    // version that its package claims, upstream's: "12.6.4.1"; empty: no package is known
    std::string package;    // that claims it; or empty
};

struct CudaLibraries {
    std::optional<CudaLibrary>
        runtime;  // the libcudart for the step `runtime`: of the newest toolkit the driver may run
    std::vector<CudaLibrary> libraries;  // of the same toolkit, and cuDNN and TensorRT; sorted by path
};

// ---- containers ----

struct ContainerEngine {
    std::string name;  // "docker", "containerd", "podman", "crio"
    // Its configuration names NVIDIA's runtime, or it reads CDI and a CDI spec for the GPU is there. The source is the
    // configuration that says so, or was looked at.
    Fact<bool> registered;
    std::string broken = {};  // why it does not start: "/etc/docker/daemon.json is no JSON: …"; or empty
};

enum class MountList { csv, cdi };
std::string_view name_of(MountList list);  // "CSV", "CDI"

enum class MountKind { library, link, device, directory, other };

// One entry of a CSV mount list or a CDI spec: a file of the host that containers are given.
struct ContainerMount {
    MountList list = MountList::csv;
    MountKind kind = MountKind::other;
    std::string path;    // on the host; with the wildcards of the list where nothing matches them
    std::string source;  // "/etc/nvidia-container-runtime/host-files-for-container.d/devices.csv, line 3"
    bool there = false;
    bool empty = false;        // there, a regular file of no bytes
    std::string other_driver;  // its name carries this driver number, which is not libcuda's: "595.78"; else empty
    bool essential = false;    // of the driver's minimal set, by its name
};

// A part of the driver's minimal set that containers are not given, although the board has it or a list names it.
struct WithheldFile {
    MountList list = MountList::csv;
    MountKind kind = MountKind::library;
    std::string id;       // of the data: "nvmap"
    std::string path;     // that the board has, or that the list names
    bool listed = false;  // a list names it, and it is not there; false: the board has it, and no list names it
    std::string source;   // the list's line, or the folder of the lists
};

struct Containers {
    bool toolkit = false;         // an NVIDIA container toolkit is installed
    std::string toolkit_version;  // or empty
    std::string toolkit_source;
    std::vector<ContainerEngine> engines;  // installed ones
    std::vector<std::string> lists;        // files of both kinds that were read: "/var/run/cdi/nvidia.yaml"
    std::vector<Missing> unread;           // those that are there and say nothing: not readable, or malformed
    std::vector<Missing> broken;           // of those: CDI specs by NVIDIA's name that no engine can read either
    std::vector<std::string> skipped;  // lines that are no entry, as the toolkit skips them: "…/a.csv, line 7: …"
    std::vector<ContainerMount> mounts;
    std::vector<WithheldFile> withheld;
};

// ---- the running system against the installed one ----

struct PendingReboot {
    std::vector<std::string> reasons;  // complete clauses: "/run/reboot-required names linux-image-…"; empty: none
    std::vector<std::string> sources;  // of each
    std::vector<std::string> other_packages;  // that ask for a restart, and hold neither kernel nor driver
};

// A NixOS system in the store: the booted one, the current one, or one that is about to be switched to.
struct NixSystem {
    std::string path;     // "/nix/store/…-nixos-system-…"
    std::string libcuda;  // real path of the libcuda it links at /run/opengl-driver; or empty
    std::optional<L4tRelease> libcuda_l4t;
    std::string modules;  // real path of its kernel's folder of modules, or empty
    std::optional<L4tRelease> modules_l4t;
};

// One kind of GPU fault in the kernel's log of this boot.
struct GpuFault {
    std::string id;    // of the data: "nvgpu-mmu-fault", "xid-31"
    std::string what;  // in words, from the data
    std::string line;  // the first such line, without addresses that change
    unsigned count = 0;
};

struct KernelLog {
    std::vector<GpuFault> faults;
    unsigned long lines = 0;  // that were read
    bool cut = false;         // there were more than could be read: the rest is not known
};

// ---- the administrator's own programs ----

enum class CustomEnd {
    exited,            // by itself; `exit_status`
    signalled,         // by a signal that was not ours; `signal`
    timed_out,         // over `limit`, ended by us
    printed_too_much,  // ended by us
    stuck,             // could not be ended; `pid`
    not_started,       // `why`
    not_executable,    // no permission bit says that it may be run
    not_trusted,       // somebody but root could have written it, so it was not run; `why`
    no_time_left,      // the programs before it took all the time, `limit`, that there is for all of them
};

// How one program of checks.d ended. Its words are cut and hold nothing that steers a terminal.
struct CustomAnswer {
    std::string file;  // "/etc/jetcuda-check/checks.d/disk-is-ours"
    CustomEnd end = CustomEnd::not_started;
    int exit_status = 0;
    int signal = 0;
    int pid = 0;
    std::string why;  // a clause
    std::chrono::milliseconds limit{0};
    std::chrono::milliseconds duration{0};
    std::string summary;              // its first line, which may be empty
    std::vector<std::string> more;    // what it said after that, the first lines of it
    std::vector<std::string> errors;  // what it wrote to standard error, the first lines of it
};

struct Facts {
    // Compiled in one place: each of them takes as long as a check that copies a machine's facts.
    Facts();
    Facts(const Facts&);
    Facts(Facts&&) noexcept;
    Facts& operator=(const Facts&);
    Facts& operator=(Facts&&) noexcept;
    ~Facts();

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
    Fact<std::vector<DriverCompanion>> companions;  // of that libcuda
    Fact<LibcudaSearch> libcuda_search;             // what programs get, which may be another

    Fact<Software> software;
    Fact<std::vector<Toolkit>> toolkits;
    Fact<CudaLibraries> cuda_libraries;
    Fact<std::vector<CudaLibraryFile>> cuda_library_files;  // of whatever root, and what they carry
    Fact<std::vector<NamedProgram>> programs;               // setting of that name
    Fact<Compat> compat;
    Fact<Containers> containers;

    Fact<PendingReboot> pending_reboot;
    Fact<NixSystem> booted_system;    // NixOS only
    Fact<NixSystem> incoming_system;  // --system
    Fact<KernelLog> kernel_log;

    Fact<ProbeAnswer> driver_probe;  // what jetcuda-probe measured with libcuda, or with --driver FILE
    // The same of each cuda_compat that was tried, by its folder; of one that was not, why (another product: not
    // asked).
    std::map<std::string, Fact<ProbeAnswer>, std::less<>> compat_probes;
    std::map<std::string, Fact<CustomAnswer>, std::less<>> custom;  // by name; only those that were to be asked
};

}  // namespace jetcuda
