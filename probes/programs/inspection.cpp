#include "probes/programs/inspection.hpp"

#include <algorithm>
#include <array>

namespace jetcuda {

std::string_view name_of(ProgramKind kind) {
    constexpr std::array<std::string_view, 7> names{"elf", "fatbin", "cubin", "ptx", "archive", "wheel", "other"};
    return names.at(static_cast<std::size_t>(kind));
}

bool uses_gpu(const InspectedPart& part) {
    return !part.code.rows.empty() || part.runtime.linkage != RuntimeLinkage::none;
}

bool uses_gpu(const Inspection& inspection) {
    return std::any_of(inspection.parts.begin(), inspection.parts.end(),
                       [](const InspectedPart& part) { return uses_gpu(part); });
}

bool is_damaged(const Inspection& inspection) {
    return !inspection.problems.empty() ||
           std::any_of(inspection.parts.begin(), inspection.parts.end(),
                       [](const InspectedPart& part) { return !part.code.problems.empty(); });
}

bool has_loader(const Inspection& inspection) {
    if (inspection.kind != ProgramKind::elf || inspection.parts.size() != 1) return false;
    const DeviceCode& code = inspection.parts.front().code;
    return code.bits == 64 && !code.object;
}

}  // namespace jetcuda
