// What a container is given of the driver stands in lists on the host, and the host changes under them: an update
// leaves names of the old driver behind, a list that was edited by hand is never replaced again, a CDI spec made
// before the driver had loaded lacks its device nodes. Lists name much that a board does not have; only what CUDA
// cannot do without is held against them (container_files.json).

#include <algorithm>

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t most_evidence = 10;  // of one sort: a list can name hundreds of files
constexpr std::string_view spec_command = "sudo nvidia-ctk cdi generate --output=";

// The command that makes a list anew. A CSV list is a settings file of its package, which dpkg does not put back
// unless told so.
std::string command_for(const Facts& facts, MountList list) {
    if (list == MountList::csv) {
        return "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confask,confmiss nvidia-l4t-init " +
               package_names(facts).library;
    }
    for (const std::string& file : facts.containers->lists) {
        if (file.find("/cdi/") != std::string::npos) return std::string(spec_command) + file;
    }
    return std::string(spec_command) + "/etc/cdi/nvidia.yaml";
}

constexpr Remedy make_lists_anew{
    .apt = "Bring list and driver together: {command}",
    .nix = "Let NixOS make the CDI spec anew: sudo systemctl restart nvidia-container-toolkit-cdi-generator",
    .yocto =
        "Build the image again, container lists and libraries from one branch of meta-tegra: "
        "IMAGE_INSTALL:append = \" nvidia-container-toolkit tegra-libraries-cuda\"",
    .other =
        "Bring list and driver together; of a CDI spec, make it anew: "
        "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
};

// Gathers what is not well of one sort: its first path for the sentence, the first few as evidence.
class Complaint {
public:
    void add(const std::string& what, const std::string& path, const std::string& source, MountList list) {
        if (count_ == 0) {
            path_ = path;
            list_ = list;
        }
        ++count_;
        if (evidence_.size() < most_evidence) evidence_.push_back({what, path, source});
    }

    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] MountList list() const { return list_; }
    [[nodiscard]] const std::vector<Evidence>& evidence() const { return evidence_; }

    // "/dev/nvidia0", "/dev/nvidia0 and 2 more"
    [[nodiscard]] std::string text() const {
        return count_ < 2 ? path_ : path_ + " and " + std::to_string(count_ - 1) + " more";
    }

private:
    std::size_t count_ = 0;
    std::string path_;
    MountList list_ = MountList::csv;
    std::vector<Evidence> evidence_;
};

struct Complaints {
    Complaint empty;
    Complaint other_driver;
    Complaint too_early;
    Complaint essential;
    Complaint optional;
    std::string first_number;  // of another driver
    std::size_t judged = 0;    // entries
};

Complaints gather(const Containers& containers, bool at_rest) {
    Complaints found;
    for (const ContainerMount& mount : containers.mounts) {
        if (at_rest && mount.kind == MountKind::device) continue;
        ++found.judged;
        if (mount.empty) found.empty.add("empty", mount.path, mount.source, mount.list);
        // A list may name what an older driver brought; it does no harm where nothing is there and nobody needs it.
        if (!mount.other_driver.empty() && (mount.there || mount.essential)) {
            if (found.other_driver.count() == 0) found.first_number = mount.other_driver;
            found.other_driver.add("another driver's", mount.path, mount.source, mount.list);
        }
        if (!mount.there && !mount.essential) found.optional.add("missing", mount.path, mount.source, mount.list);
    }
    for (const WithheldFile& file : containers.withheld) {
        const bool too_early = file.list == MountList::cdi && file.kind == MountKind::device && !file.listed;
        Complaint& complaint = too_early ? found.too_early : found.essential;
        complaint.add(file.listed ? "listed and missing" : "not listed", file.path, file.source, file.list);
    }
    return found;
}

}  // namespace

extern const Check container_mounts_exist{
    .id = "container-mounts-exist",
    .group = Group::containers,
    .severity = Severity::wanted,
    .basis = Basis::host,
    .claim = "the lists of what containers are given name the driver that is here, and all that CUDA needs of it",
    .why =
        "A container in which a part of the driver is missing, empty or of another release fails with \"file too "
        "short\", \"NvRmMemInitNvmap failed\" or \"no CUDA-capable device is detected\", while the board itself is "
        "fine.",
    .reads = {"container lists (CSV)", "CDI specs", "libcuda", "release of libcuda"},
    .needs = {"libcuda-is-found", "libcuda-is-genuine", "device-nodes-are-present"},
    .codes =
        {
            {"ok", Status::pass, "All {total} files that containers are given are there"},
            {"optional-missing", Status::pass,
             "Containers are given all that CUDA needs; {missing} of {total} listed files are not on this board"},
            {"no-lists", Status::not_applicable,
             "Neither a list of the NVIDIA container runtime nor a CDI spec for the GPU is here"},
            {"empty", Status::fail, "Containers are given empty files: {paths}", make_lists_anew},
            {"other-driver", Status::fail,
             "Containers are given files of driver {other}, and this board's is {ours}: {paths}", make_lists_anew},
            {"spec-too-early",
             Status::fail,
             "The CDI spec does not name {paths}, which this board has: it was made before the driver had loaded",
             {.apt = "Make the spec anew, now that the driver has loaded: "
                     "sudo systemctl restart nvidia-cdi-refresh || {command}",
              .nix = "Let NixOS make the CDI spec anew: sudo systemctl restart nvidia-container-toolkit-cdi-generator",
              .other = "Make the spec anew, now that the driver has loaded: {command}"}},
            {"essential-missing", Status::fail, "Containers lack what CUDA cannot do without: {paths}",
             make_lists_anew},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.containers.known()) return because_missing(facts.containers.missing());
        const Containers& containers = *facts.containers;
        if (containers.lists.empty()) {
            if (!containers.unread.empty()) return because_missing(containers.unread.front());
            return {.code = "no-lists"};
        }
        const Complaints found = gather(containers, facts.scope.at_rest);
        Finding finding;
        for (const std::string& file : containers.lists) finding.evidence.push_back({"container list", "read", file});
        for (const std::string& line : containers.skipped) {
            const std::size_t colon = std::min(line.find(": "), line.size());
            const std::string what = line.substr(std::min(colon + 2, line.size()));
            finding.evidence.push_back({"line that is no entry", what, line.substr(0, colon)});
        }
        const auto fail = [&](std::string_view code, const Complaint& complaint) {
            finding.code = code;
            finding.values["paths"] = complaint.text();
            finding.values["command"] = command_for(facts, complaint.list());
            finding.evidence.insert(finding.evidence.end(), complaint.evidence().begin(), complaint.evidence().end());
            return finding;
        };
        if (found.empty.count() != 0) return fail("empty", found.empty);
        if (found.other_driver.count() != 0) {
            finding.values["other"] = found.first_number;
            finding.values["ours"] = "another";
            if (facts.libcuda_release.known()) {
                const DriverRelease& ours = *facts.libcuda_release;
                const bool of_l4t = found.first_number.find('.') < 3;
                if (of_l4t && ours.l4t) finding.values["ours"] = ours.l4t->text();
                if (!of_l4t && !ours.driver_version.empty()) finding.values["ours"] = ours.driver_version;
            }
            return fail("other-driver", found.other_driver);
        }
        if (found.too_early.count() != 0) return fail("spec-too-early", found.too_early);
        if (found.essential.count() != 0) return fail("essential-missing", found.essential);
        if (!containers.unread.empty()) return because_missing(containers.unread.front());
        finding.values["total"] = std::to_string(found.judged);
        finding.values["missing"] = std::to_string(found.optional.count());
        finding.code = found.optional.count() == 0 ? "ok" : "optional-missing";
        finding.evidence.push_back({"files listed", finding.values["total"], containers.lists.front()});
        if (found.optional.count() != 0) {
            finding.evidence.push_back(
                {"files listed and not here", finding.values["missing"], found.optional.evidence().front().source});
        }
        return finding;
    },
};

}  // namespace jetcuda
