// Which computer this is: the device tree names the SoC and the module; where it does not (a container that hides
// it), /sys/devices/soc0 names the SoC. BOARD in nv_tegra_release is no help: one word covers many boards.

#pragma once

#include <optional>
#include <string>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// `soc` is --soc, an id such as "T234": it goes before everything else, since an image at rest cannot say it.
// Where nothing names a SoC, `release` decides between "no Jetson" (a Board without tegra) and "a Jetson that does
// not say which" (Missing).
Fact<Board> read_board(const SystemRoot& root, const Catalog& catalog, const std::optional<std::string>& soc,
                       const Fact<Release>& release);

}  // namespace jetcuda
