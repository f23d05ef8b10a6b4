// The man page, the completions of three shells and --help are written by hand, for their readers. Here each is held
// to the program's own tables: a verb or option that is missing in one, or that the program does not have, fails.

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "daemon/cli/vocabulary.hpp"

using namespace jetcuda;

namespace {

using Words = std::set<std::string>;

std::string read_packaging(const std::string& name) {
    std::ifstream file(JETCUDA_SOURCE_DIR "/packaging/" + name);
    REQUIRE_MESSAGE(file, "packaging/", name, " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

// Every match's first group.
Words words_like(const std::string& text, const char* pattern) {
    const std::regex expression(pattern, std::regex::ECMAScript);
    Words words;
    for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match) {
        words.insert((*match)[1]);
    }
    return words;
}

Words options_in(const std::string& text) { return words_like(text, "(--[a-z][a-z0-9]*(?:-[a-z]+)*)"); }

Words visible(const std::vector<OptionWord>& options) {
    Words words;
    for (const OptionWord& option : options) {
        if (!option.hidden) words.insert(std::string{option.name});
    }
    return words;
}

Words all_options() {
    Words words = visible(global_options());
    for (const VerbWord& verb : all_verbs()) words.merge(visible(verb.options));
    return words;
}

Words verb_names() {
    Words words;
    for (const VerbWord& verb : all_verbs()) words.insert(std::string{verb.name});
    return words;
}

std::string in_one_line(const Words& words) {
    std::string text;
    for (const std::string& word : words) text += word + ' ';
    return text;
}

void check_same(const Words& found, const Words& expected) { CHECK_EQ(in_one_line(found), in_one_line(expected)); }

// The page as its reader sees hyphens.
std::string man_page() { return std::regex_replace(read_packaging("man/jetcuda-check.1"), std::regex(R"(\\-)"), "-"); }

std::string between(const std::string& text, const std::string& from, const std::string& to) {
    const std::size_t begin = text.find(from);
    REQUIRE(begin != std::string::npos);
    const std::size_t end = text.find(to, begin);
    REQUIRE(end != std::string::npos);
    return text.substr(begin, end - begin);
}

}  // namespace

TEST_CASE("the man page describes every verb and option, and no other") {
    const std::string page = man_page();
    check_same(words_like(between(page, ".SH VERBS", ".SH OPTIONS"), "\\.TP\n\\.[BIR]+ ([a-z-]+)"), verb_names());
    // Described, not only mentioned: each has its own paragraph.
    check_same(words_like(between(page, ".SH OPTIONS", ".SH EXIT STATUS"), "\\.TP\n\\.[BIR]+ [^\n]*(--[a-z0-9-]+)"),
               all_options());
    check_same(options_in(page), all_options());
}

TEST_CASE("the man page tells every exit status") {
    check_same(words_like(between(man_page(), ".SH EXIT STATUS", ".SH ENVIRONMENT"), "\\.TP\n\\.B ([0-9]+)"),
               {"0", "1", "2", "3", "64", "70", "74"});
}

TEST_CASE("--help shows every verb, and the options of every verb") {
    const std::string whole = help_text();
    check_same(words_like(between(whole, "Verbs:\n", "\nOptions"), "\n  ([a-z][a-z-]*)"), verb_names());
    Words expected = visible(global_options());
    check_same(options_in(between(whole, "\nOptions", "\n\"jetcuda-check")), expected);
    for (const VerbWord& verb : all_verbs()) {
        CAPTURE(verb.name);
        expected = visible(global_options());
        expected.merge(visible(verb.options));
        const std::string text = help_text(verb);
        CHECK(text.find("jetcuda-check " + std::string{verb.name}) != std::string::npos);
        check_same(words_like(text, "\n  (--[a-z0-9-]+)"), expected);
    }
}

TEST_CASE("no line of --help is wider than a terminal") {
    std::istringstream lines(help_text());
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(line.size() <= 84);  // bytes; "…" has three for its one column
    }
}

TEST_CASE("bash completes every verb and option") {
    const std::string script = read_packaging("completions/jetcuda-check.bash");
    check_same(options_in(script), all_options());
    check_same(words_like(between(script, "local verbs=\"", "\"\n") + " ", "[\" ]([a-z-]+)(?=[ ])"), verb_names());
}

TEST_CASE("zsh completes every verb and option") {
    const std::string script = read_packaging("completions/_jetcuda-check");
    check_same(options_in(script), all_options());
    check_same(words_like(between(script, "verbs=(", "\n    )"), "\n +'([a-z-]+):"), verb_names());
}

TEST_CASE("fish completes every verb and option") {
    const std::string script = read_packaging("completions/jetcuda-check.fish");
    Words options;
    for (const std::string& name : words_like(script, "(?:jetcuda-check|-s h|') -l ([a-z0-9-]+)"))
        options.insert("--" + name);
    check_same(options, all_options());
    check_same(words_like(script, "-n \\$no_verb -a ([a-z-]+)"), verb_names());
    check_same(words_like(between(script, "set -l verbs", "\n") + " ", " ([a-z][a-z-]*)(?= )(?! -l)"), [] {
        Words words = verb_names();
        words.insert("verbs");
        return words;
    }());
}
