// A container gets a GPU only from an engine that has been told of NVIDIA's runtime, or that reads the CDI spec made
// for it. Installing the toolkit does neither by itself: it is a second step, easily left out. One engine that knows
// is enough: docker brings a containerd of its own, which nobody registers anything with.

#include "daemon/checks/check.hpp"

namespace jetcuda {

extern const Check container_runtime_is_registered{
    .id = "container-runtime-is-registered",
    .group = Group::containers,
    .severity = Severity::wanted,
    .basis = Basis::host,
    .claim = "where an NVIDIA container toolkit is installed, a container engine knows it",
    .why =
        "Containers of an engine that was never told start without the GPU: docker says \"unknown or invalid runtime "
        "name: nvidia\", and a program that falls back to the CPU says nothing at all.",
    .reads = {"NVIDIA container toolkit", "settings of docker, containerd, podman and CRI-O", "CDI specs"},
    .needs = {},
    .codes =
        {
            {"ok", Status::pass, "NVIDIA's container runtime is known to {engines}"},
            {"no-toolkit", Status::not_applicable, "No NVIDIA container toolkit is installed"},
            {"no-engine", Status::not_applicable,
             "An NVIDIA container toolkit is installed, and no container engine is"},
            {"not-registered",
             Status::fail,
             "An NVIDIA container toolkit is installed, and {engines} was not told of it",
             {.apt = "Register NVIDIA's runtime: {command}",
              .nix = "Let NixOS make a CDI spec for the GPU (hardware.nvidia-container-toolkit.enable = true;), then: "
                     "sudo nixos-rebuild switch",
              .yocto =
                  "Put meta-tegra's settings for docker into the image, or register NVIDIA's runtime on the board: "
                  "IMAGE_INSTALL:append = \" nvidia-docker\"",
              .other = "Register NVIDIA's runtime: {command}"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.containers.known()) return because_missing(facts.containers.missing());
        const Containers& containers = *facts.containers;
        if (!containers.toolkit) return {.code = "no-toolkit"};
        Finding finding;
        finding.evidence.push_back(
            {"NVIDIA container toolkit",
             containers.toolkit_version.empty() ? std::string("installed") : containers.toolkit_version,
             containers.toolkit_source});
        if (containers.engines.empty()) {
            finding.code = "no-engine";
            return finding;
        }
        std::string told;
        std::string not_told;
        const Missing* unread = nullptr;
        for (const ContainerEngine& engine : containers.engines) {
            if (!engine.registered.known()) {
                if (unread == nullptr) unread = &engine.registered.missing();
                continue;
            }
            std::string& names = *engine.registered ? told : not_told;
            names.append(names.empty() ? "" : ", ").append(engine.name);
            finding.evidence.push_back(
                {engine.name, *engine.registered ? "knows NVIDIA's runtime" : "does not name NVIDIA's runtime",
                 engine.registered.source()});
        }
        if (told.empty() && unread != nullptr) return because_missing(*unread);
        // podman is told by a CDI spec, and no command registers a runtime with it.
        const std::string& first = containers.engines.front().name;
        finding.values["command"] = first == "podman" ? "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
                                                      : "sudo nvidia-ctk runtime configure --runtime=" + first +
                                                            " && sudo systemctl restart " + first;
        finding.values["engines"] = told.empty() ? not_told : told;
        finding.code = told.empty() ? "not-registered" : "ok";
        return finding;
    },
};

}  // namespace jetcuda
