// What opkg knows, Yocto's own package manager. It took its database's form over from dpkg; many images carry none.

#pragma once

#include "probes/fact.hpp"
#include "probes/packages/dpkg.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// From /var/lib/opkg/status, or /usr/lib/opkg/status where the image keeps it outside of /var.
Fact<DpkgPackages> read_opkg(const SystemRoot& root);

}  // namespace jetcuda
