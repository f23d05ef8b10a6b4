// Which L4T release the root file system is of. /etc/nv_tegra_release says it; where there is none, the store path
// of libcuda (NixOS), the version of nvidia-l4t-core (a root without the file), or at least the line, by the version
// that the driver's own libraries carry in their names (Yocto). A file that is there and cannot be understood is
// never overruled by one of these.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

Fact<Release> read_release(const SystemRoot& root, const Catalog& catalog, const Fact<DpkgPackages>& packages);

// The content of an nv_tegra_release file. Only the first line decides.
struct ReleaseFileText {
    L4tRelease l4t;
    std::string gcid, board, eabi, date;  // empty: not named
};
std::optional<ReleaseFileText> parse_release_file(std::string_view text);

// "36.5.0-20260115194252", the version of a nvidia-l4t package, begins with its release; the stamp is optional.
std::optional<L4tRelease> parse_l4t_package_version(std::string_view version);

// The release in "/nix/store/<hash>-nvidia-l4t-cuda-36.5.0-20260115194252/lib/…", for any package name that begins
// with nvidia-l4t- or l4t-.
std::optional<L4tRelease> l4t_of_store_path(std::string_view path);

}  // namespace jetcuda
