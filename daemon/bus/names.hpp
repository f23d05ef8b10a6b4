// Every name that the daemon has on the bus, in one place. They are public and fixed: systemd/io.jetcuda.Check1.xml
// says what each means.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace jetcuda::bus {

inline constexpr const char* service_name = "io.jetcuda.Check1";
inline constexpr const char* manager_path = "/io/jetcuda/Check1";
inline constexpr const char* manager_interface = "io.jetcuda.Check1.Manager";
inline constexpr const char* check_interface = "io.jetcuda.Check1.Check";
inline constexpr const char* run_interface = "io.jetcuda.Check1.Run";
inline constexpr const char* no_run_path = "/";  // CurrentRun while nothing runs

namespace error {
inline constexpr const char* no_such_check = "io.jetcuda.Check1.Error.NoSuchCheck";
inline constexpr const char* no_such_report = "io.jetcuda.Check1.Error.NoSuchReport";
inline constexpr const char* cancelled = "io.jetcuda.Check1.Error.Cancelled";
inline constexpr const char* timed_out = "io.jetcuda.Check1.Error.TimedOut";
inline constexpr const char* limit_reached = "io.jetcuda.Check1.Error.LimitReached";
inline constexpr const char* did_not_finish = "io.jetcuda.Check1.Error.RunDidNotFinish";
inline constexpr const char* invalid_args = "org.freedesktop.DBus.Error.InvalidArgs";
inline constexpr const char* access_denied = "org.freedesktop.DBus.Error.AccessDenied";
inline constexpr const char* failed = "org.freedesktop.DBus.Error.Failed";
}  // namespace error

// "driver-matches-module" -> "/io/jetcuda/Check1/check/driver_matches_module". What a path may not hold ("custom/…")
// becomes _XX, its bytes in hex, as systemd writes unit names.
std::string check_path(std::string_view id);
std::string run_path(std::uint64_t number);

}  // namespace jetcuda::bus
