// jetcuda-checkd, whole: on the bus, with its memory and its line of runs, telling systemd how the board is.

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/bus/runner.hpp"

namespace jetcuda {

struct ServiceOptions {
    RunnerPlace runner;
    RunnerLimits limits;
    std::string state_directory;
    std::string boot_id;  // empty: not known; then a report from before a restart is not taken up
    std::vector<std::chrono::milliseconds> settle;  // pauses of the boot run
    bool probe_at_boot = true;
};

class Service {
public:
    // Connects to the system bus and claims the name; throws std::runtime_error with what to do where it cannot.
    explicit Service(ServiceOptions options);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service();

    // Judges the board, unless this boot's report is there already, and answers calls until it is told to end.
    // Returns the exit status: 0 after SIGTERM or SIGINT, 1 after the bus was lost.
    int run();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace jetcuda
