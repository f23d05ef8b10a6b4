// What one file that is called libcuda is, by its content and its place: a driver, the toolkit's stub, a leftover of a
// container mount, a library for another machine. For the release's own and for every other that programs can meet.

#pragma once

#include <string>
#include <string_view>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

inline constexpr std::string_view ubuntu_library_folder = "/usr/lib/aarch64-linux-gnu";
// R39 keeps its drivers here, and a service links one of them for the loader at each start.
inline constexpr std::string_view libcuda_boot_folder = "/opt/nvidia/l4t-gpu-libs";

// `path` as the loader would name it. Missing where there is no such file or it cannot be read; a file that is no
// library is known, with its flaw.
Fact<LibcudaFile> describe_libcuda(const SystemRoot& root, const std::string& path);

// A desktop's driver file carries its version in its name: "libcuda.so.535.261.03" is 535.261.03. On a Jetson the
// real file is always libcuda.so.1.1, for which this is empty.
std::string desktop_driver_version(std::string_view path);

}  // namespace jetcuda
