// Asks every source once and hands on what they said. Judges nothing, never throws for the state of a machine.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/catalog/catalog.hpp"
#include "probes/custom/custom_programs.hpp"
#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct CollectRequest {
    std::optional<std::string> soc;     // --soc, for an image at rest
    std::optional<std::string> driver;  // --driver FILE, a path on this machine
    bool probe = true;                  // false: --no-probe
    bool ask_driver = true;             // false: nothing that is to be judged rests on its answer
    bool all_compat = false;            // --all-compat: also those that are installed and idle
    unsigned repeat = 1;                // --repeat N: how often the GPU does its work
    std::string probe_program;          // path of jetcuda-probe
    std::chrono::milliseconds probe_step_limit{20'000};
    std::chrono::milliseconds probe_total_limit{60'000};
    std::vector<std::string> service_users;  // setting of that name
    bool look_into_libraries = false;        // something that is to be judged rests on the GPU code of CUDA libraries
    bool look_into_programs = false;         // or on what `programs` carry and load
    std::vector<std::string> programs;       // setting of that name
    std::string memory_folder;               // where it is remembered what files carry; empty: nowhere
    std::string memory_tool;                 // the version that remembers
    int probe_lock = -1;                     // descriptor the probe inherits (gpu.lock), or -1
    // The administrator's own programs that are to be run; only where `probe` is true, since they may use the GPU.
    std::string custom_folder;
    std::vector<CustomProgram> custom_programs;
    std::chrono::milliseconds custom_total_limit{60'000};
    std::function<void(std::string_view source)> on_progress;  // may be empty
};

Facts collect(const SystemRoot& root, const Catalog& catalog, const CollectRequest& request);

}  // namespace jetcuda
