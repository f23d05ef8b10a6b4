// A kernel module as a file: which one `modprobe` would load, and what it says of itself.
//
// modules.dep is depmod's decision: of two files of one name (R39 ships nvidia.ko twice) it holds the one that
// depmod's search order and overrides chose. We read its text form and the module files ourselves and not through
// libkmod, which trusts both: libkmod 30 ended the process on 10 of 3,000 mutated modules, and crashed or never
// returned on 27 of 3,000 mutated indexes. A damaged file is what we are to report. A test holds our choice and our
// reading to libkmod's.

#pragma once

#include <string>
#include <string_view>

#include "probes/fact.hpp"
#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// "…/nvidia-uvm.ko.xz" is nvidia_uvm, as the kernel lists it. Empty for what is no module's file name.
std::string module_name_of(std::string_view path);

// `directory` is that of one kernel, "/lib/modules/5.15.185-tegra". Where it has no modules.dep, the folders that
// depmod would search are searched. Missing: not_there, or damaged (not_understood).
Fact<ModuleFile> find_module_file(const SystemRoot& root, const std::string& directory, const std::string& name);

// Is the module part of the kernel itself, by modules.builtin?
bool is_built_in(const SystemRoot& root, const std::string& directory, const std::string& name);

}  // namespace jetcuda
