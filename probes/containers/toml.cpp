#include "probes/containers/toml.hpp"

#include <utility>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t depth_limit = 16;
constexpr std::size_t value_limit = 20'000;
constexpr std::size_t longest_name = 128;  // every value carries the names of its tables

bool is_bare(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// What may stand in a word: numbers, dates, true and false. ('+' of a number, ':' of a time.)
bool is_word(char c) { return is_bare(c) || c == '.' || c == '+' || c == ':'; }

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::vector<TomlEntry> read() {
        std::vector<std::string> table;
        while (true) {
            skip_blank_lines();
            if (at_end()) return std::move(entries_);
            if (peek() == '[') {
                table = header();
            } else {
                std::vector<std::string> path = table;
                key(path);
                assignment(std::move(path), 0);
            }
            end_of_line();
        }
    }

private:
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] bool next_is(std::string_view words) const { return text_.substr(at_, words.size()) == words; }

    [[noreturn]] void refuse(const std::string& what) const {
        throw TomlFlaw("line " + std::to_string(line_) + ": " + what);
    }

    char take() {
        if (at_end()) refuse("it ends in the middle of something");
        const char c = text_[at_++];
        if (c == '\n') ++line_;
        return c;
    }

    void expect(char c) {
        if (peek() != c) refuse(std::string("a '") + c + "' is missing");
        take();
    }

    void skip_blanks() {
        while (peek() == ' ' || peek() == '\t' || (peek() == '\r' && !at_end())) take();
    }

    void skip_comment() {
        while (!at_end() && peek() != '\n') take();
    }

    void skip_blank_lines() {
        while (true) {
            skip_blanks();
            if (peek() == '#') skip_comment();
            if (peek() != '\n') return;
            take();
        }
    }

    void end_of_line() {
        skip_blanks();
        if (peek() == '#') skip_comment();
        if (!at_end() && peek() != '\n') refuse("something follows a value");
    }

    // "[a.b]" or "[[a.b]]"; members of a list of tables are not told apart here.
    std::vector<std::string> header() {
        const bool list = next_is("[[");
        at_ += list ? 2 : 1;
        std::vector<std::string> path;
        key(path);
        expect(']');
        if (list) expect(']');
        return path;
    }

    void key(std::vector<std::string>& path) {
        while (true) {
            skip_blanks();
            std::string name;
            if (peek() == '"' || peek() == '\'') {
                name = quoted();
            } else {
                while (is_bare(peek())) name += take();
                if (name.empty()) refuse("a name is missing");
            }
            if (name.size() > longest_name) refuse("a name has more than 128 letters");
            if (path.size() == depth_limit) refuse("it is nested more than 16 levels deep");
            path.push_back(std::move(name));
            skip_blanks();
            if (peek() != '.') return;
            take();
        }
    }

    void assignment(std::vector<std::string> path, std::size_t depth) {
        skip_blanks();
        expect('=');
        TomlEntry entry{std::move(path), {}, line_};
        value(entry, depth);
        count();
        entries_.push_back(std::move(entry));
    }

    void value(TomlEntry& entry, std::size_t depth) {
        if (depth == depth_limit) refuse("it is nested more than 16 levels deep");
        skip_blanks();
        const char first = peek();
        if (first == '"' || first == '\'') {
            add(entry, quoted());
        } else if (first == '[') {
            list(entry, depth);
        } else if (first == '{') {
            inline_table(entry.path, depth);
        } else {
            std::string word;
            while (is_word(peek())) word += take();
            if (word.empty()) refuse("a value is missing");
            add(entry, std::move(word));
        }
    }

    void list(TomlEntry& entry, std::size_t depth) {
        expect('[');
        while (true) {
            skip_blank_lines();
            if (peek() == ']') break;
            value(entry, depth + 1);
            skip_blank_lines();
            if (peek() != ',') break;
            take();
        }
        expect(']');
    }

    void inline_table(const std::vector<std::string>& owner, std::size_t depth) {
        expect('{');
        while (true) {
            skip_blank_lines();
            if (peek() == '}') break;
            std::vector<std::string> path = owner;
            key(path);
            assignment(std::move(path), depth + 1);
            skip_blank_lines();
            if (peek() != ',') break;
            take();
        }
        expect('}');
    }

    void add(TomlEntry& entry, std::string value) {
        count();
        entry.values.push_back(std::move(value));
    }

    void count() {
        if (++values_ > value_limit) refuse("it holds more than 20000 values");
    }

    // A text in quotes of any of the four kinds. Of the escapes only those are resolved that a path could hold.
    std::string quoted() {
        const char quote = peek();
        const std::string_view three = quote == '"' ? R"(""")" : "'''";
        const bool long_text = next_is(three);
        at_ += long_text ? 3 : 1;
        std::string result;
        while (true) {
            if (long_text ? next_is(three) : peek() == quote) break;
            if (at_end() || (!long_text && peek() == '\n')) refuse("a text does not end");
            char c = take();
            if (c == '\\' && quote == '"') c = take();
            result += c;
        }
        at_ += long_text ? 3 : 1;
        return result;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t values_ = 0;
    std::vector<TomlEntry> entries_;
};

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view text) { return Reader(text).read(); }

}  // namespace jetcuda
