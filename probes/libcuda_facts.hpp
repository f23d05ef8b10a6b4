// What is known of libcuda: the file itself, its release, and what the loader does when somebody asks for it. A part of
// Facts.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/versions.hpp"

namespace jetcuda {

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

// ---- what the loader does ----

// One place where the loader looked for a library, in its order.
struct LoaderStep {
    enum class Outcome { taken, not_there, not_readable, no_library, other_machine };
    std::string source;  // who named the place: "RUNPATH of /opt/app/bin/x", "LD_LIBRARY_PATH", "/etc/ld.so.cache"
    std::string path;    // the file tried: "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1"
    Outcome outcome = Outcome::not_there;
};

// Which libcuda.so.1 one kind of asker gets.
struct LoaderAnswer {
    std::string asker;      // "a program without search paths of its own", "ollama.service", "/opt/app/bin/x"
    std::string path;       // as the loader names it; empty: none is found
    std::string real_path;  // after links
    std::vector<LoaderStep> steps;
};

// A libcuda.so.1 that a search of the system can meet, in the order in which a plain program would.
struct LibcudaSighting {
    std::string path;
    std::string real_path;
    std::string
        named_by;      // "/etc/ld.so.cache", "LD_LIBRARY_PATH of ollama.service", "/etc/ld.so.conf.d/x.conf, line 1"
    LibcudaFile file;  // what it is by its content
};

struct LibcudaSearch {
    LoaderAnswer plain;       // a program that brings no search path of its own, started without LD_LIBRARY_PATH
    bool cache_read = false;  // /etc/ld.so.cache was read; else `plain` rests on what ldconfig would write
    std::optional<LoaderAnswer> after_ldconfig;  // what `plain` becomes with the next ldconfig, where it differs
    std::vector<LoaderAnswer> units;             // systemd units whose environment changes the search
    std::vector<LibcudaSighting> all;            // each file once by real path, the first way it is reached
};

}  // namespace jetcuda
