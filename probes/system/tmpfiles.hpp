// A rule of tmpfiles.d(5) that makes a link. On NixOS such a rule is where a system says which driver programs will
// find: /run/opengl-driver is made from it at each start and each switch.

#pragma once

#include <string>
#include <string_view>

namespace jetcuda {

// In each NixOS system, below its own folder. (source: nixpkgs nixos/modules/hardware/graphics.nix)
inline constexpr std::string_view driver_link_rules = "/etc/tmpfiles.d/graphics-driver.conf";
inline constexpr std::string_view driver_link = "/run/opengl-driver";

// Where the rules let `link` lead, by the last of them that does ("L+ /run/opengl-driver - - - - /nix/store/…"; fields
// may stand in quotes); empty where none does, or where it names no absolute path.
std::string link_target_in_rules(std::string_view rules, std::string_view link);

}  // namespace jetcuda
