// An L4T line is built for some SoCs and lacks the kernel, firmware and GPU driver of the others: R36 dropped Xavier,
// R38 is Thor alone, R39 took Orin back. The table is ours and may grow stale, and a stale table must not roll
// back a working fleet: where the driver was seen to run this SoC's own GPU, that counts for more.

#include <algorithm>

#include "daemon/checks/check.hpp"

namespace jetcuda {
namespace {

bool was_measured_to_work(const Facts& facts, const SocRecord& soc) {
    if (!facts.driver_probe.known()) return false;
    const StepAnswer* init = facts.driver_probe->step(ProbeStep::init);
    const GpuDevice* device = facts.driver_probe->integrated_device();
    return init != nullptr && init->succeeded() && device != nullptr && device->capability == soc.capability;
}

}  // namespace

extern const Check l4t_release_supports_soc{
    .id = "l4t-release-supports-soc",
    .group = Group::platform,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "the L4T line of the system supports this SoC",
    .why =
        "A root file system of another line boots on the wrong board more often than one would think, and then has "
        "no driver for its GPU: R35 is for Xavier and Orin, R36 for Orin, R38 for Thor, R39 for Orin and Thor.",
    .reads = {"L4T release", "SoC", "data on L4T lines"},
    .needs = {"soc-is-supported", "l4t-release-is-known"},
    .codes =
        {
            {"ok", Status::pass, "L4T {line} supports the SoC {soc} ({name})"},
            {"measured-to-work",
             Status::pass,
             "L4T {line} is not listed here for the SoC {soc} ({name}), but its driver runs this GPU: our data is "
             "behind",
             {.other = "Update jetcuda-check, or extend its data in /etc/jetcuda-check/data.d; what it holds now: "
                       "grep -n socs /usr/share/jetcuda-check/data/releases.json"}},
            {"release-lacks-soc",
             Status::fail,
             "L4T {line} has no driver for the SoC {soc} ({name}); it supports {socs}",
             {.nix = "Choose the JetPack that supports the board, then build and restart: "
                     "hardware.nvidia-jetpack.majorVersion = \"{jetpack_major}\";",
              .yocto = "Build the image from the branch of meta-tegra whose L4T supports the board, and see which SoC "
                       "each line supports: jetcuda-check explain l4t-release-supports-soc",
              .other = "Flash the board with a JetPack of an L4T line that supports it; which line supports which SoC: "
                       "jetcuda-check explain l4t-release-supports-soc"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.board.known()) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_there, "the SoC of the board is not known here", facts.board.source()});
        }
        if (!facts.release.known()) {
            if (facts.release.lacks(Lack::not_there) && facts.scope.in_container) return {.code = "in-container"};
            return because_missing(facts.release.missing());
        }
        if (!facts.line.known()) return because_missing(facts.line.missing());
        const SocRecord& soc = *facts.board->soc;
        const std::vector<std::string>& socs = facts.line->socs;
        if (socs.empty()) {
            return because_missing(
                {Lack::not_there, "no data says which SoCs this L4T line supports", facts.line.source()});
        }
        std::string listed;
        for (const std::string& id : socs) listed += (listed.empty() ? "" : ", ") + id;
        const bool supported = std::find(socs.begin(), socs.end(), soc.id) != socs.end();
        Finding finding{
            .values = {{"line", line_text(facts.line->line)},
                       {"soc", soc.id},
                       {"name", soc.name},
                       {"socs", listed},
                       {"jetpack_major", soc.id == "T194" ? "5" : "7"}},
            .evidence = {{"SoCs of the L4T line", listed, facts.line.source()}, {"SoC", soc.id, facts.board.source()}}};
        finding.code = supported ? "ok" : was_measured_to_work(facts, soc) ? "measured-to-work" : "release-lacks-soc";
        return finding;
    },
};

}  // namespace jetcuda
