// Standard output and standard error of the command. Every byte of an answer is checked to have been taken: a
// report that a full disk cut short must not look like a report.

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace jetcuda {

struct OutputError : std::runtime_error {
    OutputError(const std::string& what, bool left) : std::runtime_error(what), reader_left(left) {}
    bool reader_left;  // the other end of a pipe or socket is closed (`… | head`): nothing to complain about
};

// Called first in main(). Where the caller closed a standard descriptor, something harmless takes its number, so
// that no file or socket opened later can; writing to a standard output that was closed still fails.
void hold_standard_descriptors();

void write_output(std::string_view text);          // all of it, or throws OutputError
void write_error_line(std::string_view sentence);  // "jetcuda-check: …" on standard error; failures are ignored
bool output_is_terminal();
bool color_wanted();  // standard output is a terminal that can, and NO_COLOR is not set (https://no-color.org)

}  // namespace jetcuda
