// Which cuda_compat is made for which Jetson, and which CUDA versions it may bring there: what compat.json holds.

#pragma once

#include <string>
#include <vector>

#include "probes/versions.hpp"

namespace jetcuda {

class RecordReader;

// What is known of one product of cuda_compat on one SoC and L4T line. The checks judge by these records; the window
// of a release (catalog.hpp) is their shortest summary.
struct CompatRecord {
    std::string id;  // made of the next three: "T234 R36 l4t"
    std::string soc;
    int line = 0;
    std::string product;                // "l4t", "sbsa", "orin"
    std::vector<CudaVersion> promised;  // CUDA versions that NVIDIA's table lists for it
    std::vector<CudaVersion> reported;  // others that people report to work
    bool listed = true;                 // NVIDIA's table speaks of this product here; false: `promised` says nothing
    CudaVersion known_up_to;            // newest CUDA version of that table, which says nothing of later ones
    std::string source;
};

CompatRecord read_compat_record(RecordReader& reader);

}  // namespace jetcuda
