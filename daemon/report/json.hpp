// A report as JSON (jetcuda-check.report/1, config/report.schema.json) and back. Reading is strict: what does not
// have the schema's form is refused with the key that breaks it, for a runner's answer is outside text.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "daemon/report/report.hpp"

namespace jetcuda {

inline constexpr std::string_view report_schema = "jetcuda-check.report/1";
inline constexpr std::size_t report_size_limit = std::size_t{4} << 20;  // bytes; a longer text is refused unread

// The message opens with the JSON pointer of what breaks the form: "/checks/3/status is \"maybe\"; …".
struct ReportFormatError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string to_json(const Report& report);         // one line, no newline at its end, with its digest
std::string to_pretty_json(const Report& report);  // the same for people: indented, newline at its end
Report report_from_json(std::string_view json);    // throws ReportFormatError

// "sha256:…" over what stays the same while machine and state stay the same (contract, section 3).
std::string digest(const Report& report);

}  // namespace jetcuda
