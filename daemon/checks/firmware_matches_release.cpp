// The boot firmware (UEFI and what runs before it) hands the kernel its device tree and runs the GPU's power and
// memory services. It lies in flash of its own and is not replaced with the root file system, so a new image on old
// firmware is common. The L4T line must agree; another minor release of one line is what NVIDIA itself ships.

#include "daemon/checks/check.hpp"

namespace jetcuda {

extern const Check firmware_matches_release{
    .id = "firmware-matches-release",
    .group = Group::platform,
    .severity = Severity::wanted,
    .basis = Basis::host,
    .claim = "the boot firmware is of the root file system's L4T line",
    .why =
        "A JetPack 6 root file system on the JetPack 5 firmware that a board left the factory with may not boot, or "
        "may boot without a working GPU, and nothing on the screen says why.",
    .reads = {"/sys/devices/virtual/dmi/id/bios_version", "L4T release"},
    .needs = {"l4t-release-is-known"},
    .codes =
        {
            {"ok", Status::pass, "The boot firmware is of L4T {firmware}, as the root file system is"},
            {"same-line", Status::pass,
             "The boot firmware is of L4T {firmware}, of the root file system's line {line}"},
            {"minor-differs", Status::pass,
             "The boot firmware is of L4T {firmware} and the root file system of {l4t}: one line, which is what "
             "counts"},
            {"vendor-firmware", Status::not_applicable,
             "The boot firmware calls itself \"{text}\", which names no L4T release to compare with"},
            {"other-line",
             Status::fail,
             "The boot firmware is of L4T {firmware}, but the root file system is of the line {line}",
             {.apt = "Write the firmware of {line} for this board, as a capsule (TEGRA_BL.Cap) or by flashing the "
                     "board with that JetPack: sudo nv_bootloader_capsule_updater.sh -q TEGRA_BL.Cap && sudo reboot",
              .nix = "Let jetpack-nixos write the firmware that belongs to the system at the next start: "
                     "hardware.nvidia-jetpack.firmware.autoUpdate = true;",
              .yocto = "Flash the firmware that was built with the image, or put its capsule into the image: "
                       "IMAGE_INSTALL:append = \" tegra-uefi-capsules\"",
              .other = "Flash the board with the JetPack of the line {line}; what the firmware says of itself: "
                       "cat /sys/devices/virtual/dmi/id/bios_version"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (facts.scope.at_rest && !facts.firmware.known()) return {.code = "not-running"};
        if (!facts.firmware.known()) return because_missing(facts.firmware.missing());
        if (!facts.release.known()) return because_missing(facts.release.missing());
        const Firmware& firmware = *facts.firmware;
        const Release& release = *facts.release;
        Finding finding{.evidence = {{"firmware", firmware.text, facts.firmware.source()}}};
        finding.values["text"] = firmware.text;
        if (!firmware.l4t) {
            finding.code = "vendor-firmware";
            return finding;
        }
        finding.evidence.push_back(
            {"L4T release", release.l4t ? release.l4t->text() : line_text(release.line), facts.release.source()});
        finding.values["firmware"] = firmware.l4t->text();
        finding.values["line"] = line_text(release.line);
        finding.values["l4t"] = release.l4t ? release.l4t->text() : line_text(release.line);
        if (firmware.l4t->line != release.line) {
            finding.code = "other-line";
        } else if (!release.l4t) {
            finding.code = "same-line";
        } else {
            finding.code = *firmware.l4t == *release.l4t ? "ok" : "minor-differs";
        }
        return finding;
    },
};

}  // namespace jetcuda
