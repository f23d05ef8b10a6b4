// Small handling of outside text that several sources need: lines, words, and what of it may be shown to people.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

std::string_view trimmed(std::string_view text);  // without white space and NULs at both ends

// The pieces between `separator`s, empty ones too: "a,,b" has three.
std::vector<std::string_view> split(std::string_view text, char separator);

// Takes the first line off `text`, without its newline.
std::string_view take_line(std::string_view& text);

std::string path_below(std::string_view folder, std::string_view name);  // "/lib", "a.so" → "/lib/a.so"

bool starts_with(std::string_view text, std::string_view beginning);
bool ends_with(std::string_view text, std::string_view end);
bool is_digits(std::string_view text);  // at least one, and nothing else

// For messages: one line of plain ASCII; other bytes become '?', and a text over the limit ends in "...".
std::string shown(std::string_view text, std::size_t limit = 80);

}  // namespace jetcuda
