#include "daemon/cli/journal.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include "daemon/report/outside_text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t looked_at_limit = 50'000;  // entries, from the newest back
constexpr std::size_t line_count_limit = 2'000;
constexpr std::size_t line_limit = 1'024;  // bytes

using Journal = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

std::string reason_of(int negative_error) { return std::generic_category().message(-negative_error); }

std::string field(sd_journal* journal, const char* name) {
    const void* data = nullptr;
    std::size_t length = 0;
    if (sd_journal_get_data(journal, name, &data, &length) < 0) return {};
    const std::string_view pair{static_cast<const char*>(data), length};
    const std::size_t sign = pair.find('=');
    return sign == std::string_view::npos ? std::string{} : std::string(pair.substr(sign + 1));
}

std::string time_of(sd_journal* journal) {
    std::uint64_t microseconds = 0;
    if (sd_journal_get_realtime_usec(journal, &microseconds) < 0) return "?";
    const auto seconds = static_cast<std::time_t>(microseconds / 1'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[sizeof "2026-01-01T00:00:00Z"] = "";
    return std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 ? text : "?";
}

std::string line_of(sd_journal* journal, const std::string& message) {
    const std::string name = field(journal, "SYSLOG_IDENTIFIER");
    const std::string process = field(journal, "_PID");
    return fmt::format("{} {}{}: {}\n", time_of(journal), plain_line(name.empty() ? "?" : name),
                       process.empty() ? "" : "[" + plain_line(process) + "]",
                       shortened(plain_line(message), line_limit));
}

// The newest lines that match and that `wanted` takes, in the order in which they came.
JournalLines lines_of_boot(const std::vector<std::string>& matches,
                           const std::function<bool(std::string_view)>& wanted) {
    sd_journal* opened = nullptr;
    const int error = sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY);
    if (error < 0) return {"", fmt::format("the journal could not be opened: {}", reason_of(error))};
    const Journal journal{opened, &sd_journal_close};
    (void)sd_journal_set_data_threshold(opened, std::size_t{16} << 10);
    sd_id128_t boot{};
    char boot_text[SD_ID128_STRING_MAX];
    const int no_boot = sd_id128_get_boot(&boot);
    if (no_boot < 0) return {"", fmt::format("the kernel tells no boot id: {}", reason_of(no_boot))};
    for (const std::string& match : matches) {
        (void)sd_journal_add_disjunction(opened);  // without effect before the first
        (void)sd_journal_add_match(opened, match.data(), match.size());
    }
    (void)sd_journal_add_conjunction(opened);
    const std::string of_boot = fmt::format("_BOOT_ID={}", sd_id128_to_string(boot, boot_text));
    (void)sd_journal_add_match(opened, of_boot.data(), of_boot.size());

    std::vector<std::string> lines;
    (void)sd_journal_seek_tail(opened);
    for (std::size_t seen = 0; seen < looked_at_limit && lines.size() < line_count_limit; ++seen) {
        const int more = sd_journal_previous(opened);
        if (more < 0) return {"", fmt::format("the journal could not be read: {}", reason_of(more))};
        if (more == 0) break;
        const std::string message = field(opened, "MESSAGE");
        if (wanted(message)) lines.push_back(line_of(opened, message));
    }
    if (lines.empty()) {
        return {"",
                "this user sees no such line of this boot in the journal; root and members of the group "
                "systemd-journal see all there are"};
    }
    JournalLines result;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) result.text += *line;
    return result;
}

}  // namespace

JournalLines own_journal_lines() {
    return lines_of_boot(
        {"SYSLOG_IDENTIFIER=jetcuda-check", "SYSLOG_IDENTIFIER=jetcuda-checkd", "SYSLOG_IDENTIFIER=jetcuda-probe",
         "UNIT=jetcuda-check.service", "UNIT=jetcuda-check-run.socket", "UNIT=jetcuda-check-gate.service"},
        [](std::string_view) { return true; });
}

JournalLines gpu_kernel_lines() { return lines_of_boot({"_TRANSPORT=kernel"}, speaks_of_gpu); }

bool speaks_of_gpu(std::string_view line) {
    constexpr std::array<std::string_view, 8> words = {"nvgpu", "host1x", "nvrm",  "nvidia",
                                                       "nvmap", "xid",    "tegra", "gpu"};
    std::string small(line);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return small.find(word) != std::string::npos; });
}

}  // namespace jetcuda
