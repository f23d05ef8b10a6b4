#include "probes/platform/firmware.hpp"

#include <algorithm>
#include <string>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view firmware_file = "/sys/devices/virtual/dmi/id/bios_version";

// UEFI came with R34, whose versions were its own; the first that name the release are of R35. A first number beyond
// any line for years to come is a vendor's own count.
constexpr int first_line = 35;
constexpr int last_line = 59;
// The build number that follows the version in firmware up to R35 has at least this many digits.
constexpr std::size_t gcid_digits = 7;

}  // namespace

// The forms, with an example each: "36.4.4-gcid-41062509", "v38.2.1", "35.6.1-06cb4270ebfe", and up to R35.5 without
// the line, "4.1-33958178" for R35.4.1. (Seen in kernel logs and vendors' guides.)
std::optional<L4tRelease> parse_firmware_version(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && (text.front() == 'v' || text.front() == 'V')) text.remove_prefix(1);
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view version = text.substr(0, end);
    const std::string_view rest = text.substr(end);
    if (!rest.empty() && rest.front() != '-' && rest.front() != '+' && rest.front() != ' ') return std::nullopt;

    const auto dots = std::count(version.begin(), version.end(), '.');
    if (dots == 1) {
        const bool names_a_build = rest.size() > gcid_digits && rest.front() == '-' && is_digits(rest.substr(1));
        if (!names_a_build) return std::nullopt;
        return parse_l4t_release("35." + std::string(version));
    }
    if (dots != 2) return std::nullopt;
    const std::optional<L4tRelease> release = parse_l4t_release(version);
    if (!release || release->line < first_line || release->line > last_line) return std::nullopt;
    return release;
}

Fact<Firmware> read_firmware(const SystemRoot& root) {
    const Fact<std::string> text = root.read_value(firmware_file);
    if (!text) return text.missing();
    return {Firmware{shown(*text), parse_firmware_version(*text)}, text.source()};
}

}  // namespace jetcuda
