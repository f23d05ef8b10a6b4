// GPU faults in what the kernel has said since this boot. A fault of the GPU, by a program or by the hardware, is
// reported to the program that it hit and to the kernel's log; everybody else sees only a GPU that is slow, or gone.
// Which lines are faults is data: healthy boards print many lines with "nvgpu" and [ERR] in them.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/facts.hpp"
#include "probes/platform/journal.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

// Counts faults line by line, in time that grows with the line's length only.
class FaultCounter {
public:
    // Of `records`, those that the driver of this variant ("nvgpu", "openrm") prints; empty: all. They must outlive
    // this.
    FaultCounter(const std::vector<KernelFaultRecord>& records, const std::string& gpu_variant);

    void take(std::string_view line);
    [[nodiscard]] const std::vector<GpuFault>& faults() const { return faults_; }  // in the order of their first lines

private:
    std::vector<const KernelFaultRecord*> records_;
    std::vector<GpuFault> faults_;
};

// One record of /dev/kmsg: "6,339,5140900,-;message", then lines of KEY=value. (Documentation/ABI/testing/dev-kmsg)
struct KmsgRecord {
    bool from_kernel = false;  // facility 0; programs can write there too
    unsigned long long sequence = 0;
    std::string_view message;
};
std::optional<KmsgRecord> parse_kmsg(std::string_view record);

// Numbers that differ from fault to fault replaced: "fault addr: 0x..."; one line, not too long.
std::string without_addresses(std::string_view line);

struct KernelLogQuestion {
    const Fact<std::string>& boot_id;
    const std::vector<KernelFaultRecord>& records;
    std::string gpu_variant;
    bool in_container = false;
};

// From the journal, or from /dev/kmsg where that shows nothing. Of a root that is not the running system's own, only
// what `.jetcuda-root.json` holds of a log; Missing (not_asked) where it holds none; (not_readable) where this user may
// read neither of the first two.
Fact<KernelLog> read_kernel_log(const SystemRoot& root, const KernelLogQuestion& question);

}  // namespace jetcuda
