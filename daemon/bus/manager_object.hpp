// The manager object: what people and agents ask the daemon, word for word as in systemd/io.jetcuda.Check1.xml. It
// reads the call, checks its arguments, and answers from memory; runs it hands on.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/bus/properties.hpp"
#include "daemon/bus/report_memory.hpp"

namespace jetcuda::bus {

// What the manager's properties show.
struct ManagerState {
    std::string verdict, reason, boot_id;
    bool probed = false;
    std::uint64_t sequence = 0;
    std::uint64_t last_run_usec = 0;
    std::string l4t, jetpack, soc, gpu_arch, gpu_module, driver_cuda, native_cuda;
    std::vector<std::string> toolkit_cuda;
    std::string current_run = no_run_path;
};

ManagerState state_of(const Report& report, const std::string& current_run);

class ManagerObject {
public:
    // A run with sound arguments; the handler answers the call, now or later.
    using OnStart = std::function<void(RunRequest request, sdbus::MethodCall call)>;

    ManagerObject(sdbus::IConnection& connection, const ReportMemory& memory, OnStart on_start);

    void show(ManagerState state);
    void tell_finished(const std::string& run, const std::string& verdict, std::uint64_t sequence);
    void tell_transition(const Transition& transition, std::uint64_t usec);

private:
    void describe(const sdbus::MethodCall& call) const;
    void get_report(sdbus::MethodCall& call) const;
    void list_reports(sdbus::MethodCall& call) const;
    void start_run(sdbus::MethodCall call) const;
    void register_methods();

    const ReportMemory& memory_;
    OnStart on_start_;
    PropertySet<ManagerState> properties_;
    std::unique_ptr<sdbus::IObject> object_;
};

}  // namespace jetcuda::bus
