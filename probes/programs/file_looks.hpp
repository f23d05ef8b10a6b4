// Looks into files of a system one after the other, within one limit for all of them: a folder that a setting names may
// hold anything, on a medium that may be slow.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "probes/fact.hpp"
#include "probes/programs/inspection.hpp"
#include "probes/programs/inspection_memory.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct LookLimits {
    std::uint64_t bytes = std::uint64_t{8} << 30;
    // No file is begun after it: a boot waits for the report. What an SD card gives in that time are some 2 GB, and the
    // largest library that is known has 1.5.
    std::chrono::milliseconds time{20'000};
};

// How long a run may be busy with files: until then, and as long again with the one that it began last.
constexpr std::chrono::milliseconds longest_look = 2 * LookLimits{}.time;

class FileLooks {
public:
    // `root` and `memory` must outlive it.
    FileLooks(const SystemRoot& root, InspectionMemory& memory, const LookLimits& limits = {});

    // Each file is looked at once, by however many paths it is reached. `path` is absolute, as the system below the
    // root names it. What is there and is no regular file is not_understood; what no time was left for, not_asked.
    const Fact<Inspection>& look_at(const std::string& path);

    [[nodiscard]] bool time_is_up() const;

private:
    [[nodiscard]] Fact<Inspection> look(const std::string& path, const ResolvedPath& place);

    const SystemRoot& root_;
    InspectionMemory& memory_;
    LookLimits limits_;
    std::chrono::steady_clock::time_point end_;
    std::uint64_t read_ = 0;
    std::map<std::string, Fact<Inspection>, std::less<>> known_;  // by real path; of what leads nowhere, by path
};

}  // namespace jetcuda
