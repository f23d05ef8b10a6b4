// Everything else is judged by the SoC: which module drives the GPU, which device nodes it makes, which L4T lines
// carry it and which code its GPU runs. So the SoC comes first, and a chip that we do not know is never guessed.

#include "daemon/checks/check.hpp"

namespace jetcuda {

extern const Check soc_is_supported{
    .id = "soc-is-supported",
    .group = Group::platform,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "the board is a known Jetson whose GPU can be judged",
    .why =
        "Each Jetson generation has its own GPU, its own kernel module and its own L4T lines. On a chip that NVIDIA "
        "no longer ships CUDA for, or that is not known here, no other answer would mean anything.",
    .reads = {"device tree", "/sys/devices/soc0"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "The board has the SoC {soc} ({name}), whose GPU is {sm}", {}},
            {"soc-not-supported",
             Status::fail,
             "The board has the SoC {soc} ({name}), which current CUDA has left behind",
             {.other = "No L4T release after R32 runs on {soc}; use a board of the Xavier, Orin or Thor generation. "
                       "Those that are known: jetcuda-check explain soc-is-supported"}},
            {"soc-not-known",
             Status::unknown,
             "This is a Tegra, but its chip \"{chip}\" is not among those known here",
             {.other = "Update jetcuda-check, or describe the chip in a file of your own; its form: "
                       "ls /usr/share/jetcuda-check/data/socs.json /etc/jetcuda-check/data.d"}},
            {"soc-not-given",
             Status::unknown,
             "This system is at rest and does not say which board it is for",
             {.other = "Name the SoC of its board: jetcuda-check run --root DIR --soc T234"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.board.known()) {
            if (facts.scope.at_rest && facts.board.lacks(Lack::not_there)) return {.code = "soc-not-given"};
            return because_missing(facts.board.missing());
        }
        const Board& board = *facts.board;
        const std::string chip = board.chip.empty() ? "without a name" : board.chip;
        const std::vector<Evidence> evidence = {{"chip", chip, facts.board.source()}};
        if (!board.soc) return {.code = "soc-not-known", .values = {{"chip", chip}}, .evidence = evidence};
        const SocRecord& soc = *board.soc;
        return {.code = soc.support == SocSupport::supported ? "ok" : "soc-not-supported",
                .values = {{"soc", soc.id}, {"name", soc.name}, {"sm", "sm_" + std::to_string(soc.capability.sm())}},
                .evidence = evidence};
    },
};

}  // namespace jetcuda
