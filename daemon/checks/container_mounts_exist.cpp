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
constexpr std::size_t most_names = 3;      // in a sentence
constexpr int first_line_that_links_at_boot = 39;

bool is_spec(std::string_view file) { return file.find("/cdi/") != std::string_view::npos; }

// The spec to make anew: the one that was read, or that could not be.
std::string spec_of(const Containers& containers) {
    for (const Missing& broken : containers.broken) return broken.source;
    for (const std::string& file : containers.lists) {
        if (is_spec(file)) return file;
    }
    return "/etc/cdi/nvidia.yaml";
}

// The toolkit's own service makes the spec in /run; one in /etc was made by hand.
bool made_at_boot(std::string_view spec) { return spec.rfind("/etc/", 0) != 0; }

// The command that makes a list anew. A CSV list is a settings file of its package, which dpkg does not put back
// unless told so; from R39 on a service adds libcuda to it at each start. (source: a published list of that release's
// services)
std::string command_for(const Facts& facts, MountList list) {
    if (list == MountList::cdi) {
        const std::string spec = spec_of(*facts.containers);
        const std::string command = "sudo nvidia-ctk cdi generate --output=" + spec;
        return made_at_boot(spec) ? "sudo systemctl restart nvidia-cdi-refresh || " + command : command;
    }
    std::string command =
        "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confask,confmiss nvidia-l4t-init " +
        package_names(facts).library;
    const bool links_at_boot = facts.release.known() && facts.release->line >= first_line_that_links_at_boot;
    return links_at_boot ? command + " && sudo systemctl restart nv-load-gpu-libs" : command;
}

// Without this the spec of the next start lacks the nodes again. (source: a Thor set-up guide, a public GitHub file)
std::string command_for_early_spec(const Facts& facts) {
    if (!made_at_boot(spec_of(*facts.containers))) return command_for(facts, MountList::cdi);
    const std::string folder = "/etc/systemd/system/nvidia-cdi-refresh.service.d";
    return "sudo mkdir -p " + folder + " && printf '[Unit]\\nAfter=nv-load-display-modules.service\\n' | sudo tee " +
           folder + "/after-driver.conf && sudo systemctl daemon-reload && sudo systemctl restart nvidia-cdi-refresh";
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

constexpr Remedy make_spec_anew{
    .apt = "Make the spec anew: {command}",
    .nix = "Let NixOS make the CDI spec anew: sudo systemctl restart nvidia-container-toolkit-cdi-generator",
    .other = "Make the spec anew: sudo nvidia-ctk cdi generate --output={spec}",
};

// Gathers what is not well of one sort: its first path for the sentence, the first few as evidence.
class Complaint {
public:
    void add(const std::string& what, const std::string& path, const std::string& source, MountList list) {
        if (count_ == 0) list_ = list;
        if (names_.size() < most_names && std::count(names_.begin(), names_.end(), path) == 0) names_.push_back(path);
        ++count_;
        if (evidence_.size() < most_evidence) evidence_.push_back({what, path, source});
    }

    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] MountList list() const { return list_; }
    [[nodiscard]] const std::vector<Evidence>& evidence() const { return evidence_; }

    // "/dev/nvidia0", "/dev/nvidia0, /dev/nvidiactl and 2 more"
    [[nodiscard]] std::string text() const {
        std::string text;
        for (const std::string& name : names_) text.append(text.empty() ? "" : ", ").append(name);
        return count_ <= names_.size() ? text : text + " and " + std::to_string(count_ - names_.size()) + " more";
    }

private:
    std::size_t count_ = 0;
    std::vector<std::string> names_;  // the first few
    MountList list_ = MountList::csv;
    std::vector<Evidence> evidence_;
};

struct Complaints {
    Complaint empty;
    Complaint other_driver;
    Complaint too_early;
    Complaint essential;
    Complaint not_there;  // device nodes that a CDI spec names: an engine starts no container then
    Complaint optional;
    std::string first_number;  // of another driver
    std::size_t judged = 0;    // entries
};

// Where a list names this file in a line that the toolkit passes over: "…/drivers.csv, line 7"; or empty.
std::string unreadable_line(const Containers& containers, const std::string& path) {
    for (const std::string& skipped : containers.skipped) {
        if (skipped.find(path) != std::string::npos) return skipped.substr(0, skipped.find(": "));
    }
    return {};
}

Complaints gather(const Containers& containers, bool at_rest) {
    Complaints found;
    for (const ContainerMount& mount : containers.mounts) {
        if (at_rest && mount.kind == MountKind::device) continue;
        ++found.judged;
        if (mount.empty) found.empty.add("empty", mount.path, mount.source, mount.list);
        // A CSV list may name what an older driver brought; it does no harm where nothing is there and nobody needs
        // it, for the toolkit passes over what is not there. An engine does not pass over an entry of a CDI spec.
        const bool counts = mount.there || mount.essential || mount.list == MountList::cdi;
        if (!mount.other_driver.empty() && counts) {
            if (found.other_driver.count() == 0) found.first_number = mount.other_driver;
            found.other_driver.add("another driver's", mount.path, mount.source, mount.list);
        }
        if (mount.there) continue;
        if (mount.list == MountList::cdi && mount.kind == MountKind::device) {
            found.not_there.add("missing", mount.path, mount.source, mount.list);
        } else if (!mount.essential) {
            found.optional.add("missing", mount.path, mount.source, mount.list);
        }
    }
    for (const WithheldFile& file : containers.withheld) {
        const bool too_early = file.list == MountList::cdi && file.kind == MountKind::device && !file.listed;
        Complaint& complaint = too_early ? found.too_early : found.essential;
        std::string why = file.listed ? "listed and missing" : "not listed";
        if (const std::string line = unreadable_line(containers, file.path); !file.listed && !line.empty()) {
            why = "what names it is no entry: " + line;
        }
        complaint.add(why, too_early ? file.path : file.path + " (" + why + ")", file.source, file.list);
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
             {.apt = "Make the spec anew, now that the driver has loaded, and let a service that makes it at each "
                     "start wait for the driver: {command}",
              .nix = "Let NixOS make the CDI spec anew: sudo systemctl restart nvidia-container-toolkit-cdi-generator",
              .other = "Make the spec anew, now that the driver has loaded: "
                       "sudo nvidia-ctk cdi generate --output={spec}"}},
            {"essential-missing", Status::fail, "Containers lack what CUDA cannot do without: {paths}",
             make_lists_anew},
            {"spec-names-missing", Status::fail,
             "The CDI spec {spec} names {paths}, which this board does not have, so no container starts with it",
             make_spec_anew},
            {"spec-broken", Status::fail, "No container gets the GPU by CDI: {why}", make_spec_anew},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.containers.known()) return because_missing(facts.containers.missing());
        const Containers& containers = *facts.containers;
        const bool any_spec = std::any_of(containers.lists.begin(), containers.lists.end(),
                                          [](const std::string& file) { return is_spec(file); });
        if (!any_spec && !containers.broken.empty()) {
            const Missing& broken = containers.broken.front();
            return {.code = "spec-broken",
                    .values = {{"why", broken.why},
                               {"command", command_for(facts, MountList::cdi)},
                               {"spec", spec_of(containers)}},
                    .evidence = {{"CDI spec", "cannot be read", broken.source}}};
        }
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
            finding.values["spec"] = spec_of(containers);
            finding.values["command"] = code == std::string_view("spec-too-early")
                                            ? command_for_early_spec(facts)
                                            : command_for(facts, complaint.list());
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
        if (found.not_there.count() != 0) return fail("spec-names-missing", found.not_there);
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
