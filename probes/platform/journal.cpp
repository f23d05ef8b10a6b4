#include "probes/platform/journal.hpp"

#include <algorithm>
#include <memory>
#include <system_error>

#include <systemd/sd-journal.h>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t longest_message = 4096;
constexpr unsigned long lines_between_looks_at_the_clock = 256;
// The kernel's first lines come before the first second; whatever begins later has lost them.
constexpr std::uint64_t late_begin_us = 60'000'000;

struct Closer {
    void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, Closer>;

std::string clause(int error) { return "the journal cannot be read: " + std::generic_category().message(-error); }

Journal open_journal(const std::string& directory, int& error) {
    sd_journal* opened = nullptr;
    error = directory.empty() ? sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM)
                              : sd_journal_open_directory(&opened, directory.c_str(), 0);
    return Journal(error < 0 ? nullptr : opened);
}

std::string_view message_of(sd_journal* journal) {
    constexpr std::string_view field = "MESSAGE=";
    const void* data = nullptr;
    std::size_t length = 0;
    if (sd_journal_get_data(journal, "MESSAGE", &data, &length) < 0) return {};
    std::string_view text(static_cast<const char*>(data), length);
    return starts_with(text, field) ? text.substr(field.size()) : std::string_view();
}

}  // namespace

JournalAnswer read_kernel_journal(const std::string& boot_id, const std::string& directory, const LogLimits& limits,
                                  const std::function<void(std::string_view)>& take) {
    JournalAnswer answer;
    std::string boot = "_BOOT_ID=" + boot_id;
    boot.erase(std::remove(boot.begin(), boot.end(), '-'), boot.end());
    const std::string kernel = "_TRANSPORT=kernel";

    int error = 0;
    const Journal journal = open_journal(directory, error);
    if (error >= 0) error = sd_journal_set_data_threshold(journal.get(), longest_message);
    if (error >= 0) error = sd_journal_add_match(journal.get(), boot.data(), boot.size());
    if (error >= 0) error = sd_journal_add_match(journal.get(), kernel.data(), kernel.size());
    if (error >= 0) error = sd_journal_seek_head(journal.get());
    if (error < 0) {
        answer.failure = clause(error);
        return answer;
    }
    const auto end = std::chrono::steady_clock::now() + limits.time;
    while ((error = sd_journal_next(journal.get())) > 0) {
        const bool late =
            answer.lines % lines_between_looks_at_the_clock == 0 && std::chrono::steady_clock::now() > end;
        if (late || answer.lines == limits.lines) {
            answer.cut = true;
            return answer;
        }
        if (answer.lines == 0) {
            std::uint64_t since_boot = 0;
            sd_id128_t id{};
            if (sd_journal_get_monotonic_usec(journal.get(), &since_boot, &id) >= 0 && since_boot > late_begin_us) {
                answer.cut = true;
            }
        }
        ++answer.lines;
        take(message_of(journal.get()));
    }
    if (error < 0) answer.failure = clause(error);
    return answer;
}

}  // namespace jetcuda
