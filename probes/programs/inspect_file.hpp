// Looks into one file. It is hostile until shown otherwise: memory and time are bounded whatever it says, nothing but
// regular files is read, and what is wrong with it becomes a sentence.

#pragma once

#include <string>

#include "probes/programs/archive.hpp"
#include "probes/programs/inspection.hpp"

namespace jetcuda {

// Never throws for the state of the file. Archives are unpacked member by member into an unnamed file of the folder for
// temporary files; an archive in an archive is looked into down to `deepest_archive`.
Inspection inspect_file(const std::string& path);

// The same of a descriptor that is open for reading, which is closed afterwards. `name` is what it is called in the
// answer. The limits are those of all archives in it together.
Inspection inspect_descriptor(int descriptor, const std::string& name, const ArchiveLimits& limits = {});

inline constexpr int deepest_archive = 3;

}  // namespace jetcuda
