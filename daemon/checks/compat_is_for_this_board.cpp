// NVIDIA builds cuda_compat in three products. They share their folder's name and their library's, and each speaks to
// another kernel driver: L4T's to the GPU driver of Xavier and Orin, the one for Orin to the same from CUDA 13 on, and
// SBSA's to the driver of servers and Thor. A wrong one finds no device, and only an enabled one is in the way. Which
// it is, its package, its file's name and its version tell. (source: CUDA installation guide; NVIDIA container toolkit)

#include "daemon/checks/check.hpp"
#include "daemon/checks/compat_folders.hpp"

namespace jetcuda {
namespace {

constexpr Remedy take_it_away{
    .apt = "Take it away from {place}, and install the product for this board if programs need it ({right}): {remove}",
    .nix =
        "Build the system with CUDA packages that have no cuda_compat, or with the one for this board ({right}): "
        "sudo nixos-rebuild boot && sudo reboot",
    .other =
        "Take its folder away from {place}, and put the product for this board ({right}) in its place if "
        "programs "
        "need it: {aside}",
};

// The product is not what is wrong with it.
constexpr Remedy put_back{
    .apt = "Put back what belongs there, or take the folder away from {place}: {again}",
    .nix =
        "Let Nix look through its store, and put back what was changed: "
        "sudo nix-store --verify --check-contents --repair",
    .other = "Put back what belongs there, or take the folder away from {place}: {aside}",
};

// What a board of this SoC takes, as a list of products; only those of its line, where that is known.
std::string products_of(const std::vector<CompatRecord>& records, const Facts& facts) {
    const auto of_line = [&](const CompatRecord& record) {
        return facts.release.known() && record.line == facts.release->line;
    };
    const bool by_line = std::any_of(records.begin(), records.end(), of_line);
    std::string text;
    for (const auto& [product, words] : {std::pair{CompatProduct::l4t, "the L4T product cuda-compat"},
                                         std::pair{CompatProduct::orin, "the Orin product cuda-compat-orin"},
                                         std::pair{CompatProduct::sbsa, "the SBSA product cuda-compat"}}) {
        const bool taken =
            std::any_of(records.begin(), records.end(), [&, name = name_of(product)](const auto& record) {
                return record.product == name && (!by_line || of_line(record));
            });
        if (taken) text.append(text.empty() ? "" : " or ").append(words);
    }
    return text;
}

Finding judge_folder(const CompatFolder& folder, const SocRecord& soc, const Facts& facts) {
    const std::vector<CompatRecord>& records = facts.compat->records;
    Finding finding = about(folder, facts);
    finding.values["soc"] = soc.name + " (" + soc.id + ')';
    finding.values["right"] = products_of(records, facts);
    if (!folder.library.elf) {
        if (folder.note.lacks(Lack::not_readable)) return because_missing(folder.note.missing());
        finding.code = "not-a-library";
        finding.values["path"] = folder.library.path;
        finding.values["flaw"] = folder.library.flaw.empty() ? "it could not be read as one" : folder.library.flaw;
        return finding;
    }
    if (folder.library.stub) {
        finding.code = "stub";
        finding.values["path"] = folder.library.path;
        return finding;
    }
    const std::string_view product = name_of(folder.product);
    const bool taken = std::any_of(records.begin(), records.end(),
                                   [&](const CompatRecord& record) { return record.product == product; });
    if (taken) {
        finding.code = "ok";
        return finding;
    }
    const bool inferred = std::all_of(folder.enabled_by.begin(), folder.enabled_by.end(),
                                      [](const CompatEnabling& how) { return how.by_nixpkgs; });
    if (inferred) {
        // That nixpkgs links it into CUDA programs is its rule, not something seen on this system: too little to hold
        // back a boot.
        finding.code = "only-in-closure";
        return finding;
    }
    switch (folder.product) {
        case CompatProduct::l4t: finding.code = "l4t-product"; break;
        case CompatProduct::sbsa: finding.code = "sbsa-product"; break;
        case CompatProduct::orin: finding.code = "orin-product"; break;
        case CompatProduct::not_recorded: finding.code = "product-not-recorded"; break;
    }
    return finding;
}

}  // namespace

extern const Check compat_is_for_this_board{
    .id = "compat-is-for-this-board",
    .group = Group::compat,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "an enabled cuda_compat is the product for this SoC",
    .why =
        "Programs load the libcuda of an enabled cuda_compat instead of the driver's. That of another kind of board "
        "speaks to a kernel driver that is not there: every CUDA program fails, although the driver is sound.",
    .reads = {"cuda_compat folders", "what enables them", "board", "compat.json"},
    .needs = {"soc-is-supported"},
    .codes =
        {
            {"ok", Status::pass, "{dir}, which is used by {who}, is {product_words}"},
            no_compat,
            compat_not_enabled,
            {"l4t-product", Status::fail, "{dir}, which is used by {who} ({source}), is {product_words}; this is {soc}",
             take_it_away},
            {"sbsa-product", Status::fail,
             "{dir}, which is used by {who} ({source}), is {product_words}; this is {soc}", take_it_away},
            {"orin-product", Status::fail,
             "{dir}, which is used by {who} ({source}), is {product_words}; this is {soc}", take_it_away},
            {"only-in-closure", Status::not_applicable,
             "{dir} is {product_words} and belongs to the system, which is {soc}; that a program loads it was not "
             "seen"},
            {"not-a-library", Status::fail, "{path}, which is used by {who} ({source}), cannot be a library: {flaw}",
             put_back},
            {"stub", Status::fail,
             "{path}, which is used by {who} ({source}), is the toolkit's stub, made to link programs against; it "
             "answers every call with error 34",
             put_back},
            {"product-not-recorded",
             Status::unknown,
             "Of which product {dir} is, which is used by {who}, neither a package nor its files say",
             {.other = "Install it from a package of NVIDIA's, which says so, or take the folder out of the way: "
                       "{aside}"}},
            {"no-record", Status::unknown, "The data hold no cuda_compat product for {soc}"},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (std::optional<Finding> nothing = nothing_enabled(facts)) return *std::move(nothing);
        if (!facts.board.known()) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_there, "the SoC of the board is not known here", facts.board.source()});
        }
        const SocRecord& soc = *facts.board->soc;
        if (facts.compat->records.empty())
            return {.code = "no-record", .values = {{"soc", soc.name + " (" + soc.id + ')'}}};
        return worst_of_enabled(facts, compat_is_for_this_board,
                                [&](const CompatFolder& folder) { return judge_folder(folder, soc, facts); });
    },
};

}  // namespace jetcuda
