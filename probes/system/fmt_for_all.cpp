// The one source that has fmt compiled with it. The others include fmt/format.h, which calls fmt::vformat.

#include <string>

#include <fmt/format.h>

#ifndef FMT_HEADER_ONLY
#error "without FMT_HEADER_ONLY there is no implementation to compile"
#endif

namespace jetcuda {

// An inline function whose address is taken is compiled for all others to call.
using FormatText = std::string (*)(fmt::string_view, fmt::format_args);
extern const FormatText format_for_all;
#if FMT_VERSION >= 80000
const FormatText format_for_all = &fmt::vformat;
#else
const FormatText format_for_all = &fmt::detail::vformat;
#endif

}  // namespace jetcuda
