// What was found in files, remembered from run to run: the CUDA libraries of a board are several GB, and reading all of
// them from an SD card takes a minute, while they change with the next update at the earliest.
//
// A file is known by device, inode, size and times of the last change of content and of inode. What is remembered is
// believed only from a folder and a file that belong to this user and that nobody else may write.

#pragma once

#include <optional>
#include <set>
#include <string>

#include <sys/stat.h>

#include "probes/programs/stored_inspections.hpp"

namespace jetcuda {

class InspectionMemory {
public:
    InspectionMemory() = default;  // of this run alone
    // Reads what the folder holds of earlier runs. Where it cannot be used the memory is of this run alone. Never
    // throws for its state.
    InspectionMemory(std::string folder, std::string tool);

    [[nodiscard]] static std::string key_of(const struct stat& status);

    // Null: nothing is known of it. Valid until the next call.
    [[nodiscard]] const Inspection* find(const std::string& key);
    // What could not be read to its end is not remembered: it may be better the next time.
    void put(const std::string& key, const Inspection& inspection);

    // Replaces the file in one step, if anything is new; makes the folder, but none above it. What this run did not ask
    // for is kept while there is room.
    void save();

    static constexpr std::size_t most_files = 4096;
    static constexpr std::size_t largest_file = std::size_t{16} << 20;

private:
    std::string folder_;  // empty: nothing is kept
    std::string tool_;
    StoredInspections known_;
    std::set<std::string, std::less<>> asked_;
    bool changed_ = false;
};

}  // namespace jetcuda
