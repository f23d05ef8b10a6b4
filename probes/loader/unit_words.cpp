#include "probes/loader/unit_words.hpp"

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_comment(std::string_view line) { return !line.empty() && (line.front() == '#' || line.front() == ';'); }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The character behind a backslash at `at`, which is moved behind the escape.
char unescaped(std::string_view text, std::size_t& at) {
    const char c = text[at++];
    switch (c) {
        case 'a': return '\a';
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'v': return '\v';
        case 's': return ' ';
        case 'x': {
            if (at + 1 < text.size() && hex_digit(text[at]) >= 0 && hex_digit(text[at + 1]) >= 0) {
                const int value = hex_digit(text[at]) * 16 + hex_digit(text[at + 1]);
                at += 2;
                return static_cast<char>(value);
            }
            return c;
        }
        default: return c;
    }
}

}  // namespace

std::vector<UnitLine> unit_lines(std::string_view text, std::string_view section) {
    std::vector<UnitLine> result;
    bool inside = false;
    std::string joined;
    int number = 0;
    int first = 0;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        ++number;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (is_comment(trimmed(line))) continue;  // also between the parts of a continued line
        if (joined.empty()) first = number;
        if (!line.empty() && line.back() == '\\') {
            joined += line.substr(0, line.size() - 1);
            joined += ' ';
            if (!text.empty()) continue;
        } else {
            joined += line;
        }
        const std::string whole = std::move(joined);
        joined.clear();
        const std::string_view words = trimmed(whole);
        if (words.empty()) continue;
        if (words.front() == '[') {
            inside = words.back() == ']' && words.substr(1, words.size() - 2) == section;
            continue;
        }
        const std::size_t equals = words.find('=');
        if (!inside || equals == std::string_view::npos) continue;
        result.push_back(
            {std::string(trimmed(words.substr(0, equals))), std::string(trimmed(words.substr(equals + 1))), first});
    }
    return result;
}

std::vector<std::string> unit_words(std::string_view value) {
    std::vector<std::string> result;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t at = 0; at < value.size();) {
        const char c = value[at];
        if (c == '\\' && at + 1 < value.size()) {
            ++at;
            word += unescaped(value, at);
            in_word = true;
            continue;
        }
        ++at;
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else {
                word += c;
            }
        } else if (c == '"' || c == '\'') {
            quote = c;
            in_word = true;
        } else if (is_blank(c)) {
            if (in_word) result.push_back(std::move(word));
            word.clear();
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    // An open quote makes the whole value invalid, and systemd keeps the words before it.
    if (in_word && quote == 0) result.push_back(std::move(word));
    return result;
}

std::string without_percents(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        result += text[at];
        if (text[at] == '%' && at + 1 < text.size() && text[at + 1] == '%') ++at;
    }
    return result;
}

std::vector<UnitLine> environment_file_lines(std::string_view text) {
    std::vector<UnitLine> result;
    int number = 0;
    while (!text.empty()) {
        std::string line(take_line(text));
        const int first = ++number;
        while (!line.empty() && line.back() == '\\' && !text.empty()) {
            line.pop_back();
            line += take_line(text);
            ++number;
        }
        const std::string_view words = trimmed(line);
        if (words.empty() || is_comment(words)) continue;
        const std::size_t equals = words.find('=');
        if (equals == std::string_view::npos) continue;
        std::string value;
        char quote = 0;
        const std::string_view raw = trimmed(words.substr(equals + 1));
        for (std::size_t at = 0; at < raw.size(); ++at) {
            const char c = raw[at];
            if (c == '\\' && quote != '\'' && at + 1 < raw.size()) {
                value += raw[++at];
            } else if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            } else {
                value += c;
            }
        }
        result.push_back({std::string(trimmed(words.substr(0, equals))), std::move(value), first});
    }
    return result;
}

}  // namespace jetcuda
