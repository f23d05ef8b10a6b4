// What all checks share: the names of their enums, the codes that any of them may answer, the filling in of
// sentences, and the list of all checks in the order in which people read them.

#include "daemon/checks/check.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace jetcuda {

// Written by daemon/checks/CMakeLists.txt from the names of the files in this folder.
const std::vector<const Check*>& every_check_by_name();

std::string_view name_of(Group group) {
    switch (group) {
        case Group::platform: return "platform";
        case Group::kernel: return "kernel";
        case Group::devices: return "devices";
        case Group::driver: return "driver";
        case Group::packages: return "packages";
        case Group::compat: return "compat";
        case Group::containers: return "containers";
        case Group::custom: return "custom";
    }
    return "platform";
}

std::string_view name_of(Severity severity) { return severity == Severity::required ? "required" : "wanted"; }

std::string_view name_of(Status status) {
    switch (status) {
        case Status::pass: return "pass";
        case Status::fail: return "fail";
        case Status::unknown: return "unknown";
        case Status::not_applicable: return "not-applicable";
    }
    return "unknown";
}

std::string_view Remedy::for_distribution(Distribution distribution) const {
    const auto own = [&] {
        switch (distribution) {
            case Distribution::ubuntu: return apt;
            case Distribution::nixos: return nix;
            case Distribution::yocto: return yocto;
            case Distribution::other: return other;
        }
        return other;
    }();
    return own.empty() ? other : own;
}

const std::vector<Code>& common_codes() {
    static const std::vector<Code> codes = {
        {"not-there", Status::unknown, "Not judged, because {why}"},
        {"not-readable",
         Status::unknown,
         "Not judged, because {why}",
         {.other = "Ask the daemon, which may read it, or judge as root: sudo jetcuda-check run"}},
        {"not-understood",
         Status::unknown,
         "Not judged, because {why}",
         {.other = "Look at what was read and where it came from: jetcuda-check facts"}},
        {"not-asked", Status::unknown, "Not judged, because {why}"},
        {"blocked", Status::unknown, "Not judged, because {blocked_by} fails: mend that first"},
        {"no-permission",
         Status::unknown,
         "The GPU was not judged, because this user may not open {node}",
         {.other =
              "Ask the daemon, which may open it (jetcuda-check status), join the group that owns it (sudo usermod "
              "-aG {group} \"$USER\", then log in again), or judge as root: sudo jetcuda-check run"}},
        {"probe-still-stuck",
         Status::unknown,
         "The GPU was not asked, because the probe of an earlier run is still stuck in the kernel",
         {.other = "A process that is stuck in the kernel cannot be ended; see what the kernel says about it, then "
                   "restart the board: sudo dmesg | tail -n 50; sudo reboot"}},
        {"not-a-jetson", Status::not_applicable, "This machine is not a Jetson"},
        {"in-container", Status::not_applicable,
         "This is a container, where the host's side cannot be seen: judge it on the host"},
        {"not-running", Status::not_applicable, "This system is at rest, so nothing of it is running"},
        {"not-probed", Status::not_applicable, "The GPU was not probed in this run"},
    };
    return codes;
}

const Code* Check::find_code(std::string_view wanted) const {
    const auto named = [&](const Code& candidate) { return candidate.code == wanted; };
    if (const auto own = std::find_if(codes.begin(), codes.end(), named); own != codes.end()) return &*own;
    const auto& common = common_codes();
    const auto shared = std::find_if(common.begin(), common.end(), named);
    return shared == common.end() ? nullptr : &*shared;
}

Finding because_missing(const Missing& missing) {
    const std::string why = missing.why.empty() ? "nothing is known about it" : missing.why;
    Finding finding{.code = name_of(missing.lack), .values = {{"why", why}}};
    if (!missing.source.empty()) finding.evidence.push_back({"looked for in", why, missing.source});
    return finding;
}

std::string fill(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string filled;
    filled.reserve(text.size());
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
        if (close == std::string_view::npos) break;
        filled += text.substr(0, open);
        const auto value = values.find(std::string(text.substr(open + 1, close - open - 1)));
        if (value == values.end()) {
            filled += text.substr(open, close - open + 1);
        } else {
            filled += value->second;
        }
        text.remove_prefix(close + 1);
    }
    filled += text;
    return filled;
}

namespace {

// How long the longest chain of needs below a check is; a circle, which a test forbids, ends at the depth limit.
int depth_of(const Check& check, int limit = 16) {
    int depth = 0;
    if (limit == 0) return depth;
    for (const std::string_view need : check.needs) {
        for (const Check* other : every_check_by_name()) {
            if (other->id == need) depth = std::max(depth, 1 + depth_of(*other, limit - 1));
        }
    }
    return depth;
}

}  // namespace

const std::vector<const Check*>& all_checks() {
    static const std::vector<const Check*> sorted = [] {
        std::vector<const Check*> checks = every_check_by_name();
        std::sort(checks.begin(), checks.end(), [](const Check* left, const Check* right) {
            return std::make_tuple(left->group, depth_of(*left), left->id) <
                   std::make_tuple(right->group, depth_of(*right), right->id);
        });
        return checks;
    }();
    return sorted;
}

const Check* find_check(std::string_view id) {
    const auto& checks = every_check_by_name();
    const auto found = std::find_if(checks.begin(), checks.end(), [&](const Check* check) { return check->id == id; });
    return found == checks.end() ? nullptr : *found;
}

}  // namespace jetcuda
