// The board that an inspection asks about: this one, or one that the caller describes, which needs no Jetson at all.

#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/inspect/rules.hpp"
#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"

namespace jetcuda {

// What a caller says of it: `--sm 87`, `--driver-cuda 12.6`, `--l4t 36.5`. Empty: this board.
struct TargetRequest {
    std::optional<std::string> sm, driver_cuda, l4t;
    [[nodiscard]] bool of_this_board() const { return !sm && !driver_cuda && !l4t; }
};

struct NamedTarget {
    InspectTarget target;
    std::string name;  // "Orin (sm_87) with L4T 36.5.0", "sm_87 with a driver of CUDA 12.6"
};

// There is no such target, or none can be made of what is known; the text says what to give instead.
struct TargetError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A target that the caller describes. Where --driver-cuda is not given, the driver is that of the release of --l4t,
// else of the newest release that the data know for this GPU.
NamedTarget described_target(const TargetRequest& request, const Catalog& catalog);

// The board whose facts were read. A driver that was measured beats what the data say of its release.
NamedTarget target_of(const Facts& facts);

}  // namespace jetcuda
