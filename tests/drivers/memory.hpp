// The memory that a simulated GPU sees, and what is wrong with it. What cuMemAlloc answers is an address that the CPU
// cannot use, as on a Jetson. Zero-copy and managed memory have one address for both; managed memory is out of the
// CPU's reach while the GPU has work, as on a GPU without concurrent access.

#pragma once

#include <cstddef>
#include <cstdint>

namespace simulated {

enum class MemoryKind { device, host, managed };

struct Allocated {
    int result = 0;
    std::uint64_t address = 0;
};

Allocated allocate(MemoryKind kind, std::size_t bytes);
int release(std::uint64_t address, MemoryKind kind);  // managed memory is freed as device memory is
void release_all();
std::size_t free_bytes();

// Where the GPU's own bytes of a range are; null when the range is not all of one allocation.
unsigned char* gpu_memory(std::uint64_t address, std::size_t bytes);
bool is_host_allocation(std::uint64_t address);

// Around whatever the GPU does. The faults of memory happen in these.
void before_gpu_work();
void after_gpu_work();
void take_managed_memory_from_cpu();
void give_managed_memory_back();

}  // namespace simulated
