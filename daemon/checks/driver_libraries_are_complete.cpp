// libcuda is one library of a set. What its ELF header names, the loader must find, or no program starts; other parts
// it opens only when they are needed. This check is required, so it fails on files alone: a library that libcuda names
// and that is not there, one that is damaged, or one of another release. That libcuda opens the others at run time is
// known from a table, and a table may be wrong for a release it has not seen: where such a one is absent, it is told.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {
namespace {

constexpr Remedy put_back_libraries{
    .apt =
        "Install the driver's libraries again, all of one release: sudo apt-get update && sudo apt-get install "
        "--reinstall {packages} nvidia-l4t-core nvidia-l4t-3d-core && sudo ldconfig",
    .nix = "Build the system again from one revision of jetpack-nixos: sudo nixos-rebuild boot && sudo reboot",
    .yocto =
        "Build the image again from one branch of meta-tegra, with the driver's libraries in it: "
        "IMAGE_INSTALL:append = \" tegra-libraries-cuda tegra-libraries-core\"",
    .other = "Install the libraries of one L4T release again, then see what the loader finds: ldd {path}",
};

constexpr Remedy mend_container{
    .other =
        "Start the container with NVIDIA's runtime, on a host whose L4T release has these files: "
        "docker run --runtime nvidia IMAGE",
};

std::string listed(const std::vector<const DriverCompanion*>& companions) {
    std::string text;
    for (const DriverCompanion* companion : companions) {
        text.append(text.empty() ? "" : ", ").append(companion->name);
    }
    return text;
}

bool is_jit_compiler(const DriverCompanion& companion) {
    return companion.name.rfind("libnvidia-ptxjitcompiler", 0) == 0;
}

// Was this very libcuda loaded by the probe? Then the loader has found all that it names.
bool was_loaded(const Facts& facts) {
    if (!facts.driver_probe.known() || facts.scope.driver_override) return false;
    const StepAnswer* open = facts.driver_probe->step(ProbeStep::open);
    return open != nullptr && open->succeeded();
}

// The release that a file's version speaks of: up to R35 the name holds the L4T release, later the driver's number,
// whose first part has three digits. Empty: nothing to compare it with.
std::string expected_version(const DriverRelease& release, const std::string& version) {
    constexpr int first_driver_number = 100;
    const std::optional<L4tRelease> l4t = parse_l4t_release(version);
    if (l4t && l4t->line < first_driver_number) return release.l4t ? release.l4t->text() : std::string();
    return release.driver_version;
}

// A companion of another release than libcuda; where nothing says of which libcuda is, than the first companion.
struct OddOne {
    const DriverCompanion* companion = nullptr;
    std::string expected;
    std::string beside;  // the file that is of the expected release
};

OddOne find_of_another_release(const Facts& facts) {
    const DriverCompanion* first = nullptr;
    for (const DriverCompanion& companion : *facts.companions) {
        if (companion.version.empty() || companion.path.empty()) continue;
        std::string expected;
        if (facts.libcuda_release.known()) expected = expected_version(*facts.libcuda_release, companion.version);
        const bool of_libcuda = !expected.empty();
        if (!of_libcuda && first != nullptr) expected = first->version;
        if (!expected.empty() && expected != companion.version) {
            if (!of_libcuda) return {&companion, expected, first->path};
            return {&companion, expected, facts.libcuda.known() ? facts.libcuda->path : std::string("libcuda")};
        }
        if (first == nullptr) first = &companion;
    }
    return {};
}

struct Sorted {
    std::vector<const DriverCompanion*> missing;  // NEEDED, and nowhere
    std::vector<const DriverCompanion*> absent;   // known from the data, and nowhere
    const DriverCompanion* damaged = nullptr;
    const DriverCompanion* jit_compiler = nullptr;  // absent
};

Sorted sort_out(const std::vector<DriverCompanion>& companions) {
    Sorted sorted;
    for (const DriverCompanion& companion : companions) {
        if (companion.path.empty()) {
            (companion.required ? sorted.missing : sorted.absent).push_back(&companion);
            if (is_jit_compiler(companion)) sorted.jit_compiler = &companion;
        } else if (!companion.flaw.empty()) {
            if (companion.extra) {
                sorted.absent.push_back(&companion);
            } else if (sorted.damaged == nullptr) {
                sorted.damaged = &companion;
            }
        }
    }
    return sorted;
}

}  // namespace

extern const Check driver_libraries_are_complete{
    .id = "driver-libraries-are-complete",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "libcuda's own companions are there, of the same release",
    .why =
        "The driver is a set of libraries that come from several packages. Where one is missing or of another release, "
        "programs do not start, crash in their first call, or cannot compile their kernels.",
    .reads = {"libcuda", "libraries that it names", "libraries that it opens"},
    .needs = {"libcuda-is-found", "libcuda-is-genuine"},
    .codes =
        {
            {"ok", Status::pass, "The {count} libraries that {path} works with are there"},
            {"jit-compiler-missing", Status::pass, "What {path} needs to load is there, but not {names}: {without}"},
            {"parts-missing", Status::pass, "What {path} needs to load is there, but not {names}: {without}"},
            {"found-by-loader", Status::pass,
             "{names} {are} in none of the usual folders; the loader found {them}, for it has loaded {path}"},
            {"none-known", Status::not_applicable,
             "{path} names no library of the driver, and the data know of none that it opens"},
            {"missing", Status::fail, "{names}, without which {path} does not load, {are} in no folder of the loader",
             put_back_libraries},
            {"missing-in-container", Status::fail,
             "{names}, without which {path} does not load, {were} not mounted into this container", mend_container},
            {"not-a-library", Status::fail, "{library}, which {path} works with, is no library to load: {flaw}",
             put_back_libraries},
            {"not-mounted-in-container", Status::fail,
             "{library}, which {path} works with, is empty: the host has no file to mount in its place",
             mend_container},
            {"of-another-release", Status::fail, "{library} is of {version}, but {beside} is of {expected}",
             put_back_libraries},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.companions.known()) return because_missing(facts.companions.missing());
        const std::vector<DriverCompanion>& companions = *facts.companions;
        const std::string path = facts.libcuda.known() ? facts.libcuda->path : std::string("libcuda");
        Finding finding{.values = {{"path", path}, {"packages", package_names(facts).library}}};
        for (const DriverCompanion& companion : companions) {
            const std::string value = companion.path.empty() ? "not found" : companion.path;
            finding.evidence.push_back(
                {companion.name, companion.flaw.empty() ? value : value + ": " + companion.flaw, companion.asked_by});
        }
        if (companions.empty()) {
            finding.code = "none-known";
            return finding;
        }
        const Sorted sorted = sort_out(companions);
        const OddOne odd = find_of_another_release(facts);
        if (!sorted.missing.empty()) {
            const bool one = sorted.missing.size() == 1;
            finding.values["names"] = listed(sorted.missing);
            finding.values["are"] = one ? "is" : "are";
            finding.values["were"] = one ? "was" : "were";
            finding.values["them"] = one ? "it" : "them";
            finding.code = facts.scope.in_container ? "missing-in-container" : "missing";
            if (was_loaded(facts)) finding.code = "found-by-loader";
        } else if (sorted.damaged != nullptr) {
            finding.values["library"] = sorted.damaged->path;
            finding.values["flaw"] = sorted.damaged->flaw;
            // The container toolkit makes an empty file to mount the host's library over.
            const bool only_made_to_mount = facts.scope.in_container && sorted.damaged->flaw == "empty";
            finding.code = only_made_to_mount ? "not-mounted-in-container" : "not-a-library";
        } else if (odd.companion != nullptr) {
            finding.values["library"] = odd.companion->path;
            finding.values["version"] = odd.companion->version;
            finding.values["expected"] = odd.expected;
            finding.values["beside"] = odd.beside;
            finding.code = "of-another-release";
        } else if (!sorted.absent.empty()) {
            const DriverCompanion& first = sorted.jit_compiler != nullptr ? *sorted.jit_compiler : *sorted.absent[0];
            finding.values["names"] = listed(sorted.absent);
            finding.values["without"] = first.without;
            finding.code = sorted.jit_compiler != nullptr ? "jit-compiler-missing" : "parts-missing";
        } else if (facts.release.lacks(Lack::not_understood)) {
            // Which other libraries this driver opens, the release says.
            return because_missing(facts.release.missing());
        } else {
            finding.code = "ok";
            finding.values["count"] = std::to_string(companions.size());
        }
        return finding;
    },
};

}  // namespace jetcuda
