// What an inspection finds in one file, whatever sort of file it is: a program or library, bare device code, or an
// archive whose members are any of these. Nothing is judged here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/programs/device_code.hpp"
#include "probes/programs/runtime_use.hpp"

namespace jetcuda {

enum class ProgramKind { elf, fatbin, cubin, ptx, archive, wheel, other };
std::string_view name_of(ProgramKind kind);  // "elf", "wheel"

// A file that could carry device code: the file itself, or a member of it.
struct InspectedPart {
    std::string member;  // its path within the archive, "a.whl/b.so" where one lies in another; empty: the file itself
    DeviceCode code;
    RuntimeUse runtime;
};

struct Inspection {
    std::string path;  // as it was given or found: bytes, of no particular encoding
    ProgramKind kind = ProgramKind::other;
    std::vector<InspectedPart> parts;      // of an archive only those with something in them to judge
    std::uint64_t members = 0;             // of an archive: files that were looked at
    std::vector<std::string> python_tags;  // of a wheel's name: "cp311-cp311-manylinux_2_28_aarch64"
    std::vector<std::string> problems;     // of the file itself, in sentences; those of parts stand with them

    static constexpr std::size_t most_parts = 4096;
};

// It carries code for a GPU, or a runtime that asks for one.
bool uses_gpu(const InspectedPart& part);
bool uses_gpu(const Inspection& inspection);

// Some of it is damaged or could not be read: what there is of it is not all.
bool is_damaged(const Inspection& inspection);

// A program or a library that a loader may take: no object file, no archive, nothing of 32 bits.
bool has_loader(const Inspection& inspection);

}  // namespace jetcuda
