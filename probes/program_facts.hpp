// What the installed CUDA libraries and the programs that the settings name carry, and which libcuda such a program
// loads. A part of Facts.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/fact.hpp"
#include "probes/libcuda_facts.hpp"
#include "probes/programs/inspection.hpp"

namespace jetcuda {

// A file that was looked into, or why it was not.
struct InspectedFile {
    std::string path;       // as it was found: "/usr/local/cuda-12.6/lib64/libcublasLt.so.12"
    std::string real_path;  // after links; empty: they lead nowhere
    Fact<Inspection> content;
};

// A file of an installed CUDA library: that which programs name, or one that the library opens itself (libcublasLt).
struct CudaLibraryFile {
    std::string id;        // of the data: "libcublas"
    std::string package;   // that brought it, or empty
    bool by_name = false;  // programs name it; false: it stands beside the one that they name
    InspectedFile file;
};

// An object of a program that asks for libcuda.so.1, and where its own search would lead if it were the first to ask.
struct LibcudaRequest {
    std::string object;               // "/opt/app/lib/libdetect.so"
    bool needs = false;               // loaded together with it; false: it opens one while it runs, as the runtime does
    std::string path;                 // empty: its search finds none
    std::string named_by;             // "RUNPATH of /opt/app/bin/detect", "/etc/ld.so.cache"
    std::string error;                // what ended the search before it found one: a file that is no library
    std::optional<LibcudaFile> file;  // what lies at `path`
};

// What the loader does for one program that is started without LD_LIBRARY_PATH.
struct LoadedProgram {
    std::string path;
    std::vector<LibcudaRequest> requests;  // those that need it first, each sort in the order in which it is loaded
    std::vector<std::string> gaps;         // libraries that are not found or could not be looked into, in clauses
};

// What one entry of the setting `programs` led to.
struct NamedProgram {
    std::string path;                // as the settings name it
    std::optional<Missing> missing;  // why nothing of it could be looked at
    bool folder = false;
    std::uint64_t looked_at = 0;  // files
    std::vector<InspectedFile>
        files;  // with GPU code, a runtime or a problem: its own, and the libraries that it loads
    std::vector<LoadedProgram> loads;
    std::vector<std::string> problems;  // folders that cannot be read, limits that were reached; in sentences
};

}  // namespace jetcuda
