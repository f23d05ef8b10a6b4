// A cuda_compat is there to bring a newer CUDA than the driver has. One that is not newer gives nothing, and an older
// one takes something away: programs get it instead of the driver. It is left behind so by an upgrade of L4T, which
// brings a newer driver (JetPack 6.0 has CUDA 12.2, 6.1 has 12.6). JetPack's feeds offer compat packages of the
// driver's own version too; idle they do no harm.

#include "daemon/checks/check.hpp"
#include "daemon/checks/compat_folders.hpp"

namespace jetcuda {
namespace {

constexpr Remedy take_it_away{
    .apt = "Take it away from {place}, and programs get the driver's own again: {remove}",
    .nix =
        "Build programs with the cudaPackages of CUDA {native} or of a newer one, then the system: "
        "sudo nixos-rebuild boot && sudo reboot",
    .other = "Take its folder away from {place}, and programs get the driver's own again: {aside}",
};

// nixpkgs links cuda_compat into its CUDA packages by itself wherever it has one: nobody asked for it.
bool only_by_nixpkgs(const CompatFolder& folder) {
    return std::all_of(folder.enabled_by.begin(), folder.enabled_by.end(),
                       [](const CompatEnabling& how) { return how.by_nixpkgs; });
}

Finding judge_folder(const CompatFolder& folder, const NativeCuda& native, const Facts& facts) {
    Finding finding = about(folder, facts);
    finding.values["native"] = native.version.text();
    finding.evidence.push_back({"CUDA of the driver", native.version.text(), native.source});
    if (!folder.cuda) {
        finding.code = "cuda-not-recorded";
    } else if (*folder.cuda > native.version) {
        finding.code = "ok";
    } else if (*folder.cuda < native.version) {
        finding.code = "older-than-driver";
    } else {
        finding.code = only_by_nixpkgs(folder) ? "same-by-nixpkgs" : "same-as-driver";
    }
    return finding;
}

}  // namespace

extern const Check compat_is_newer_than_driver{
    .id = "compat-is-newer-than-driver",
    .group = Group::compat,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "an enabled cuda_compat is newer than the native driver",
    .why =
        "Programs load an enabled cuda_compat instead of the driver. One of an earlier release takes CUDA versions "
        "away from them or fails to start (error 801 on JetPack 7), and one of the same version gives them nothing.",
    .reads = {"cuda_compat folders", "what enables them", "CUDA version of the driver"},
    .needs = {"compat-is-for-this-board"},
    .codes =
        {
            {"ok", Status::pass, "{dir}, which is used by {who}, brings CUDA {cuda}; the driver has {native}"},
            no_compat,
            compat_not_enabled,
            {"same-by-nixpkgs", Status::not_applicable,
             "{dir}, which nixpkgs links into its CUDA programs by itself, brings CUDA {cuda}, as the driver does"},
            {"same-as-driver", Status::fail,
             "{dir}, which is used by {who} ({source}), brings CUDA {cuda}, which the driver has itself", take_it_away},
            {"older-than-driver", Status::fail,
             "{dir}, which is used by {who} ({source}), brings CUDA {cuda}, but the driver has {native}", take_it_away},
            {"cuda-not-recorded", Status::unknown,
             "Which CUDA version {dir} brings, which is used by {who}, neither its note nor its package says"},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (std::optional<Finding> nothing = nothing_enabled(facts)) return *std::move(nothing);
        const std::optional<NativeCuda> native = native_cuda(facts);
        if (!native) {
            const Missing reason{Lack::not_there,
                                 "which CUDA version the driver has is neither measured nor in the data",
                                 facts.reference.source()};
            return because_missing(reason);
        }
        return worst_of_enabled(facts, compat_is_newer_than_driver,
                                [&](const CompatFolder& folder) { return judge_folder(folder, *native, facts); });
    },
};

}  // namespace jetcuda
