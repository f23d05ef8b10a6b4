// Text that others wrote: ids, the depth of JSON, and what a terminal may be shown.

#include "daemon/report/outside_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace jetcuda {

namespace {

constexpr std::size_t id_limit = 128;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

bool is_file_name_letter(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_'; }

struct Character {
    std::size_t bytes = 1;
    std::uint32_t code_point = 0;
    bool valid = false;
};

// The character at the start of `text`, which is not empty. Overlong forms, surrogates and what lies above U+10FFFF
// are no UTF-8 (RFC 3629).
Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {1, lead, true};
    std::size_t bytes = 0;
    std::uint32_t code_point = 0;
    std::uint32_t smallest = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        bytes = 2, code_point = lead & 0x1FU, smallest = 0x80;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        bytes = 3, code_point = lead & 0x0FU, smallest = 0x800;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        bytes = 4, code_point = lead & 0x07U, smallest = 0x10000;
    } else {
        return {};
    }
    if (text.size() < bytes) return {};
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80U) return {};
        code_point = (code_point << 6U) | (next & 0x3FU);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < smallest || code_point > 0x10FFFF || surrogate) return {};
    return {bytes, code_point, true};
}

bool is_white_space(std::uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x2028 || c == 0x2029; }

// C0, DEL, C1, and the marks that turn the direction of writing (Unicode Standard Annex 9).
bool steers_terminal(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x200E || c == 0x200F || c == 0x061C ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

bool is_check_id(std::string_view text) {
    constexpr std::string_view custom = "custom/";
    if (text.size() > id_limit) return false;
    if (text.substr(0, custom.size()) == custom) {
        const std::string_view name = text.substr(custom.size());
        return !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), is_file_name_letter);
    }
    return !text.empty() && std::all_of(text.begin(), text.end(), is_lower_or_digit);
}

bool nests_deeper_than(std::string_view json, int limit) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > limit) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

std::string plain_line(std::string_view text) {
    std::string line;
    line.reserve(text.size());
    while (!text.empty()) {
        const Character character = first_character(text);
        if (character.valid && is_white_space(character.code_point)) {
            line += ' ';
        } else if (!character.valid || steers_terminal(character.code_point)) {
            line += '?';
        } else {
            line += text.substr(0, character.bytes);
        }
        text.remove_prefix(character.bytes);
    }
    return line;
}

std::string shortened(std::string_view text, std::size_t limit) {
    constexpr std::string_view ellipsis = "…";
    if (text.size() <= limit) return std::string(text);
    if (limit < ellipsis.size()) return {};
    std::size_t end = 0;
    while (true) {
        const std::size_t next = end + first_character(text.substr(end)).bytes;
        if (next + ellipsis.size() > limit) break;
        end = next;
    }
    return std::string(text.substr(0, end)).append(ellipsis);
}

}  // namespace jetcuda
