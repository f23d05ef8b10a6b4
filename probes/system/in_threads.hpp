// One piece of work done by several threads at once, which share it out among themselves.

#pragma once

#include <cstddef>
#include <functional>

namespace jetcuda {

// Runs `work` in `count` threads, and returns when all have returned; with fewer where the system gives no more, and at
// least once. `work` takes from what is still to be done until nothing is left, so that any number of threads does
// all of it; it must not throw.
void in_threads(std::size_t count, const std::function<void()>& work);

}  // namespace jetcuda
