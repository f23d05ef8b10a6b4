// Writing to a descriptor until all of it is taken: a write may take less than it is given, and be interrupted.

#pragma once

#include <string_view>

namespace jetcuda {

// Answers 0, or the errno of the write that failed. What was taken before stays written.
int write_all(int descriptor, std::string_view bytes);

}  // namespace jetcuda
