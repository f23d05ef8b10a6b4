// The grammar of systemd's files, as far as environments need it: sections, keys, continued lines, quoted words
// (systemd.syntax(7)), and the files that EnvironmentFile= names (systemd.exec(5)).

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

struct UnitLine {
    std::string key;
    std::string value;
    int number = 0;  // of its first line
};

struct UnitWord {
    std::string text;
    std::string source;
};

// The assignments in one section ("Service") of a unit file.
std::vector<UnitLine> unit_lines(std::string_view text, std::string_view section);

// The words of a value: separated by white space, in quotes of either kind, with C's escapes.
std::vector<std::string> unit_words(std::string_view value);

// "%%" is a percent sign. Other specifiers stay as they are: what they stand for is known at run time only.
std::string without_percents(std::string_view text);

// The assignments of a file that EnvironmentFile= names: shell-like, but nothing is expanded.
std::vector<UnitLine> environment_file_lines(std::string_view text);

}  // namespace jetcuda
