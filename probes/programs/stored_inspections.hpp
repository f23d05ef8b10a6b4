// Inspections as text, for a file that remembers them: what was read of half a GB fits in some KB.

#pragma once

#include <map>
#include <string>
#include <string_view>

#include "probes/programs/inspection.hpp"

namespace jetcuda {

// By which file each is of; what a key is made of does not matter here.
using StoredInspections = std::map<std::string, Inspection, std::less<>>;

// `tool`: the version that writes. Another one may read more, or otherwise, so it starts anew.
std::string to_text(const StoredInspections& inspections, std::string_view tool);

// Nothing where the text is not what to_text() of this version writes: it is a memory, and what is forgotten is read
// again.
StoredInspections from_text(const std::string& text, std::string_view tool);

}  // namespace jetcuda
