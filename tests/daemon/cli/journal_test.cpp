#include "daemon/cli/journal.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

TEST_CASE("lines of the kernel that speak of the GPU are known by their drivers") {
    for (const std::string_view line :
         {"nvgpu: 17000000.gpu gk20a_fifo_handle_mmu_fault:111 [ERR]", "host1x 13e00000.host1x: syncpoint timed out",
          "NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus", "nvidia-modeset: Loading"}) {
        CHECK(speaks_of_gpu(line));
    }
    for (const std::string_view line : {"EXT4-fs (mmcblk0p1): mounted", "usb 1-2: new high-speed USB device", ""}) {
        CHECK_FALSE(speaks_of_gpu(line));
    }
}

TEST_CASE("lines, or the reason why there are none") {
    for (const JournalLines& lines : {own_journal_lines(), gpu_kernel_lines()})
        CHECK(lines.text.empty() != lines.why.empty());
}
