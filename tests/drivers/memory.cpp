#include "tests/drivers/memory.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include <sys/mman.h>

#include "tests/drivers/calls.hpp"

namespace simulated {
namespace {

constexpr std::uint64_t first_device_address = 0x200000000;  // below it and above lies nothing that the CPU maps
constexpr std::uint64_t alignment = 512;

// A word that a fault concerns, as it was left after the GPU's last work: it was written since when it differs.
struct LastWords {
    const Fault* fault = nullptr;
    std::optional<std::uint32_t> word, other;
};

struct Allocation {
    MemoryKind kind = MemoryKind::device;
    std::size_t bytes = 0;
    unsigned char* gpu = nullptr;
    unsigned char* cpu = nullptr;           // the same, but of memory that CPU and GPU do not share as they should
    std::vector<unsigned char> gpu_before;  // of such memory
    std::vector<LastWords> last_words;
    bool stale = false, unseen = false;
};

struct Memory {
    std::map<std::uint64_t, Allocation> allocations;
    std::uint64_t next_address = first_device_address;
    std::size_t used = 0;
};

Memory& memory() {
    static Memory all;
    return all;
}

unsigned char* map_pages(std::size_t bytes) {
    void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages != MAP_FAILED ? static_cast<unsigned char*>(pages) : nullptr;
}

const char* name_of(MemoryKind kind) {
    return kind == MemoryKind::device ? "device" : kind == MemoryKind::host ? "host" : "managed";
}

void let_go(const Allocation& allocation) {
    munmap(allocation.gpu, allocation.bytes);
    if (allocation.cpu != allocation.gpu) munmap(allocation.cpu, allocation.bytes);
    memory().used -= allocation.bytes;
}

std::uint32_t word_at(const Allocation& allocation, std::uint64_t index) {
    std::uint32_t word = 0;
    std::memcpy(&word, allocation.gpu + index * sizeof word, sizeof word);
    return word;
}

void set_word(const Allocation& allocation, std::uint64_t index, std::uint32_t word) {
    std::memcpy(allocation.gpu + index * sizeof word, &word, sizeof word);
}

void spoil(const Allocation& allocation, LastWords& last) {
    const Fault& fault = *last.fault;
    const std::uint32_t mask = 1U << fault.bit;
    std::uint32_t word = word_at(allocation, fault.word);
    if (fault.action == "bit-flip") {
        if (last.word != word) word ^= mask;
    } else if (fault.action == "stuck-at") {
        word = fault.value != 0 ? word | mask : word & ~mask;
    } else {
        const std::uint64_t other_index = fault.word ^ mask;
        if ((other_index + 1) * sizeof word > allocation.bytes) return;
        const std::uint32_t other = word_at(allocation, other_index);
        const bool other_is_later = last.other != other && (last.word == word || other_index > fault.word);
        if (other_is_later) word = other;
        set_word(allocation, other_index, word);
        last.other = word;
    }
    set_word(allocation, fault.word, word);
    last.word = word;
}

}  // namespace

Allocated allocate(MemoryKind kind, std::size_t bytes) {
    if (bytes == 0) return {invalid_value, 0};
    const Fault* short_of = settings().whole("out-of-memory");
    if (short_of != nullptr && bytes > short_of->above) return {out_of_memory, 0};
    if (bytes > free_bytes()) return {out_of_memory, 0};
    Allocation allocation;
    allocation.kind = kind;
    allocation.bytes = bytes;
    allocation.cpu = allocation.gpu = map_pages(bytes);
    if (allocation.gpu == nullptr) return {out_of_memory, 0};
    for (const Fault& fault : settings().faults) {
        if (fault.memory != name_of(kind)) continue;
        if (fault.action == "stale") {
            allocation.stale = true;
        } else if (fault.action == "unseen") {
            allocation.unseen = true;
        } else if (bytes >= std::max(fault.at_least, (fault.word + 1) * sizeof(std::uint32_t))) {
            allocation.last_words.push_back({&fault, {}, {}});
        }
    }
    if (allocation.stale || allocation.unseen) {
        allocation.cpu = map_pages(bytes);
        if (allocation.cpu == nullptr) return {out_of_memory, 0};
    }
    auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(allocation.cpu));
    if (kind == MemoryKind::device) {
        address = memory().next_address;
        memory().next_address += (bytes + alignment - 1) / alignment * alignment + alignment;  // a gap after each
        std::memset(allocation.gpu, 0xA5, bytes);                                              // nobody clears it
    }
    memory().used += bytes;
    memory().allocations.emplace(address, std::move(allocation));
    return {success, address};
}

int release(std::uint64_t address, MemoryKind kind) {
    const auto found = memory().allocations.find(address);
    if (found == memory().allocations.end()) return invalid_value;
    if ((found->second.kind == MemoryKind::host) != (kind == MemoryKind::host)) return invalid_value;
    let_go(found->second);
    memory().allocations.erase(found);
    return success;
}

void release_all() {
    for (const auto& [address, allocation] : memory().allocations) let_go(allocation);
    memory().allocations.clear();
}

std::size_t free_bytes() { return settings().free_bytes > memory().used ? settings().free_bytes - memory().used : 0; }

unsigned char* gpu_memory(std::uint64_t address, std::size_t bytes) {
    auto found = memory().allocations.upper_bound(address);
    if (found == memory().allocations.begin()) return nullptr;
    --found;
    const std::uint64_t offset = address - found->first;
    if (offset > found->second.bytes || bytes > found->second.bytes - offset) return nullptr;
    return found->second.gpu + offset;
}

bool is_host_allocation(std::uint64_t address) {
    const auto found = memory().allocations.find(address);
    return found != memory().allocations.end() && found->second.kind == MemoryKind::host;
}

void before_gpu_work() {
    for (auto& [address, allocation] : memory().allocations) {
        if (allocation.cpu == allocation.gpu) continue;
        if (!allocation.stale) std::memcpy(allocation.gpu, allocation.cpu, allocation.bytes);
        allocation.gpu_before.assign(allocation.gpu, allocation.gpu + allocation.bytes);
    }
}

void after_gpu_work() {
    for (auto& [address, allocation] : memory().allocations) {
        for (LastWords& last : allocation.last_words) spoil(allocation, last);
        if (allocation.cpu == allocation.gpu || allocation.unseen) continue;
        // Only what the GPU has written: the CPU's own words must not be lost to it.
        for (std::size_t i = 0; i < allocation.gpu_before.size(); ++i) {
            if (allocation.gpu[i] != allocation.gpu_before[i]) allocation.cpu[i] = allocation.gpu[i];
        }
    }
}

void take_managed_memory_from_cpu() {
    constexpr int concurrent_managed_access = 89;  // CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS
    const auto& attributes = settings().attributes;
    if (const auto set = attributes.find(concurrent_managed_access); set != attributes.end() && set->second != 0)
        return;
    for (const auto& [address, allocation] : memory().allocations) {
        if (allocation.kind == MemoryKind::managed) mprotect(allocation.cpu, allocation.bytes, PROT_NONE);
    }
}

void give_managed_memory_back() {
    for (const auto& [address, allocation] : memory().allocations) {
        if (allocation.kind == MemoryKind::managed) mprotect(allocation.cpu, allocation.bytes, PROT_READ | PROT_WRITE);
    }
}

}  // namespace simulated
