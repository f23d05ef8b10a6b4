// Up to CUDA 12 NVIDIA built CUDA for aarch64 twice: for Tegra (targets/aarch64-linux) and for servers, SBSA
// (targets/sbsa-linux). Both call themselves arm64, so apt installs either, but the libraries for servers lack code
// for Xavier's and Orin's GPUs and manage memory as a discrete GPU wants it. From CUDA 13 on one build serves all.

#include "daemon/checks/check.hpp"
#include "daemon/checks/cuda_sets.hpp"

namespace jetcuda {
namespace {

// NVIDIA's CUDA for Tegra note: from CUDA 13.0 on the SBSA build is the one for Jetson too.
constexpr int first_shared_major = 13;

// A profiler of another build works, a compat folder is judged where it is enabled, and a meta-package holds no code.
bool counts(ComponentKind kind) {
    return kind == ComponentKind::runtime || kind == ComponentKind::compiler || kind == ComponentKind::development;
}

// The CUDA version on whose account the build is judged. NVIDIA's feeds for CUDA 13 hold cuDNN for CUDA 12 as well,
// built for servers: what only names a major is not judged by its build.
std::optional<CudaVersion> judged_version(const InstalledComponent& component) {
    if (const std::optional<CudaVersion> set = set_of(component)) return set;
    return component.cuda && component.cuda->minor >= 0 ? component.cuda : std::nullopt;
}

struct Wrong {
    std::vector<std::string> things, packages, folders;
    std::set<CudaVersion> versions;
    std::vector<Evidence> evidence;
};

class BuildReview {
public:
    // Thor came with CUDA 13: there was never a build of CUDA 12 for its kind of driver on Tegra.
    BuildReview(const Facts& facts, const SocRecord& soc) : tegra_had_own_(soc.gpu_variant == "nvgpu") {
        if (facts.software.known()) {
            for (const InstalledComponent& component : facts.software->components) {
                if (counts(component.kind) && is_left(component)) look_at(component, facts.software.source());
            }
        }
        if (!facts.toolkits.known()) return;
        const std::set<CudaVersion> named = sbsa.versions;
        for (const Toolkit& toolkit : *facts.toolkits) {
            // Packages of the same set name the same fault better.
            if (!toolkit.there || (toolkit.cuda && named.count(*toolkit.cuda) > 0)) continue;
            look_at(toolkit, facts.toolkits.source());
        }
    }

    Wrong sbsa, desktop;
    std::size_t seen = 0;
    std::size_t recorded = 0;

private:
    Wrong* where(CudaBuild build, const std::optional<CudaVersion>& cuda) {
        ++seen;
        if (build != CudaBuild::not_recorded) ++recorded;
        if (build == CudaBuild::desktop) return &desktop;
        const bool had_own = tegra_had_own_ && cuda && cuda->major < first_shared_major;
        return build == CudaBuild::sbsa && had_own ? &sbsa : nullptr;
    }

    void look_at(const InstalledComponent& component, const std::string& source) {
        const std::optional<CudaVersion> cuda = judged_version(component);
        Wrong* wrong = where(component.build, cuda);
        if (wrong == nullptr) return;
        wrong->things.push_back(component.package);
        wrong->packages.push_back(component.package);
        if (cuda) wrong->versions.insert(*cuda);
        wrong->evidence.push_back({component.package, component.version + ", build: " + build_text(component.build),
                                   component.source.empty() ? source : component.source});
    }

    void look_at(const Toolkit& toolkit, const std::string& source) {
        Wrong* wrong = where(toolkit.build, toolkit.cuda);
        if (wrong == nullptr) return;
        wrong->things.push_back(toolkit.directory);
        wrong->folders.push_back(toolkit.directory);
        if (toolkit.cuda) wrong->versions.insert(*toolkit.cuda);
        wrong->evidence.push_back({toolkit.directory, "build: " + build_text(toolkit.build),
                                   toolkit.source.empty() ? source : toolkit.source});
    }

    static std::string build_text(CudaBuild build) { return std::string(name_of(build)); }

    bool tegra_had_own_;
};

std::string removal_of(const Wrong& wrong) {
    if (const std::string packages = in_command(wrong.packages); !packages.empty()) {
        return "sudo apt-get purge " + packages;
    }
    return "sudo rm -r " + in_command(wrong.folders);
}

}  // namespace

extern const Check cuda_packages_are_for_this_board{
    .id = "cuda-packages-are-for-this-board",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "no CUDA package is a build for servers or for the desktop that does not serve this board",
    .why =
        "A server's or a desktop's build installs and loads, and fails when a program uses it: cuBLAS says \"the "
        "resource allocation failed\", kernels have no image for this GPU.",
    .reads = {"installed packages", "CUDA toolkits", "SoC"},
    .needs = {"soc-is-supported"},
    .codes =
        {
            {"ok", Status::pass, "Of {count} of CUDA whose build is recorded, none is for another kind of board"},
            {"build-not-recorded", Status::not_applicable,
             "For which kind of board the installed CUDA packages were built is not recorded"},
            {"no-cuda-installed", Status::not_applicable, "No package of CUDA is installed"},
            {"sbsa-build",
             Status::fail,
             "{things} {are} built for servers (SBSA), and CUDA {versions} has a build of its own for {soc}",
             {.apt = "Remove the server's build and its repository from /etc/apt/sources.list.d, then install the one "
                     "from the repository for Jetson: {removal} && sudo apt-get update && "
                     "sudo apt-get install nvidia-cuda",
              .nix = "Take the CUDA packages from a nixpkgs whose cudaCapabilities are this board's, then build: "
                     "nixpkgs.config.cudaCapabilities = [ \"{capability}\" ];",
              .yocto = "Take CUDA from the recipes of meta-tegra: IMAGE_INSTALL:append = \" cuda-cudart libcublas\"",
              .other = "Remove these libraries and install CUDA's build for Jetson (linux-aarch64) in their place; see "
                       "what is there: ls -d /usr/local/cuda*/targets/*"}},
            {"desktop-build",
             Status::fail,
             "{things} {are} built for the desktop (x86-64), which this board cannot run",
             {.apt = "Remove what is for another machine: {removal}",
              .nix = "Build the system for aarch64, then restart into it: nixpkgs.hostPlatform = \"aarch64-linux\";",
              .yocto = "Take CUDA from the recipes of meta-tegra, for the target and not for the build machine: "
                       "IMAGE_INSTALL:append = \" cuda-cudart libcublas\"",
              .other = "Remove these libraries; see what is there: ls -d /usr/local/cuda*/targets/*"}},
            no_package_database,
        },
    .judge = [](const Facts& facts) -> Finding {
        const bool toolkits = facts.toolkits.known() && !facts.toolkits->empty();
        if (!facts.software.known() && (!facts.software.lacks(Lack::not_there) || !toolkits)) {
            return without_software(facts.software.missing());
        }
        if (!facts.board.known()) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_there, "the SoC of the board is not known here", facts.board.source()});
        }
        const SocRecord& soc = *facts.board->soc;
        const BuildReview review(facts, soc);
        Finding finding;
        const bool of_desktop = !review.desktop.things.empty();
        const Wrong& wrong = of_desktop ? review.desktop : review.sbsa;
        if (!wrong.things.empty()) {
            finding.code = of_desktop ? "desktop-build" : "sbsa-build";
            finding.values = {{"things", listed(wrong.things)},
                              {"are", wrong.things.size() == 1 ? "is" : "are"},
                              {"removal", removal_of(wrong)},
                              {"versions", versions_text({wrong.versions.begin(), wrong.versions.end()})},
                              {"soc", soc.name.empty() ? soc.id : soc.name},
                              {"capability", soc.capability.text()}};
            finding.evidence = wrong.evidence;
            return finding;
        }
        if (review.seen == 0) return {.code = "no-cuda-installed"};
        if (review.recorded == 0) return {.code = "build-not-recorded"};
        finding.code = "ok";
        finding.values = {{"count", counted(review.recorded, "part", "parts")}};
        finding.evidence.push_back({"parts of CUDA whose build is recorded", std::to_string(review.recorded),
                                    facts.software.known() ? facts.software.source() : facts.toolkits.source()});
        return finding;
    },
};

}  // namespace jetcuda
