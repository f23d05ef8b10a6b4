// A target is put together from the same data by which boards are judged: releases.json says which driver a release
// has, compat.json which cuda_compat a board takes.

#include "daemon/inspect/target.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace jetcuda {
namespace {

const SocRecord& soc_of_sm(const Catalog& catalog, const std::string& given) {
    // "sm_87" and "8.7" are how others write it.
    std::string digits;
    for (const char character : given.rfind("sm_", 0) == 0 ? given.substr(3) : given) {
        if (character != '.') digits += character;
    }
    std::string known;
    for (const SocRecord& soc : catalog.socs) {
        if (soc.support != SocSupport::supported) continue;
        if (std::to_string(soc.capability.sm()) == digits) return soc;
        known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", soc.capability.sm(), soc.name);
    }
    throw TargetError(fmt::format("--sm {}: no Jetson has such a GPU. It is one of {}.", given, known));
}

bool holds(const std::vector<std::string>& socs, const std::string& soc) {
    return std::find(socs.begin(), socs.end(), soc) != socs.end();
}

const ReleaseRecord& release_named(const Catalog& catalog, const std::string& given) {
    const std::optional<L4tRelease> l4t = parse_l4t_release(given.rfind('R', 0) == 0 ? given.substr(1) : given);
    const ReleaseRecord* release = l4t ? catalog.release(*l4t) : nullptr;
    if (release != nullptr && release->driver_cuda) return *release;
    const std::string why = !l4t                 ? "that is no L4T release; write it as 36.5"
                            : release == nullptr ? "the data know no such release"
                                                 : "which driver it has is not established";
    throw TargetError(fmt::format("--l4t {}: {}. Or say which driver it has: --driver-cuda 12.6.", given, why));
}

// Every cuda_compat that a board of this SoC and line takes, by NVIDIA's table or by reports.
std::vector<CudaVersion> compats_for(const std::vector<CompatRecord>& records, const std::string& soc,
                                     std::optional<int> line) {
    std::vector<CudaVersion> versions;
    for (const CompatRecord& record : records) {
        if (record.soc != soc || !line || record.line != *line) continue;
        versions.insert(versions.end(), record.promised.begin(), record.promised.end());
        versions.insert(versions.end(), record.reported.begin(), record.reported.end());
    }
    std::sort(versions.begin(), versions.end());
    versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
    return versions;
}

// Of the SoCs that a release is for, the one that was asked for, or the only one.
const SocRecord& soc_for(const TargetRequest& request, const Catalog& catalog, const ReleaseRecord* release) {
    if (request.sm) {
        const SocRecord& soc = soc_of_sm(catalog, *request.sm);
        if (release != nullptr && !holds(release->socs, soc.id)) {
            throw TargetError(fmt::format("L4T {} is not for {} (sm_{}). Give a release that is.", release->l4t.text(),
                                          soc.name, soc.capability.sm()));
        }
        return soc;
    }
    std::vector<const SocRecord*> possible;
    for (const SocRecord& soc : catalog.socs) {
        const bool supported = soc.support == SocSupport::supported;
        if (release != nullptr && supported && holds(release->socs, soc.id)) possible.push_back(&soc);
    }
    if (possible.size() == 1) return *possible.front();
    throw TargetError(
        release == nullptr
            ? std::string("Which GPU is meant is not said. Give it with --sm 72, 87 or 110.")
            : fmt::format("L4T {} is for more than one GPU. Say which: --sm 72, 87 or 110.", release->l4t.text()));
}

const ReleaseRecord* newest_release_for(const Catalog& catalog, const std::string& soc) {
    const ReleaseRecord* newest = nullptr;
    for (const ReleaseRecord& release : catalog.releases) {
        if (release.driver_cuda && holds(release.socs, soc)) newest = &release;
    }
    return newest;
}

// The newest release whose own driver is of this CUDA version: its line decides which cuda_compat there are.
const ReleaseRecord* release_with_driver(const Catalog& catalog, const std::string& soc, const CudaVersion& driver) {
    const ReleaseRecord* found = nullptr;
    for (const ReleaseRecord& release : catalog.releases) {
        if (release.driver_cuda == driver && holds(release.socs, soc)) found = &release;
    }
    return found;
}

}  // namespace

NamedTarget described_target(const TargetRequest& request, const Catalog& catalog) {
    const ReleaseRecord* release = request.l4t ? &release_named(catalog, *request.l4t) : nullptr;
    const SocRecord& soc = soc_for(request, catalog, release);
    NamedTarget named;
    named.target.sm = soc.capability.sm();
    if (request.driver_cuda) {
        named.target.driver_cuda = parse_cuda_version(*request.driver_cuda);
        if (!named.target.driver_cuda) {
            throw TargetError(
                fmt::format("--driver-cuda {}: that is no CUDA version; write it as 12.6.", *request.driver_cuda));
        }
        if (release == nullptr) release = release_with_driver(catalog, soc.id, *named.target.driver_cuda);
        named.name = fmt::format("{} (sm_{}) with a driver of CUDA {}", soc.name, named.target.sm,
                                 named.target.driver_cuda->text());
    } else {
        if (release == nullptr) release = newest_release_for(catalog, soc.id);
        if (release == nullptr) {
            throw TargetError(
                fmt::format("Which driver {} has is not established. Give it: --driver-cuda 12.6.", soc.name));
        }
        named.target.driver_cuda = release->driver_cuda;
        named.name = fmt::format("{} (sm_{}) with L4T {}", soc.name, named.target.sm, release->l4t.text());
    }
    if (release != nullptr) named.target.compat_cuda = compats_for(catalog.compats, soc.id, release->l4t.line);
    return named;
}

NamedTarget target_of(const Facts& facts) {
    if (!facts.board || !facts.board->soc) {
        throw TargetError(
            "This machine is no Jetson that the data know, so it says nothing about a GPU. Name the board that is "
            "meant, such as "
            "--sm 87 --driver-cuda 12.6, or --l4t 36.5.");
    }
    const SocRecord& soc = *facts.board->soc;
    NamedTarget named;
    named.target.sm = soc.capability.sm();
    named.name = fmt::format("this board, {} (sm_{})", soc.name, named.target.sm);
    if (facts.driver_probe && facts.driver_probe->driver_version && *facts.driver_probe->driver_version > 0) {
        named.target.driver_cuda = CudaVersion::from_api(*facts.driver_probe->driver_version);
    } else if (facts.reference) {
        named.target.driver_cuda = facts.reference->driver_cuda;
    }
    if (facts.reference) named.name += " with L4T " + facts.reference->l4t.text();
    if (facts.compat && facts.release) {
        named.target.compat_cuda = compats_for(facts.compat->records, soc.id, facts.release->line);
    }
    return named;
}

}  // namespace jetcuda
