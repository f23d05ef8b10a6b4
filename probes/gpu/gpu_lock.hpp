// One run at a time touches the GPU, and a run whose probe got stuck in the kernel must not be followed by another
// that gets stuck beside it. Both are one lock: flock() on `gpu.lock`, which the probe inherits. The kernel keeps it
// while any process holds the descriptor, so a child that cannot be ended keeps it for as long as it is there,
// and nobody has to remember or clean up anything.
//
// What the lock alone does not tell is who holds it: another run (wait, or say `busy`), or only such a child (say
// `still_stuck`, and start none). So a run writes a record into the file when it has the lock, one line:
//
//   run 1234 567890 4026531836        pid, its start time in clock ticks since boot, and its pid namespace
//   stuck 1240                        pid of the child that the run had to let go
//
// A record counts only while the lock is held, hence is never removed. A `run` whose process is gone although the
// lock is held has left a child behind: that is `still_stuck`, too, if it stays so for a second (a run that was
// killed takes its probe along, but not at the same instant). The same holds for a record of our own process: it has
// at most one lock at a time, so what holds it is a child that it let go. Processes of another pid namespace cannot be
// looked at, and count as running.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/system/descriptor.hpp"

namespace jetcuda {

enum class GpuLockState {
    acquired,       // ours until the object is gone, and every child that inherited `descriptor()`
    busy,           // another run has it, and did not end in the time given
    still_stuck,    // the probe of an earlier run has it: start none
    not_available,  // the file cannot be opened: there is no lock on this machine, and a run goes on without it
};

// The line in the file. It is untrusted: who may lock the file may also write it.
struct GpuLockRecord {
    bool stuck = false;
    int pid = 0;
    std::uint64_t start_time = 0;     // of a run
    std::uint64_t pid_namespace = 0;  // of a run
};
std::optional<GpuLockRecord> parse_lock_record(std::string_view text);

class GpuLock {
public:
    // Waits at most `wait` for another run to end. Never creates the file (tmpfiles.d does, with its group), and
    // follows no link in its place. The pid namespace and process start are read from the live /proc.
    GpuLock(const std::string& path, std::chrono::milliseconds wait);

    [[nodiscard]] GpuLockState state() const { return state_; }
    [[nodiscard]] int descriptor() const { return file_.number(); }  // for the child to inherit; -1 unless acquired
    [[nodiscard]] int holder() const { return holder_; }             // pid, with `busy` and `still_stuck`; 0: not known
    [[nodiscard]] const std::string& why() const { return why_; }    // a clause, for every state but `acquired`

    // This run's child could not be ended and was let go: later runs then know at once what they wait for.
    void leave_to_stuck_child(int pid);

private:
    void write_record(const std::string& record);

    Descriptor file_;
    GpuLockState state_ = GpuLockState::not_available;
    int holder_ = 0;
    std::string why_;
};

}  // namespace jetcuda
