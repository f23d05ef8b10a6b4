// Text for a terminal of eighty columns: paragraphs wrapped between words, with what hangs to their left.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jetcuda {

inline constexpr std::size_t page_width = 80;

// How many columns a text takes, counting UTF-8 characters, not bytes.
std::size_t columns_of(std::string_view text);

// `text` wrapped at the page's width, every line after the first indented by `indent` columns. `left` stands before
// the first line, filled up to the indent; where it is longer, the text starts on a line of its own. Ends with a
// newline. A word longer than the page is never cut: it may be a path.
std::string hanging(std::string_view left, std::size_t indent, std::string_view text);

}  // namespace jetcuda
