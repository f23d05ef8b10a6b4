// Of which L4T release the boot firmware is. UEFI writes its version into the DMI table on every Jetson since R35.

#pragma once

#include <optional>
#include <string_view>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

Fact<Firmware> read_firmware(const SystemRoot& root);

// The release in a text of bios_version, or none: board vendors write versions of their own there.
std::optional<L4tRelease> parse_firmware_version(std::string_view text);

}  // namespace jetcuda
