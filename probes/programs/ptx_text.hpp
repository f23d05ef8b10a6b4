// PTX as people and compilers write it to a file: a text whose first statements say for which ISA and which GPU it is.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace jetcuda {

struct PtxHeader {
    std::uint32_t isa_major = 0, isa_minor = 0;  // .version 8.5
    std::uint32_t sm = 0;                        // .target sm_87; 0 where the text has no such line
    char suffix = '\0';                          // 'a', 'f', or none
};

// Of the beginning of a file. Nothing where this is no PTX: comments and spaces may stand before `.version`, nothing
// else.
std::optional<PtxHeader> read_ptx_header(std::string_view start);

}  // namespace jetcuda
