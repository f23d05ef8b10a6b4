// The search for device code in the parts of a file that may hold some, from several places at once where the file is
// large: a library of half a GB has nearly all of its code in one section, and whoever asks waits for it.

#pragma once

#include <string_view>
#include <vector>

#include "probes/elf/fatbin_search.hpp"
#include "probes/programs/code_gathering.hpp"

namespace jetcuda {

constexpr std::string_view linked_section = ".nv_fatbin";
constexpr std::string_view relocatable_section = "__nv_relfatbin";  // its code has still to be linked

// `ranges` may overlap and come in any order; each byte is searched once. What is gathered does not depend on `effort`.
// Throws where the source cannot be read, and CodeGathering::GaveUp; what was met before is gathered then.
void search_code(const ByteSource& source, std::vector<FatbinRange> ranges, const SearchEffort& effort,
                 CodeGathering& gathering);

}  // namespace jetcuda
