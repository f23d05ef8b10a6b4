// Every CUDA program asks the loader for libcuda.so.1. Each distribution keeps it elsewhere: Ubuntu in a folder of the
// loader's configuration, R39 behind links that a service makes at each start, NixOS in /run/opengl-driver/lib.

#include "daemon/checks/check.hpp"
#include "daemon/checks/package_names.hpp"

namespace jetcuda {
namespace {

// The driver lies in its place, and the loader's cache was read and leads to no libcuda at all. An image may get its
// cache at the first start, a container's image may set LD_LIBRARY_PATH for what is mounted into it, and on NixOS
// programs bring their own search path. What no loader of this board could take, ldconfig does not enter: that it is
// of another machine, or no library, another check says.
bool is_beside_search(const Facts& facts) {
    if (!facts.libcuda->elf || facts.libcuda->machine != ElfMachine::aarch64) return false;
    if (facts.libcuda->linked_at_boot || !facts.libcuda_search.known()) return false;
    if (facts.scope.at_rest || facts.scope.in_container) return false;
    if (facts.distribution.known() && *facts.distribution == Distribution::nixos) return false;
    const LoaderAnswer& plain = facts.libcuda_search->plain;
    const bool ended_at_file = !plain.steps.empty() && plain.steps.back().outcome == LoaderStep::Outcome::no_library;
    return facts.libcuda_search->cache_read && plain.path.empty() && !ended_at_file;
}

}  // namespace

extern const Check libcuda_is_found{
    .id = "libcuda-is-found",
    .group = Group::driver,
    .severity = Severity::required,
    .basis = Basis::files,
    .claim = "the loader finds a libcuda.so.1",
    .why =
        "Programs reach the driver through libcuda. Without it they report error 35 (\"CUDA driver version "
        "is insufficient\") or \"libcuda.so.1: cannot open shared object file\", or silently use the CPU.",
    .reads = {"loader configuration and cache", "folders of the L4T driver", "/run/opengl-driver/lib"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "The loader finds libcuda.so.1: {path}"},
            {"linked-at-boot", Status::pass,
             "libcuda is {path}, which a service of this L4T release links for the loader at each start"},
            {"not-found",
             Status::fail,
             "The loader finds no libcuda.so.1",
             {.apt = "Install the package that holds it: sudo apt-get install --reinstall {packages} && sudo ldconfig",
              .nix = "Let NixOS set up /run/opengl-driver, which CUDA needs without a screen too, and switch to it: "
                     "hardware.graphics.enable = true;",
              .yocto = "Put the driver's libraries into the image: IMAGE_INSTALL:append = \" tegra-libraries-cuda\"",
              .other = "Install the libcuda of the L4T release and tell the loader its folder; what it knows now: "
                       "ldconfig -p | grep libcuda"}},
            {"not-in-search",
             Status::fail,
             "{path} lies in its place, but the loader does not find it: its cache is older than its configuration",
             {.other = "Let the loader read its folders again: sudo ldconfig"}},
            {"folder-not-configured",
             Status::fail,
             "{path} lies in its place, but the loader does not find it: its configuration does not name {folder}",
             {.other = "Name the folder to the loader: "
                       "echo {folder} | sudo tee /etc/ld.so.conf.d/nvidia-tegra.conf && sudo ldconfig"}},
            {"not-linked-yet",
             Status::fail,
             "The loader finds no libcuda.so.1, which a service of L4T {line} links at each start",
             {.yocto = "Put the driver's libraries into the image: IMAGE_INSTALL:append = \" tegra-libraries-cuda\"",
              .other =
                  "Run that service and read what it says; where the library itself is missing, install {packages}: "
                  "sudo systemctl restart nv-load-gpu-libs.service; journalctl -b -u nv-load-gpu-libs.service"}},
            {"not-passed-to-container",
             Status::fail,
             "The loader finds no libcuda.so.1 in this container, which should get the host's",
             {.other = "Start the container with NVIDIA's runtime, which brings the host's driver along: "
                       "docker run --runtime nvidia IMAGE"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (facts.libcuda.known() && is_beside_search(facts)) {
            const std::string& path = facts.libcuda->path;
            const auto& next = facts.libcuda_search->after_ldconfig;
            return {.code = next && !next->path.empty() ? "not-in-search" : "folder-not-configured",
                    .values = {{"path", path}, {"folder", path.substr(0, path.rfind('/'))}},
                    .evidence = {{"libcuda", facts.libcuda->real_path, facts.libcuda.source()},
                                 {"found by the loader", "none", facts.libcuda_search.source()}}};
        }
        if (facts.libcuda.known()) {
            return {.code = facts.libcuda->linked_at_boot ? "linked-at-boot" : "ok",
                    .values = {{"path", facts.libcuda->path}},
                    .evidence = {{"libcuda", facts.libcuda->real_path, facts.libcuda.source()}}};
        }
        Finding finding = because_missing(facts.libcuda.missing());
        if (!facts.libcuda.lacks(Lack::not_there)) return finding;
        const bool ubuntu = facts.distribution.known() && *facts.distribution == Distribution::ubuntu;
        const bool links_at_boot = ubuntu && facts.release.known() && facts.release->line >= 39;
        finding.values["packages"] = package_names(facts).library;
        if (facts.scope.in_container) {
            finding.code = "not-passed-to-container";
        } else if (links_at_boot && !facts.scope.at_rest) {
            finding.code = "not-linked-yet";
            finding.values["line"] = line_text(facts.release->line);
        } else {
            finding.code = "not-found";
        }
        return finding;
    },
};

}  // namespace jetcuda
