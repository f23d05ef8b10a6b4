// Which driver compiles which PTX. The ISA version stands in the first line of PTX (`.version 7.8`) and in the headers
// of fat binaries; a driver compiles what its own CUDA version brought, and everything older. (source: PTX ISA 9.2,
// release history)

#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>

#include "probes/versions.hpp"

namespace jetcuda {

struct PtxIsa {
    int major = 0;
    int minor = 0;

    // clang-tidy 14 takes the 0 in a defaulted <=> for a null pointer.
    auto operator<=>(const PtxIsa&) const = default;  // NOLINT(modernize-use-nullptr)
    [[nodiscard]] std::string text() const { return std::to_string(major) + '.' + std::to_string(minor); }
};

struct PtxIsaRecord {
    PtxIsa isa;
    CudaVersion first_driver;  // the lowest CUDA version whose driver compiles it
};

inline constexpr std::array<PtxIsaRecord, 27> ptx_isa_records{{
    {{6, 0}, {9, 0}},  {{6, 1}, {9, 1}},  {{6, 2}, {9, 2}},  {{6, 3}, {10, 0}}, {{6, 4}, {10, 1}}, {{6, 5}, {10, 2}},
    {{7, 0}, {11, 0}}, {{7, 1}, {11, 1}}, {{7, 2}, {11, 2}}, {{7, 3}, {11, 3}}, {{7, 4}, {11, 4}}, {{7, 5}, {11, 5}},
    {{7, 6}, {11, 6}}, {{7, 7}, {11, 7}}, {{7, 8}, {11, 8}}, {{8, 0}, {12, 0}}, {{8, 1}, {12, 1}}, {{8, 2}, {12, 2}},
    {{8, 3}, {12, 3}}, {{8, 4}, {12, 4}}, {{8, 5}, {12, 5}}, {{8, 6}, {12, 7}}, {{8, 7}, {12, 8}}, {{8, 8}, {12, 9}},
    {{9, 0}, {13, 0}}, {{9, 1}, {13, 1}}, {{9, 2}, {13, 2}},
}};

// Absent: newer than this table, and nothing can be said. Anything older than the table runs everywhere.
inline std::optional<CudaVersion> first_driver_for(PtxIsa isa) {
    for (const PtxIsaRecord& record : ptx_isa_records) {
        if (isa <= record.isa) return record.first_driver;
    }
    return std::nullopt;
}

// The newest that a driver of this CUDA version promises to compile. Absent: the driver is older than the table, or of
// a release after its last row, of which the table cannot speak.
inline std::optional<PtxIsa> newest_isa_of(CudaVersion driver) {
    if (driver < ptx_isa_records.front().first_driver || driver > ptx_isa_records.back().first_driver)
        return std::nullopt;
    PtxIsa newest;
    for (const PtxIsaRecord& record : ptx_isa_records) {
        if (record.first_driver <= driver) newest = record.isa;
    }
    return newest;
}

}  // namespace jetcuda
