// The programs that the administrator of this machine dropped into checks.d, each a check of its own. Here they are
// listed and run; what their answers mean is judged in daemon/checks/custom_checks.cpp.
//
// They are run with nothing but a limit for a friend: an empty environment, no input, in a process group that ends
// with them, and only where nobody but root could have written them (trust.hpp).

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"

namespace jetcuda {

// What stands in the folder.
struct CustomFolder {
    std::string path;
    std::vector<std::string> names;    // of programs, sorted
    std::vector<std::string> masked;   // names that a link to /dev/null switches off
    std::vector<std::string> ignored;  // complete sentences about what is there and is no program
};

// A folder that does not exist holds nothing, and that is no flaw.
CustomFolder list_custom_programs(const std::string& folder);

struct CustomProgram {
    std::string name;
    std::chrono::milliseconds limit{10'000};

    bool operator==(const CustomProgram&) const = default;
};

struct CustomRequest {
    std::string folder;                   // absolute
    std::vector<CustomProgram> programs;  // run in this order, one after the other
    std::chrono::milliseconds total_limit{60'000};
    std::function<void(std::string_view check)> on_progress;  // before each, with its check's id; may be empty
};

// Every program's answer, or why there is none. Returns in bounded time, whatever the programs do.
std::map<std::string, Fact<CustomAnswer>, std::less<>> ask_custom_programs(const CustomRequest& request);

}  // namespace jetcuda
