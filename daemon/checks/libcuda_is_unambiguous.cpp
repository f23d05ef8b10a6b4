// The loader takes the first libcuda.so.1 it meets, and each program may be sent another way: by the loader's cache, by
// LD_LIBRARY_PATH of its unit, by its own RUNPATH. So a second libcuda is a fault that waits, or one that only some
// programs have. A cuda_compat is meant to be met first; one file under two names is one; and the toolkit's folder
// "stubs" is fine as long as nobody's search leads there.

#include <algorithm>

#include "daemon/checks/check.hpp"
#include "daemon/checks/libcuda_kinds.hpp"

namespace jetcuda {
namespace {

constexpr Remedy take_away_winner{
    .apt = "Take it out of the search ({named_by} leads there), then see that the other takes its place: {command}",
    .nix = "Take what puts it there out of the configuration, then switch: sudo nixos-rebuild switch",
    .yocto = "Take what brings {path} out of the image, and see what is found then: jetcuda-check which-libcuda",
    .other =
        "Take it out of the search ({named_by} leads there), and see what is found then: "
        "jetcuda-check which-libcuda",
};

// What a program could load in place of the driver's own.
bool is_foreign(LibcudaKind kind) {
    return kind == LibcudaKind::stub || kind == LibcudaKind::other_driver || kind == LibcudaKind::other_gpu ||
           kind == LibcudaKind::discrete;
}

// The command that takes a line of the loader's configuration back, where that is what leads to a library:
// "/etc/ld.so.cache, from /etc/ld.so.conf.d/x.conf, line 1". Empty: something else does.
std::string command_against(std::string_view named_by) {
    constexpr std::string_view before_number = ", line ";
    const std::size_t file = named_by.rfind("/etc/ld.so.conf");
    const std::size_t line = named_by.rfind(before_number);
    if (file == std::string_view::npos || line == std::string_view::npos || line < file) return {};
    const std::string number(named_by.substr(line + before_number.size()));
    return "sudo sed -i '" + number + "s/^/#/' " + std::string(named_by.substr(file, line - file)) +
           " && sudo ldconfig && ldconfig -p | grep libcuda";
}

std::string_view code_for(LibcudaKind kind) {
    switch (kind) {
        case LibcudaKind::own:
        case LibcudaKind::compat:
        case LibcudaKind::other_machine: return {};
        case LibcudaKind::other_compat: return "other-compat-wins";
        case LibcudaKind::stub: return "stub-wins";
        case LibcudaKind::broken: return "broken-file-wins";
        case LibcudaKind::other_gpu:
        case LibcudaKind::discrete:
        case LibcudaKind::other_driver: return "other-driver-wins";
    }
    return {};
}

// No search of the loader leads to it: the path is written into each program.
const CompatFolder* linked_by_nixpkgs(const Facts& facts) {
    if (!facts.compat) return nullptr;
    for (const CompatFolder& folder : facts.compat->folders) {
        const bool linked = std::any_of(folder.enabled_by.begin(), folder.enabled_by.end(),
                                        [](const CompatEnabling& how) { return how.by_nixpkgs; });
        if (linked) return &folder;
    }
    return nullptr;
}

}  // namespace

extern const Check libcuda_is_unambiguous{
    .id = "libcuda-is-unambiguous",
    .group = Group::driver,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "no second libcuda can win over the driver's own",
    .why =
        "Each program takes the first libcuda.so.1 that its own search meets: by the loader's cache, by "
        "LD_LIBRARY_PATH "
        "of its unit, by its RUNPATH. With a second one about, one program works and the next one reports error 34 or "
        "35, or all change with the next ldconfig.",
    .reads = {"/etc/ld.so.cache", "/etc/ld.so.conf and what it includes", "environments of systemd units",
              "every libcuda.so.1 that these lead to"},
    .needs = {"libcuda-is-found", "libcuda-is-genuine"},
    .codes =
        {
            {"ok", Status::pass, "Programs get {own}, and no other libcuda is in their way"},
            {"compat-enabled", Status::pass,
             "{asker} gets {path}, a cuda_compat that was enabled on purpose ({named_by}); no other libcuda is in the "
             "way"},
            {"compat-by-nixpkgs", Status::pass,
             "Programs get {own}, save the CUDA programs of nixpkgs, which links {path}, a cuda_compat, into them; no "
             "other libcuda is in their way"},
            {"linked-at-boot", Status::pass,
             "Nothing in this image stands in the way of {own}, which is linked for the loader at each start"},
            {"search-not-recorded", Status::not_applicable,
             "Which libcuda the loader takes is not recorded here: there is no /etc/ld.so.cache, and no configuration "
             "or "
             "default folder leads to one"},
            {"stub-wins", Status::fail,
             "{asker} gets {path}, the toolkit's stub, in place of {own}; it answers every call with error 34",
             take_away_winner},
            {"other-driver-wins", Status::fail, "{asker} gets {path}, which is another driver, in place of {own}",
             take_away_winner},
            {"other-compat-wins", Status::fail,
             "{asker} gets {path}, a cuda_compat that was made for other boards, in place of {own}", take_away_winner},
            {"broken-file-wins", Status::fail,
             "{asker} is led to {path}, which cannot be loaded ({flaw}), before the loader comes to {own}",
             take_away_winner},
            {"wins-after-ldconfig",
             Status::fail,
             "The next run of ldconfig, such as with a package's installation, gives programs {path} in place of {own}",
             {.other = "Take {path} out of the loader's folders ({named_by} names its folder), and see what ldconfig "
                       "would find then: ldconfig -N -v 2>/dev/null | grep -e '^/' -e libcuda"}},
            {"second-in-search",
             Status::fail,
             "Behind {own} the loader knows a second libcuda, {path}, which wins as soon as the order changes",
             {.apt = "Remove what brought it there ({named_by} leads to it): dpkg -S {real}",
              .nix = "Take what puts it there out of the configuration, then switch: sudo nixos-rebuild switch",
              .yocto = "Take what brings it out of the image: opkg search {path}",
              .other = "Remove it, or its folder from the loader's configuration ({named_by}): "
                       "jetcuda-check which-libcuda"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.libcuda.known()) return because_missing(facts.libcuda.missing());
        if (!facts.libcuda_search.known()) return because_missing(facts.libcuda_search.missing());
        const LibcudaSearch& search = *facts.libcuda_search;
        const LibcudaSorting sorting(facts);
        Finding finding{.values = {{"own", facts.libcuda->path}},
                        .evidence = {{"libcuda of the release", facts.libcuda->real_path, facts.libcuda.source()}}};
        const auto name = [&](std::string_view code, const LibcudaSighting& sighting, std::string asker) {
            if (!asker.empty()) asker[0] = asker[0] == 'a' && asker[1] == ' ' ? 'A' : asker[0];
            finding.code = code;
            finding.values["path"] = sighting.path;
            finding.values["real"] = sighting.real_path;
            finding.values["named_by"] = sighting.named_by;
            finding.values["flaw"] = sighting.file.flaw;
            const std::string_view kind = ".service";
            const bool of_unit = asker.size() > kind.size() && asker.substr(asker.size() - kind.size()) == kind;
            // Other libraries may lie in the folder of a stray file, and a compat has its folder to itself.
            const bool stray = code == "stub-wins" || code == "broken-file-wins";
            finding.values["command"] =
                of_unit ? "sudo systemctl edit --full " + asker + " && sudo systemctl restart " + asker
                : stray ? "sudo rm " + sighting.path + " && sudo ldconfig && ldconfig -p | grep libcuda"
                : code == "other-compat-wins" ? command_against(sighting.named_by)
                                              : std::string();
            if (finding.values["command"].empty()) {
                finding.values["command"] = "sudo ldconfig && ldconfig -p | grep libcuda";
            }
            finding.values["asker"] = std::move(asker);
        };
        // Every asker is told as evidence; the first that gets something wrong gives the finding its words.
        const LibcudaSighting* compat = nullptr;
        std::string compat_asker;
        const auto ask = [&](const LoaderAnswer& answer) {
            const LoaderStep* end = end_of(answer);
            finding.evidence.push_back({answer.asker + " gets", end != nullptr ? end->path : "none",
                                        end != nullptr ? end->source : facts.libcuda_search.source()});
            if (end == nullptr) return;
            const auto found = std::find_if(search.all.begin(), search.all.end(), [&](const LibcudaSighting& sighting) {
                return sighting.path == end->path ||
                       (!answer.real_path.empty() && sighting.real_path == answer.real_path);
            });
            if (found == search.all.end()) return;
            LibcudaSighting sighting = *found;
            sighting.path = end->path;
            if (&answer != &search.plain && end->source != "/etc/ld.so.cache") sighting.named_by = end->source;
            const LibcudaKind kind = sorting.kind_of(found->file);
            if (kind == LibcudaKind::compat && compat == nullptr) {
                compat = &*found;
                compat_asker = answer.asker;
            }
            if (finding.code.empty() && !code_for(kind).empty()) name(code_for(kind), sighting, answer.asker);
        };
        ask(search.plain);
        for (const LoaderAnswer& unit : search.units) ask(unit);
        if (!finding.code.empty()) return finding;

        if (search.after_ldconfig) {
            const LibcudaSighting* next = sorting.sighting_of(search.after_ldconfig->real_path);
            const LibcudaKind kind = next != nullptr ? sorting.kind_of(next->file) : LibcudaKind::own;
            if (is_foreign(kind) || kind == LibcudaKind::other_compat) {
                finding.evidence.push_back({"after the next ldconfig", next->path, next->named_by});
                name("wins-after-ldconfig", *next, "");
                return finding;
            }
        }
        const bool plain_has_own = end_of(search.plain) != nullptr;
        for (const LibcudaSighting& sighting : search.all) {
            const bool of_unit = sighting.named_by.rfind("LD_", 0) == 0;
            const LibcudaKind kind = sorting.kind_of(sighting.file);
            if (of_unit || !is_foreign(kind)) continue;
            finding.evidence.push_back({"a second libcuda", sighting.path, sighting.named_by});
            if (finding.code.empty()) name("second-in-search", sighting, "");
        }
        if (!finding.code.empty()) return finding;
        const CompatFolder* const linked = linked_by_nixpkgs(facts);
        if (compat != nullptr) {
            name("compat-enabled", *compat, compat_asker);
        } else if (linked != nullptr && plain_has_own) {
            finding.code = "compat-by-nixpkgs";
            finding.values["path"] = linked->library.path;
            finding.evidence.push_back(
                {"CUDA programs of nixpkgs get", linked->library.path, linked->enabled_by.front().source});
        } else if (plain_has_own) {
            finding.code = "ok";
        } else {
            finding.code = facts.libcuda->linked_at_boot ? "linked-at-boot" : "search-not-recorded";
        }
        return finding;
    },
};

}  // namespace jetcuda
