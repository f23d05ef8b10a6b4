// A container gets a GPU only from an engine that has been told of NVIDIA's runtime, or that reads the CDI spec made
// for it. Installing the toolkit does neither by itself: it is a second step, easily left out. One engine that knows
// is enough: docker brings a containerd of its own, which nobody registers anything with.

#include "daemon/checks/check.hpp"

namespace jetcuda {
namespace {

// "docker", "docker and containerd", "docker, containerd and podman"
std::string in_words(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (index != 0) text += index + 1 == names.size() ? " and " : ", ";
        text += names[index];
    }
    return text;
}

}  // namespace

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
            {"settings-broken",
             Status::fail,
             "docker does not start, and no other container engine was told of NVIDIA's runtime: {why}",
             {.yocto = "Mend the file, and start docker with it: vi {file} && systemctl restart docker",
              .other =
                  "Mend the file, have docker look at it, and start docker: "
                  "sudoedit {file} && sudo dockerd --validate --config-file {file} && sudo systemctl restart docker"}},
            {"not-registered",
             Status::fail,
             "An NVIDIA container toolkit is installed, but {engines} {were} not told of it",
             {.apt = "Register NVIDIA's runtime: {command}",
              .nix = "Let NixOS make a CDI spec for the GPU (hardware.nvidia-container-toolkit.enable = true;), then: "
                     "sudo nixos-rebuild switch",
              .yocto = "Register NVIDIA's runtime on the board, and put the settings that this writes into the image, "
                       "whose next update forgets them: {as_root}",
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
        std::vector<std::string> told;
        std::vector<std::string> not_told;
        const Missing* unread = nullptr;
        for (const ContainerEngine& engine : containers.engines) {
            if (!engine.registered.known()) {
                if (unread == nullptr) unread = &engine.registered.missing();
                continue;
            }
            (*engine.registered ? told : not_told).push_back(engine.name);
            finding.evidence.push_back(
                {engine.name, *engine.registered ? "knows NVIDIA's runtime" : "does not name NVIDIA's runtime",
                 engine.registered.source()});
        }
        if (told.empty()) {
            for (const ContainerEngine& engine : containers.engines) {
                if (engine.broken.empty() || engine.registered.known()) continue;
                finding.code = "settings-broken";
                finding.values = {{"why", engine.broken}, {"file", engine.registered.missing().source}};
                finding.evidence.push_back({engine.name, "does not start", engine.registered.missing().source});
                return finding;
            }
        }
        if (told.empty() && unread != nullptr) return because_missing(*unread);
        // podman is told by a CDI spec, and no command registers a runtime with it.
        const std::string& first = containers.engines.front().name;
        const bool by_spec = first == "podman";
        finding.values["command"] =
            by_spec ? "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
                    : "sudo nvidia-ctk runtime configure --runtime=" + first + " && sudo systemctl restart " + first;
        finding.values["as_root"] =
            by_spec ? "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
                    : "nvidia-ctk runtime configure --runtime=" + first + " && systemctl restart " + first;
        finding.values["engines"] = in_words(told.empty() ? not_told : told);
        finding.values["were"] = not_told.size() == 1 ? "was" : "were";
        finding.code = told.empty() ? "not-registered" : "ok";
        return finding;
    },
};

}  // namespace jetcuda
