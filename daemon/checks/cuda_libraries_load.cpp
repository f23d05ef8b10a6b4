// The libraries that programs of the trade are made of: cuBLAS, cuFFT, cuDNN, TensorRT. Each is loaded with all that it
// needs and asked for its version, which must be the one that its package claims: a copy from elsewhere in its place is
// found so.

#include "daemon/checks/check.hpp"
#include "daemon/checks/work_steps.hpp"

namespace jetcuda {
namespace {

inline constexpr Remedy reinstall_library{
    .apt = "Install it again: sudo apt-get install --reinstall {package} && sudo ldconfig",
    .nix = "Build the system again from one revision of its inputs: sudo nixos-rebuild boot && sudo reboot",
    .yocto = "Build the image again from one branch of meta-tegra: bitbake IMAGE",
    .other = "See what it needs and what the loader finds: ldd {library}; ldconfig -p",
};

// A library tells fewer numbers than its package has: 12.6.1 of 12.6.1.4. Those that both have must agree.
bool agree(std::string_view told, std::string_view claimed) {
    while (!told.empty() && !claimed.empty()) {
        const std::string_view one = told.substr(0, told.find('.'));
        const std::string_view other = claimed.substr(0, claimed.find('.'));
        if (one != other) return false;
        told.remove_prefix(std::min(one.size() + 1, told.size()));
        claimed.remove_prefix(std::min(other.size() + 1, claimed.size()));
    }
    return true;
}

const CudaLibrary* library_of(const CudaLibraries& libraries, const WorkItem& item) {
    const auto found = std::find_if(libraries.libraries.begin(), libraries.libraries.end(),
                                    [&item](const CudaLibrary& library) { return library.opened == item.name; });
    return found == libraries.libraries.end() ? nullptr : &*found;
}

}  // namespace

extern const Check cuda_libraries_load{
    .id = "cuda-libraries-load",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::measured,
    .claim = "cudart, cuBLAS, cuDNN, TensorRT and their kind load and report the version that their package claims",
    .why =
        "A library that does not load, or is another than its package says, fails programs at their start with a "
        "message that names neither the package nor the cause; some then compute on the CPU without a word.",
    .reads = {"jetcuda-probe: libraries", "CUDA libraries of the newest toolkit that the driver can run",
              "installed packages"},
    .needs = {"driver-initializes"},
    .codes = with_work_codes({
        {"ok", Status::pass, "The CUDA libraries load, and are of the versions that their packages claim ({count})"},
        {"no-libraries", Status::not_applicable, "No CUDA libraries are installed"},
        {"cannot-load", Status::fail, "{library} cannot be loaded: {failure}", reinstall_library},
        {"version-differs", Status::fail, "{library} says that it is {told}, but its package, {package}, is {claimed}",
         reinstall_library},
        {"crashed", Status::fail, "{library} crashed with {signal} while it was loaded and asked for its version",
         reinstall_library},
        {"timed-out", Status::fail,
         "{library} did not come back within {limit} from being loaded and asked for its version", reinstall_library},
        {"babbled", Status::fail, "{library} printed without end while it was loaded, and had to be ended",
         reinstall_library},
        {"garbled", Status::fail, "{library} left the probe without a usable answer while it was loaded: {failure}",
         reinstall_library},
    }),
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.driver_probe.known()) return because_missing(facts.driver_probe.missing());
        if (!facts.cuda_libraries.known()) return because_missing(facts.cuda_libraries.missing());
        const CudaLibraries& libraries = *facts.cuda_libraries;
        if (libraries.libraries.empty()) return Finding{.code = "no-libraries"};
        if (std::optional<Finding> open = work_not_done(facts, ProbeStep::libraries)) return *std::move(open);
        const ProbeAnswer& answer = *facts.driver_probe;
        const std::vector<const WorkItem*> items = answer.work_of(ProbeStep::libraries);
        if (auto death = death_in(answer, ProbeStep::libraries, facts)) {
            const WorkItem* last = first_with(items, WorkOutcome::unfinished);
            const CudaLibrary* guilty = last == nullptr ? nullptr : library_of(libraries, *last);
            if (guilty == nullptr) guilty = &libraries.libraries.front();
            death->values["library"] = last == nullptr ? "One of the CUDA libraries" : guilty->path;
            death->values["package"] = package_of(*guilty);
            return *std::move(death);
        }
        Finding passing{.code = "ok", .values = {{"count", std::to_string(libraries.libraries.size())}}};
        for (const WorkItem* item : items) {
            const CudaLibrary* library = library_of(libraries, *item);
            if (library == nullptr) continue;
            Finding finding{.values = {{"library", library->path},
                                       {"package", package_of(*library)},
                                       {"told", item->detail},
                                       {"claimed", library->claimed}}};
            if (item->outcome != WorkOutcome::right) {
                const std::string failure = without_path(refusal_text(*item), item->name);
                finding.code = "cannot-load";
                finding.values["failure"] = failure;
                finding.evidence.push_back({library->path, failure, "jetcuda-probe: libraries"});
                return finding;
            }
            const Evidence told{library->path, item->detail.empty() ? "loads, and tells no version" : item->detail,
                                "jetcuda-probe: libraries"};
            if (!item->detail.empty() && !library->claimed.empty() && !agree(item->detail, library->claimed)) {
                finding.code = "version-differs";
                finding.evidence = {told, {library->package, library->claimed, facts.software.source()}};
                return finding;
            }
            passing.evidence.push_back(told);
        }
        if (passing.evidence.size() < libraries.libraries.size()) {
            return because_missing({Lack::not_asked,
                                    fmt::format("jetcuda-probe opened {} of {} libraries", passing.evidence.size(),
                                                libraries.libraries.size()),
                                    "jetcuda-probe"});
        }
        return passing;
    },
};

}  // namespace jetcuda
