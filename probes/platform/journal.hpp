// The kernel's lines of one boot in systemd's journal, read through libsystemd: its files have a format of their own,
// may be compressed, and are rotated while they are read. D-Bus is not involved.

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace jetcuda {

// A log is read to an end that is set beforehand, however much there is.
struct LogLimits {
    unsigned long lines = 200'000;
    std::chrono::milliseconds time{2'000};
};

struct JournalAnswer {
    unsigned long lines = 0;
    bool cut = false;     // a limit was reached, or the journal no longer holds the boot's first lines
    std::string failure;  // a clause: why nothing could be read; empty where it could
};

// Hands over each message, the oldest first. `boot_id` is as the kernel writes it, with or without dashes. `directory`
// is where the files are; empty: this machine's own. A journal that this user may not read is an empty one.
JournalAnswer read_kernel_journal(const std::string& boot_id, const std::string& directory, const LogLimits& limits,
                                  const std::function<void(std::string_view)>& take);

}  // namespace jetcuda
