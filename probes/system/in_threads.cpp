#include "probes/system/in_threads.hpp"

#include <system_error>
#include <thread>
#include <vector>

namespace jetcuda {

void in_threads(std::size_t count, const std::function<void()>& work) {
    std::vector<std::thread> threads;
    // This one waits meanwhile: a thread begins on the processor of the one that made it, and where both work it takes
    // the kernel some ms to part them, in which half a GB can be looked through.
    try {
        if (count > 1) threads.reserve(count);
        while (count > 1 && threads.size() < count) threads.emplace_back(work);
    } catch (const std::system_error&) {
        // A limit of the user or of the service: those that there are do it all.
    }
    if (threads.empty()) work();
    for (std::thread& thread : threads) thread.join();
}

}  // namespace jetcuda
