// One line an event, on standard error: with a "<N>" priority in front where systemd reads it (JOURNAL_STREAM is
// set), plainly elsewhere. A daemon that is idle nearly all its life needs no logging library in its memory.

#pragma once

#include <string>
#include <string_view>

namespace jetcuda {

enum class LogLevel : int { error = 3, warning = 4, info = 6, debug = 7 };  // syslog's numbers

void set_log_level(std::string_view name);  // setting log.level: "error", "warning", "info", "debug"
void log(LogLevel level, std::string_view sentence);

}  // namespace jetcuda
