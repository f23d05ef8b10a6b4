#include "probes/platform/memory.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include "probes/system/text.hpp"

namespace jetcuda {

Fact<std::uint64_t> read_available_memory(const SystemRoot& root) {
    constexpr const char* source = "/proc/meminfo";
    constexpr std::string_view key = "MemAvailable:";
    const Fact<std::string> content = root.read(source);
    if (!content) return content.missing();
    std::string_view rest = *content;
    while (!rest.empty()) {
        const std::string_view line = take_line(rest);
        if (!starts_with(line, key)) continue;
        std::string_view value = trimmed(line.substr(key.size()));
        constexpr std::uint64_t most = std::uint64_t{1} << 40;  // KiB; no machine has it
        std::uint64_t kibibytes = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), kibibytes);
        value.remove_prefix(static_cast<std::size_t>(end - value.data()));
        if (error != std::errc{} || value != " kB" || kibibytes > most) break;
        return {kibibytes * 1024, source};
    }
    return Missing{Lack::not_understood, "/proc/meminfo has no line MemAvailable with a number of kB", source};
}

}  // namespace jetcuda
