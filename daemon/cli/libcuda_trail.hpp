// Which libcuda the loader would take for a program, and every step that led there: what `which-libcuda` prints, and a
// part of a support bundle.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"
#include "probes/loader/search.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct LibcudaTrail {
    std::string asker;      // the file that asks for libcuda
    std::string requested;  // how: it needs it, or it opens it while it runs
    std::vector<LoaderStep> steps;
    std::string path;  // empty: none
    std::string error;
    std::vector<std::string> problems;  // of the libraries that the program needs
    std::optional<LibcudaFile> file;
    std::string library_path, preload;  // of the caller

    [[nodiscard]] bool good() const { return file && file->elf && !file->stub; }
};

// For the program or library at `path` inside the root, or for one without search paths of its own. On the running
// system the caller's LD_LIBRARY_PATH and LD_PRELOAD count. Throws UsageError where `path` is nothing that has a
// loader.
LibcudaTrail trace_libcuda(const SystemRoot& root, const std::optional<std::string>& path);

std::string_view words_of(LoaderStep::Outcome outcome);
std::string kind_of(const LibcudaTrail& trail);   // of the libcuda that is taken
std::string in_words(const LibcudaTrail& trail);  // as a terminal may show it

}  // namespace jetcuda
