// What GPU code a file carries, and what the file needs: read from its headers, without unpacking or loading anything.
// A file is a host program or library with containers of device code in it, a bare container (`.fatbin`), a bare
// cubin, or PTX text.
//
// A library of half a GB holds thousands of images; they are told as few rows, one for each kind, architecture,
// ABI or ISA, and compression. What is said here is what the file holds. Whether it runs is judged elsewhere.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/elf/bytes.hpp"

namespace jetcuda {

enum class CodeKind { sass, ptx, lto, other };
enum class CodeCompression { none, lz4, zstd };
std::string_view name_of(CodeKind kind);                // "sass"
std::string_view name_of(CodeCompression compression);  // "zstd"

struct CodeRow {
    CodeKind kind = CodeKind::other;
    std::uint32_t kind_number = 0;  // as the file writes it; tells the kinds of `other` apart
    std::uint32_t sm = 0;           // 87
    char suffix = '\0';             // 'a' (this architecture only), 'f' (this family only), or none
    CodeCompression compression = CodeCompression::none;
    // sass: the ABI of the cubin, 0 where it is not known. 7 up to CUDA 12; 8 with CUDA 13, and for sm >= 100 before
    // that.
    std::uint32_t abi = 0;
    std::uint32_t isa_major = 0, isa_minor = 0;  // ptx: its `.version`; both 0 where it is not known

    std::uint64_t count = 0;  // images that hold code
    // Images of `count` that a linker made to be linked again (-rdc=true). In a finished program they are leftovers of
    // the device link, except where DeviceCode::linked_at_load.
    std::uint64_t relocatable = 0;
    std::uint64_t stubs = 0;  // leftovers of the device link that hold no code; not in `count`
    std::uint64_t bytes = 0;  // stored, headers and stubs included

    [[nodiscard]] std::string arch() const;  // "sm_87", "sm_110a", "compute_87", "lto_87"
    [[nodiscard]] std::string isa() const;   // "8.5", or empty
};

// Containers that hold images of the same rows. A driver takes one image of each container, so a library that mixes
// architectures runs on a GPU container by container.
struct CodeMix {
    std::vector<std::uint16_t> rows;  // places in DeviceCode::rows, ascending, each once
    std::uint64_t containers = 0;
};

enum class FileForm { elf, fatbin, cubin, ptx, other };
std::string_view name_of(FileForm form);  // "elf"

struct DeviceCode {
    FileForm form = FileForm::other;  // `other`: nothing that this reader knows; not a problem of the file

    // Of a host ELF file. The rest of what it says of itself is known only for 64-bit little-endian files.
    std::string machine;  // "aarch64", "x86_64", "arm", "ELF machine 243"; of the host, empty for device code alone
    unsigned bits = 0;
    bool executable = false;    // a program to be started, not a library or an object file
    bool object = false;        // an object file: not linked yet
    bool section_table = true;  // false: stripped of it; the loaded segments were searched
    std::string interpreter;    // "/lib/ld-linux-aarch64.so.1", or empty
    std::string soname;
    std::vector<std::string> needed;
    std::optional<std::string> rpath, runpath;
    bool no_default_folders = false;

    std::vector<CodeRow> rows;  // sorted by kind, sm, suffix, abi, isa, compression
    std::uint64_t containers = 0;
    std::uint64_t empty_containers = 0;
    // Of the containers that hold code, each counted once. Empty where that cannot be told: where there are no
    // containers (a bare cubin, PTX), and where there are more sorts of them than an honest file has.
    std::vector<CodeMix> mixes;
    // All runnable containers are empty and the relocatable ones are not (-rdc=true with PTX only): the runtime links
    // these when the program is loaded.
    bool linked_at_load = false;

    // What is damaged, in sentences with the place; what lies before the damage is in the rows all the same.
    std::vector<std::string> problems;
    // What is odd or was left out and is no damage: kinds of images without a name, a search that stopped at a limit.
    std::vector<std::string> remarks;

    static constexpr std::size_t most_rows = 4096;
    static constexpr std::size_t most_problems = 64;
    static constexpr std::size_t most_mixes = 1024;
};

// A large file is searched from several places at once; what is found does not depend on it.
struct SearchEffort {
    std::size_t threads = threads_of_this_machine();           // at least one
    std::uint64_t shortest_stretch = std::uint64_t{4} << 20U;  // bytes; less than that is searched in one go

    static std::size_t threads_of_this_machine();
};

// Reads the whole file, by its headers. Never throws for what is in the file or for a file that cannot be read to its
// end: that is a problem, told in `problems`. Uses a few MB of memory however large the file is.
DeviceCode find_device_code(const ByteSource& source, const SearchEffort& effort = {});

}  // namespace jetcuda
