// Text that others wrote, made safe to carry on: a report quotes device trees, drivers and file names, and it
// crosses a pipe from a process that is trusted less than its reader. Nothing here knows what the text means.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jetcuda {

// "driver-initializes", "custom/disk-is-ours": lower case, digits and '-', after "custom/" also '.', '_' and
// upper case, since a report of another version may name its files so. At most 128 bytes.
bool is_check_id(std::string_view text);

// True when arrays and objects lie deeper in each other than `limit`. To be asked before a parser is: code that walks
// a parsed document calls itself once a level.
bool nests_deeper_than(std::string_view json, int limit);

// For a terminal and the journal: one line of valid UTF-8 in which nothing moves the cursor, changes colours or
// turns the direction of writing. White space becomes a space, everything else of that kind a '?'.
std::string plain_line(std::string_view text);

// At most `limit` bytes, cut between characters, with "…" at its end where something was cut.
std::string shortened(std::string_view text, std::size_t limit);

}  // namespace jetcuda
