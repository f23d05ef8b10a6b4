// The L4T release names the set that kernel, GPU module, driver and CUDA libraries were built and tested as. What
// the release should contain is looked up by it, so a garbled release file must not be papered over with a guess.
// A release that is newer than our data is no fault: its line tells what matters (contract, section 3).

#include "daemon/checks/check.hpp"

namespace jetcuda {

extern const Check l4t_release_is_known{
    .id = "l4t-release-is-known",
    .group = Group::platform,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "the system names an L4T release of a known line",
    .why =
        "The L4T release decides which driver, which CUDA and which libraries belong together. Where it is missing "
        "or garbled, installers and programs guess, and fetch packages of another release.",
    .reads = {"/etc/nv_tegra_release", "store path of libcuda", "package nvidia-l4t-core", "files of the driver"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "The system is L4T {l4t} (JetPack {jetpack})"},
            {"unknown-newer", Status::pass,
             "The system is L4T {l4t}, a release that is not in our data; it is judged by its line {line}"},
            {"line-only", Status::pass, "The system is of the L4T line {line}; nothing on it names the release"},
            {"line-unknown",
             Status::unknown,
             "The system is L4T {l4t}, and the line {line} is not known here",
             {.other = "Update jetcuda-check, or describe the line in a file of your own; its form: "
                       "ls /usr/share/jetcuda-check/data/releases.json /etc/jetcuda-check/data.d"}},
            {"line-not-supported",
             Status::unknown,
             "The system is L4T {l4t}, and the line {line} is too old to be judged here",
             {.other = "Move the board to L4T R35 or later if its SoC allows; what each SoC allows: "
                       "jetcuda-check explain l4t-release-supports-soc"}},
            {"garbled",
             Status::fail,
             "The L4T release cannot be read: {why}",
             // dpkg keeps a changed file of /etc unless it is told otherwise.
             {.apt = "Put back the release file of the package it belongs to: "
                     "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confask,confnew,confmiss "
                     "nvidia-l4t-core",
              .nix = "Let the system write the file again: "
                     "sudo nixos-rebuild boot && sudo reboot",
              .yocto = "Put the release file of meta-tegra into the image: "
                       "IMAGE_INSTALL:append = \" nv-tegra-release\"",
              .other = "Put back NVIDIA's own first line of the file and compare with: head -n 1 "
                       "/etc/nv_tegra_release"}},
            {"no-release",
             Status::unknown,
             "Nothing on this system names its L4T release",
             {.apt = "Install the package that holds the release file: "
                     "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss nvidia-l4t-core",
              .nix = "Enable the Jetson modules of jetpack-nixos: hardware.nvidia-jetpack.enable = true;",
              .yocto = "Put the release file of meta-tegra into the image: "
                       "IMAGE_INSTALL:append = \" nv-tegra-release\"",
              .other = "See what was looked for: jetcuda-check facts"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.release.known()) {
            const Missing& missing = facts.release.missing();
            // What the host's release is cannot be seen in a container that does not bring the file along.
            if (missing.lack == Lack::not_there && facts.scope.in_container) return {.code = "in-container"};
            Finding finding = because_missing(missing);
            if (missing.lack == Lack::not_understood) finding.code = "garbled";
            if (missing.lack == Lack::not_there) finding.code = "no-release";
            return finding;
        }
        const Release& release = *facts.release;
        const std::string line = line_text(release.line);
        const std::string l4t = release.l4t ? release.l4t->text() : line;
        Finding finding{.values = {{"l4t", l4t}, {"line", line}, {"jetpack", "not known"}},
                        .evidence = {{"L4T release", l4t, facts.release.source()}}};
        if (!facts.line.known()) {
            if (!facts.line.lacks(Lack::not_there)) return because_missing(facts.line.missing());
            finding.code = "line-unknown";
        } else if (facts.line->support == LineSupport::not_supported) {
            finding.code = "line-not-supported";
        } else if (!release.l4t) {
            finding.code = "line-only";
        } else if (!facts.reference.known()) {
            finding.code = "unknown-newer";
        } else {
            finding.code = "ok";
            if (facts.reference->jetpack) finding.values["jetpack"] = *facts.reference->jetpack;
        }
        return finding;
    },
};

}  // namespace jetcuda
