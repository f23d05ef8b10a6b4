// Files that a command line names: reports to read, a bundle to write. Unlike the files of the judged system, which
// SystemRoot reads, these are the caller's own, and what is wrong with one ends the command.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace jetcuda {

// A file could not be read or written: one sentence that names it, the reason and the way out. Exit status 74.
struct FileError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The whole of a file; "-" is standard input. Pipes are read to their end. Throws FileError, also for what is longer
// than `limit`.
std::string read_file(const std::string& name, std::size_t limit);

// Writes a file that only its owner may read. It appears whole under its name, or not at all, and nothing is left
// where that fails. A file that is there already is kept unless `replace`; that is a FileError, too.
void write_private_file(const std::string& name, std::string_view content, bool replace);

}  // namespace jetcuda
