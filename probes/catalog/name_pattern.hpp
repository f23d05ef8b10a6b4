// Patterns for names of packages, as the data write them: the name itself, in which
//
//   {cuda}   is the CUDA set that the package belongs to: "12-6"
//   {major}  is the first number of that set: "12"
//   {n}      is any number
//   *        is any text
//
// A name matches a pattern only as a whole. Regular expressions would say the same less readably, and the standard
// library's take time and stack that grow with the name, which comes from outside.

#pragma once

#include <optional>
#include <string_view>

#include "probes/versions.hpp"

namespace jetcuda {

struct NameMatch {
    std::optional<CudaVersion> cuda;  // that the name names; minor -1: only the major is named
};

std::optional<NameMatch> match_name(std::string_view pattern, std::string_view name);

bool is_name_pattern(std::string_view text);  // for the reader of the data

}  // namespace jetcuda
