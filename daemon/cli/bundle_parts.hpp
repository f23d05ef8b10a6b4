// What a support bundle holds, as texts that may leave the machine: each has been through the redactor. A further
// part is a function of bundle_parts.cpp and a line in its collect_parts().

#pragma once

#include <string>
#include <vector>

#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/options.hpp"

namespace jetcuda {

struct BundlePart {
    std::string name;     // of the file: "report.json"
    std::string what;     // what it is, without full stop
    std::string content;  // where there is nothing to tell, a sentence that says why
    bool missing = false;
};

// Reads and judges the machine as `run` does. A part that cannot be had says why in its place.
std::vector<BundlePart> collect_parts(const Inquiry& inquiry, const Options& options);

}  // namespace jetcuda
