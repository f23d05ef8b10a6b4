#include "daemon/cli/paragraph.hpp"

#include <algorithm>

namespace jetcuda {

std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string hanging(std::string_view left, std::size_t indent, std::string_view text) {
    const std::string margin(indent, ' ');
    std::string page{left};
    std::size_t column = columns_of(left);
    if (column + 1 > indent && column > 0) {
        page += '\n';
        column = 0;
    }
    page.append(indent > column ? indent - column : 0, ' ');
    column = indent;

    bool line_is_empty = true;
    while (!text.empty()) {
        const std::size_t start = text.find_first_not_of(" \n");
        if (start == std::string_view::npos) break;
        text.remove_prefix(start);
        const std::string_view word = text.substr(0, text.find_first_of(" \n"));
        text.remove_prefix(word.size());
        const std::size_t width = columns_of(word);
        if (!line_is_empty && column + 1 + width > page_width) {
            page += '\n';
            page += margin;
            column = indent;
            line_is_empty = true;
        }
        if (!line_is_empty) {
            page += ' ';
            ++column;
        }
        page += word;
        column += width;
        line_is_empty = false;
    }
    page += '\n';
    return page;
}

}  // namespace jetcuda
