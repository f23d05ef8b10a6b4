// Two kinds of records that speak of a running system: the libraries that libcuda opens by itself, and the lines that
// the kernel's log holds after a GPU fault.

#pragma once

#include <optional>
#include <string>
#include <vector>

namespace jetcuda {

class RecordReader;

// A library that belongs to the driver, though nothing in libcuda's ELF header says so: it is opened at run time.
struct CompanionRecord {
    std::string name;  // "libnvcucompat.so"; "libnvidia-nvvm.so.*" stands for any version in its place
    int lowest_line = 0;
    std::optional<int> highest_line;  // absent: up to the newest
    std::string gpu_variant;          // "nvgpu", "openrm", or empty: both
    bool extra = false;               // boards without it are whole
    std::string without;              // a clause: what does not work without it
    std::string source;
};

// One kind of line that a GPU fault leaves. It matches where all of `contains` stand in it, in this order.
struct KernelFaultRecord {
    std::string id;    // "nvgpu-mmu-fault"
    std::string what;  // in words
    std::vector<std::string> contains;
    std::string gpu_variant;  // the driver that prints it: "nvgpu", "openrm", or empty: both
    std::string source;
};

CompanionRecord read_companion_record(RecordReader& reader);
KernelFaultRecord read_kernel_fault_record(RecordReader& reader);

}  // namespace jetcuda
