#include "probes/platform/processes.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "probes/system/text.hpp"

namespace jetcuda {

bool is_running(const SystemRoot& root, std::string_view program) {
    const Fact<std::vector<std::string>> names = root.list("/proc");
    if (!names) return false;
    return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
        if (!is_digits(name)) return false;
        const Fact<std::string> comm = root.read_value("/proc/" + name + "/comm");
        return comm && *comm == program;
    });
}

}  // namespace jetcuda
