// Lines of the running system's journal, of this boot: what our own units said, and what the kernel said of the GPU.
// For a support bundle only; whether the kernel log tells of a fault is judged elsewhere.

#pragma once

#include <string>
#include <string_view>

namespace jetcuda {

struct JournalLines {
    std::string text;  // "2026-01-01T00:00:00Z jetcuda-checkd[812]: …", oldest first; no host name
    std::string why;   // where there is none of it
};

JournalLines own_journal_lines();           // of the daemon, its runner, the gate, and of systemd about their units
JournalLines gpu_kernel_lines();            // of the kernel, where a line speaks of the GPU
bool speaks_of_gpu(std::string_view line);  // nvgpu, host1x, NVRM and their kin

}  // namespace jetcuda
