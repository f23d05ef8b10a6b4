// A report in words, verdict first. A healthy board takes at most twelve lines.

#pragma once

#include <string>
#include <string_view>

#include "daemon/report/report.hpp"

namespace jetcuda {

struct TextStyle {
    bool color = false;        // a terminal, and NO_COLOR is not set
    bool every_check = false;  // also those that pass
};

std::string to_text(const Report& report, const TextStyle& style);

// One line for systemd's Status: and the first line of the text:
// "healthy: JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, Orin sm_87, 16 of 16 checks pass"
std::string status_line(const Report& report);

// A remedy ends with the exact command, after its last ": ". A tail that is a sentence itself is no command.
struct RemedyParts {
    std::string words;
    std::string command;  // empty: none
};
RemedyParts remedy_parts(std::string_view remedy);

}  // namespace jetcuda
