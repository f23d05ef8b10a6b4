// What dpkg knows: packages with their versions, and which package a file came from. Read from its database as
// files, because a dpkg program may not run for another root, and takes a hundred times as long.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/fact.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct DpkgPackage {
    std::string name;     // without architecture
    std::string version;  // as dpkg has it: "36.5.0-20260115194252", with epoch where there is one
    std::string architecture;
    std::string state;       // the third word of Status: "installed", "half-configured" …
    bool installed = false;  // its files are there and configured: "installed", or a pending trigger
};

struct DpkgPackages {
    std::vector<DpkgPackage> packages;  // by name; those that are known and not there ("config-files") are left out
    [[nodiscard]] const DpkgPackage* find(std::string_view name) const;  // null: not among them
};

// All packages of /var/lib/dpkg/status, or those whose names begin with one of `prefixes`.
Fact<DpkgPackages> read_dpkg(const SystemRoot& root);
Fact<DpkgPackages> read_dpkg(const SystemRoot& root, const std::vector<std::string_view>& prefixes);

// The content of a status file; opkg's has the same form. Nothing: it names no package and is not empty either.
std::optional<DpkgPackages> parse_status_file(std::string_view text, const std::vector<std::string_view>& prefixes);

// The paths that a package brought, one a line.
Fact<std::string> read_file_list(const SystemRoot& root, const DpkgPackage& package);

// The name of the nvidia-l4t-* package among `packages` that brought the file `path` (Missing, not_there: none of them
// did). Only the file lists of those are read: all lists of a board together are tens of megabytes.
Fact<std::string> find_owner_among_l4t_packages(const SystemRoot& root, const DpkgPackages& packages,
                                                std::string_view path);

}  // namespace jetcuda
