// What crosses between the daemon and the runner (`jetcuda-check run --json --request=-`), over the socket that
// systemd hands out or over the pipes of a child: one line of request in, JSON lines out until the end of the
// stream.
//
//   in:   {"checks":[],"probe":true,"settle_ms":[2000,4000,8000,16000]}
//   out:  {"progress":"libcuda"}            a source about to be asked, or a check's id; any number of them
//         {"report":{…}}                    last: report/1, with sequence 0
//         {"error":"…"}                     instead: the runner could not work, one sentence
//
// `settle_ms` belongs to the boot run: while a required check fails, everything is asked again after each of these
// pauses, and only the last answer is reported. Empty: asked once.

#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

struct RunRequest {
    std::vector<std::string> checks;  // ids; empty: all
    bool probe = true;
    std::vector<std::chrono::milliseconds> settle;

    bool operator==(const RunRequest&) const = default;
};

// One line from the runner; exactly one member is set. The report stays text until report_from_json reads it.
struct RunnerLine {
    std::optional<std::string> progress;
    std::optional<std::string> report_json;
    std::optional<std::string> error;
};

struct RunnerProtocolError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline constexpr std::size_t runner_line_limit = std::size_t{4} << 20;  // bytes; a longer line ends the run

std::string to_line(const RunRequest& request);           // without newline
RunRequest run_request_from_line(std::string_view line);  // throws RunnerProtocolError
std::string to_line(const RunnerLine& line);
RunnerLine runner_line_from(std::string_view line);  // throws RunnerProtocolError

}  // namespace jetcuda
