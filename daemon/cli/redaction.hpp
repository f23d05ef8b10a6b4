// Takes out of a text what says whose machine it is, before the text leaves it in a support bundle: serial numbers,
// UUIDs, MAC and IP addresses, the host's name, and names of users. What has a form of its own is known by it; what
// has none (a serial number, a name) is looked up on the machine first, and then found wherever it stands.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/report/report.hpp"

namespace jetcuda {

class SystemRoot;

struct Secrets {
    std::vector<std::string> serials;  // taken out wherever they stand, in whatever case
    std::vector<std::string> hosts;    // taken out as whole words
    std::vector<std::string> users;
    std::vector<std::string> kept_ids;  // UUIDs that say nothing of the machine: those of its boots
};

// What the system below `root` calls its own: serial numbers of the board, its disks and what is plugged in, hardware
// addresses, the machine's id, its name and those of its users. Files that cannot be read are passed over: what an
// ordinary user may not read cannot stand in what the same user bundles, but in logs, where patterns find it.
Secrets secrets_of(const SystemRoot& root);

class Redactor {
public:
    explicit Redactor(Secrets secrets);

    // A text in which four numbers with points between them are a version: "9.3.0.75" is one of cuDNN.
    [[nodiscard]] std::string own(std::string_view text) const;

    // Any other text, where they are an address: a log, what a driver printed, a file of settings.
    [[nodiscard]] std::string foreign(std::string_view text) const;

    // Everything in a report that is no word of its format. It stays a report, with a digest of its own.
    [[nodiscard]] Report report(Report report) const;

private:
    Secrets secrets_;
};

}  // namespace jetcuda
