// What a compat libcuda says of itself: since CUDA 12.9 NVIDIA puts a note into the file that names the CUDA version it
// brings and, for discrete GPUs and Thor, the branches of the native driver that it accepts. NVIDIA's container toolkit
// decides by it. The section is `.note.cuda.fwd_compatibility`, its owner "NVIDIA Corporation", its payload JSON:
//
//   {"format": 1, "CUDA version": "12.9", "driver": [535, 550, 570], "device": [1, 2, 7, 8]}
//
// The product for Orin has no lists. (source: NVIDIA container toolkit, cuda-elf-header.go and its test data)

#pragma once

#include <string>

#include "probes/elf/elf_file.hpp"
#include "probes/facts.hpp"

namespace jetcuda {

// Lengths are believed only within the section: a published file claims 41 bytes of payload and has 39. Missing
// (not_there): the file has no such section; (not_understood): it has one that says something else. `path` names the
// file in messages.
Fact<CompatNote> read_compat_note(const ElfFile& elf, const std::string& path);

// The payload alone.
Fact<CompatNote> parse_compat_note(std::string_view payload, const std::string& source);

}  // namespace jetcuda
