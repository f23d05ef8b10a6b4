// A cuda_compat runs on some kernel drivers and not on others. Two sources say which: NVIDIA's table lists the CUDA
// versions that each JetPack can be raised to, and the file's own note lists the branches of the driver that it
// accepts. The note counts where both drivers have a number (Thor); without numbers it adds only that the compat must
// be newer, which another check asks. Both are promises: a compat that was seen running is right, whatever they say.
// (source: CUDA for Tegra application note; the rule by the note: NVIDIA container toolkit, cuda-elf-header.go)

#include <charconv>

#include "daemon/checks/check.hpp"
#include "daemon/checks/compat_folders.hpp"
#include "daemon/checks/rungs.hpp"

namespace jetcuda {
namespace {

constexpr Remedy take_another{
    .apt = "Take it away from {place}, and {instead}: {remove}",
    .nix =
        "Build the system with a CUDA set that the driver has itself, or {instead}: "
        "sudo nixos-rebuild boot && sudo reboot",
    .other = "Take its folder away from {place}, and {instead}: {aside}",
};

constexpr Remedy see_for_yourself{
    .other = "See whether it works: sudo jetcuda-check run --driver {library}",
};

// "595" of "595.78"; 0 where it is no driver's number.
int branch_of(std::string_view version) {
    const std::size_t dot = version.find('.');
    int branch = 0;
    const char* end = version.data() + std::min(dot, version.size());
    const auto [rest, error] = std::from_chars(version.data(), end, branch);
    return error == std::errc() && rest == end && branch >= 100 ? branch : 0;
}

// Is the driver number `left` higher than `right`? Part by part, since 580.65.06 has more of them than 580.95.
bool is_higher(std::string_view left, std::string_view right) {
    while (!left.empty() || !right.empty()) {
        const auto take = [](std::string_view& text) {
            const std::size_t dot = std::min(text.find('.'), text.size());
            int number = 0;
            std::from_chars(text.data(), text.data() + dot, number);
            text.remove_prefix(std::min(dot + 1, text.size()));
            return number;
        };
        const int a = take(left);
        const int b = take(right);
        if (a != b) return a > b;
    }
    return false;
}

template <typename Items, typename Text>
std::string listed(const Items& items, Text text) {
    std::string list;
    for (const auto& item : items) list.append(list.empty() ? "" : ", ").append(text(item));
    return list;
}

bool holds(const std::vector<CudaVersion>& versions, CudaVersion version) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
}

// The codes by the note; empty where it has no say.
std::string_view by_note(const CompatFolder& folder, const Facts& facts, Finding& finding) {
    if (!folder.note.known() || folder.note->drivers.empty() || !facts.libcuda_release.known()) return {};
    const std::string& native = facts.libcuda_release->driver_version;
    const int branch = branch_of(native);
    if (branch == 0 || branch_of(folder.version) == 0) return {};
    const std::vector<int>& drivers = folder.note->drivers;
    finding.values["driver"] = native;
    finding.values["version"] = folder.version;
    finding.values["branches"] = listed(drivers, [](int driver) { return std::to_string(driver); });
    finding.evidence.push_back({"driver number", native, facts.libcuda_release.source()});
    if (std::find(drivers.begin(), drivers.end(), branch) == drivers.end()) return "note-refuses";
    return is_higher(folder.version, native) ? std::string_view{} : "number-not-higher";
}

// As people know the product: by its packages.
std::string_view product_name(std::string_view product) {
    return product == name_of(CompatProduct::orin)  ? "cuda-compat-orin"
           : product == name_of(CompatProduct::l4t) ? "the cuda-compat for L4T"
                                                    : "the cuda-compat for servers and Thor";
}

std::string_view by_table(const CompatFolder& folder, const Facts& facts, Finding& finding) {
    const CompatRecord* own = nullptr;
    std::string takes;
    bool any = false;
    for (const CompatRecord& record : facts.compat->records) {
        if (record.line != facts.release->line) continue;
        any = true;
        if (record.product == name_of(folder.product)) own = &record;
        const std::vector<CudaVersion>& versions = record.promised.empty() ? record.reported : record.promised;
        if (versions.empty()) continue;
        takes.append(takes.empty() ? "" : "; or ").append(product_name(record.product)).append(" of CUDA ");
        takes.append(listed(versions, [](CudaVersion version) { return version.text(); }));
    }
    const std::string line = line_text(facts.release->line);
    finding.values["instead"] = takes.empty() ? "use none in its place, since none is known to work on " + line
                                              : "use one that " + line + " takes (" + takes + ")";
    if (!any) return "no-record";
    finding.evidence.push_back({"what " + line + " takes", takes.empty() ? "none is known to work" : takes,
                                own != nullptr ? own->source : "compat.json"});
    if (own == nullptr) return "other-line";
    if (holds(own->promised, *folder.cuda)) return "ok";
    if (holds(own->reported, *folder.cuda)) return "reported";
    if (*folder.cuda > own->known_up_to) return "newer-than-data";
    return own->listed ? "outside-window" : "not-established";
}

// What jetcuda-probe measured with the library of this folder; null: it was not tried.
const Fact<ProbeAnswer>* measured_of(const CompatFolder& folder, const Facts& facts) {
    const auto own = facts.compat_probes.find(folder.directory);
    if (own != facts.compat_probes.end() && own->second.known()) return &own->second;
    const bool is_driver_under_test = facts.driver_probe.known() && is_library_of(folder, facts.driver_probe->library);
    return is_driver_under_test ? &facts.driver_probe : nullptr;
}

// It made a context, and no kernel that was tried with it went wrong.
bool was_seen_running(const ProbeAnswer& answer) {
    const StepAnswer* context = answer.step(ProbeStep::context);
    const std::vector<const WorkItem*> kernels = kernels_of(answer, ProbeStep::native);
    return context != nullptr && context->succeeded() && count_right(kernels) == kernels.size();
}

// Its driver itself says that it does not go with the board's: 801, 803, 804 of cuInit or of a context.
const StepAnswer* own_refusal(const ProbeAnswer& answer) {
    const StepAnswer* refused = first_refused_step(answer);
    if (refused == nullptr || refused->end != StepEnd::answered) return nullptr;
    const bool of_compat = refused->result == 801 || refused->result == 803 || refused->result == 804;
    return of_compat ? refused : nullptr;
}

Finding judge_folder(const CompatFolder& folder, const Facts& facts) {
    Finding finding = about(folder, facts);
    finding.values["line"] = line_text(facts.release->line);
    finding.values["library"] = folder.library.path;
    if (const Fact<ProbeAnswer>* measured = measured_of(folder, facts)) {
        if (was_seen_running(**measured)) {
            finding.code = "runs";
            finding.evidence.push_back({"measured", "made a context on the GPU", measured->source()});
            return finding;
        }
        if (const StepAnswer* refusal = own_refusal(**measured)) {
            finding.code = "refused-by-driver";
            finding.values["answer"] = refusal_in_words(*refusal);
            finding.values["instead"] = "use one that is made for this release, or the driver of the board itself";
            finding.evidence.push_back({"measured", finding.values["answer"], measured->source()});
            return finding;
        }
    }
    if (!folder.cuda) {
        finding.code = "cuda-not-recorded";
        return finding;
    }
    const std::optional<NativeCuda> native = native_cuda(facts);
    if (native && native->version == *folder.cuda) {
        finding.code = "same-as-driver";
        return finding;
    }
    const std::string_view table = by_table(folder, facts, finding);
    const std::string_view note = by_note(folder, facts, finding);
    finding.code = note.empty() ? table : note;
    // The table may well hold this CUDA version: it is this build of it that the driver does not suit.
    if (!note.empty()) {
        finding.values["instead"] =
            "use a build of it, or of another CUDA version, that is made for drivers of the branch " +
            std::to_string(branch_of(finding.values["driver"]));
    }
    return finding;
}

}  // namespace

extern const Check compat_accepts_this_driver{
    .id = "compat-accepts-this-driver",
    .group = Group::compat,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "its own note and the release's window allow an enabled cuda_compat on this driver",
    .why =
        "NVIDIA makes each cuda_compat for some releases of the driver. On another one programs fail at their first "
        "CUDA call, with error 803 or 804, or worse: they run, and nobody has tried that combination.",
    .reads = {"cuda_compat folders", "note .note.cuda.fwd_compatibility", "L4T release", "compat.json"},
    .needs = {"compat-is-for-this-board", "compat-is-newer-than-driver"},
    .codes =
        {
            {"ok", Status::pass, "{dir} brings CUDA {cuda}, to which NVIDIA lets {line} be raised"},
            {"reported", Status::pass,
             "{dir} brings CUDA {cuda}, which is reported to work on {line}; NVIDIA does not promise it"},
            {"runs", Status::pass, "{dir} was seen running on this driver"},
            no_compat,
            compat_not_enabled,
            {"refused-by-driver", Status::fail,
             "The driver of {dir} does not go with the driver of this board: {answer}", take_another},
            {"same-as-driver", Status::not_applicable, "{dir} brings CUDA {cuda}, which the driver has itself"},
            {"note-refuses", Status::fail,
             "{dir} accepts drivers of the branches {branches} only, by its own note; this one is {driver}",
             take_another},
            {"number-not-higher", Status::fail,
             "{dir} is of driver {version}, which is not above the {driver} of this board, as its rule demands",
             take_another},
            {"other-line", Status::fail, "{dir} is the {product} product, which {line} does not take", take_another},
            {"outside-window", Status::fail, "{dir} brings CUDA {cuda}, to which NVIDIA does not let {line} be raised",
             take_another},
            {"newer-than-data", Status::unknown,
             "{dir} brings CUDA {cuda}, which is newer than anything the data speak of", see_for_yourself},
            {"not-established", Status::unknown,
             "Whether the {product} product works on {line} with CUDA {cuda}, nobody has established",
             see_for_yourself},
            {"no-record", Status::unknown, "The data do not say which cuda_compat {line} takes on this SoC",
             see_for_yourself},
            {"cuda-not-recorded", Status::unknown,
             "Which CUDA version {dir} brings, which is used by {who}, neither its note nor its package says"},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (std::optional<Finding> nothing = nothing_enabled(facts)) return *std::move(nothing);
        if (!facts.release.known()) return because_missing(facts.release.missing());
        return worst_of_enabled(facts, compat_accepts_this_driver,
                                [&](const CompatFolder& folder) { return judge_folder(folder, facts); });
    },
};

}  // namespace jetcuda
