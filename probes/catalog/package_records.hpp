// Which package names stand for which part of the CUDA stack, for the L4T release itself, or for a driver of another
// machine: what packages.json holds. Names differ between Debian's packages, the Nix store and Yocto's recipes; ids are
// the same for all.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/catalog/name_pattern.hpp"
#include "probes/versions.hpp"

namespace jetcuda {

class RecordReader;

// runtime: libraries that programs load; the others cannot break a running program by their version.
enum class ComponentKind { runtime, compiler, tool, development, compat, meta };
std::string_view name_of(ComponentKind kind);  // "runtime", "compiler" …

struct PackageName {
    std::string pattern;  // for match_name()
    ComponentKind kind = ComponentKind::runtime;
};

// A part of the CUDA stack: cudart, cuBLAS, cuDNN …
struct ComponentRecord {
    std::string id;                               // "cuda_cudart", as nixpkgs and the records of releases call it
    ComponentKind kind = ComponentKind::runtime;  // of the part; single packages of it may be of another
    bool version_is_cuda = false;                 // the first two numbers of its version are its CUDA set's
    std::vector<PackageName> deb;
    std::vector<std::string> nix;  // name patterns, without "cuda12.6-" and the version
    std::vector<PackageName> opkg;
    std::vector<std::string> sonames;
    std::string source;
};

// Packages of the L4T release itself, or drivers for discrete GPUs.
struct PackageGroupRecord {
    std::string id;
    std::vector<std::string> deb;
    std::vector<std::string> nix;
    std::vector<std::string> opkg;
    std::string source;
};

// A release, or with patch -1 all of one minor: "35.6" is R35.6.0 to R35.6.4 and what may follow.
struct ReleaseScope {
    int line = 0;
    int minor = 0;
    int patch = -1;
    [[nodiscard]] bool holds(const L4tRelease& l4t) const;
};

// A package that may be of another release than the system it is part of.
struct ReleaseExceptionRecord {
    std::string id;
    std::vector<std::string> packages;   // name patterns
    std::vector<ReleaseScope> releases;  // of the system; empty: any
    std::vector<ReleaseScope> versions;  // of the package; empty: any, or none at all
    std::string why;
    std::string source;
};

struct ComponentMatch {
    const ComponentRecord* component = nullptr;
    ComponentKind kind = ComponentKind::runtime;
    std::optional<CudaVersion> cuda;  // that the name names; minor -1: only the major is named
};

// Null: no record has such a name.
std::optional<ComponentMatch> find_component_of_deb(const std::vector<ComponentRecord>& components,
                                                    std::string_view name);
std::optional<ComponentMatch> find_component_of_opkg(const std::vector<ComponentRecord>& components,
                                                     std::string_view name);

bool matches_any(const std::vector<std::string>& patterns, std::string_view name);

// Why a package of this version may be part of a system of `release`; empty: no record allows it.
std::string find_release_exception(const std::vector<ReleaseExceptionRecord>& exceptions, std::string_view package,
                                   const std::optional<L4tRelease>& version, const std::optional<L4tRelease>& release);

ComponentRecord read_component_record(RecordReader& reader);
PackageGroupRecord read_package_group(RecordReader& reader);
ReleaseExceptionRecord read_release_exception(RecordReader& reader);

}  // namespace jetcuda
