#include "probes/platform/kernel_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "probes/system/descriptor.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr const char* kmsg = "/dev/kmsg";
constexpr std::size_t longest_line_shown = 200;

bool holds_in_order(std::string_view line, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
        const std::size_t found = line.find(part);
        if (found == std::string_view::npos) return false;
        line.remove_prefix(found + part.size());
    }
    return true;
}

// One number and the comma behind it.
std::optional<unsigned long long> take_number(std::string_view& text) {
    unsigned long long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data() + text.size() || *end != ',') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return number;
}

struct KmsgAnswer {
    unsigned long lines = 0;
    bool cut = false;
    int error = 0;  // errno, where it could not be opened or read
};

// Each read gives one record, from the oldest that the kernel still holds; at the end it would wait for the next.
KmsgAnswer read_kmsg(const LogLimits& limits, FaultCounter& counter) {
    KmsgAnswer answer;
    const Descriptor device(::open(kmsg, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (device.number() < 0) {
        answer.error = errno;
        return answer;
    }
    const auto end = std::chrono::steady_clock::now() + limits.time;
    std::array<char, 8192> buffer{};
    bool first = true;
    for (unsigned long records = 0;; ++records) {
        if (records == limits.lines || std::chrono::steady_clock::now() > end) {
            answer.cut = true;
            return answer;
        }
        const ssize_t length = ::read(device.number(), buffer.data(), buffer.size());
        if (length < 0 && (errno == EINTR || errno == EPIPE)) {
            answer.cut = answer.cut || errno == EPIPE;  // overwritten while we read
            continue;
        }
        if (length < 0 && errno != EAGAIN) answer.error = errno;
        if (length <= 0) return answer;
        const auto record = parse_kmsg(std::string_view(buffer.data(), static_cast<std::size_t>(length)));
        if (!record) continue;
        if (first && record->sequence != 0) answer.cut = true;  // the first lines of this boot are gone
        first = false;
        if (!record->from_kernel) continue;
        ++answer.lines;
        counter.take(record->message);
    }
}

}  // namespace

FaultCounter::FaultCounter(const std::vector<KernelFaultRecord>& records, const std::string& gpu_variant) {
    for (const KernelFaultRecord& record : records) {
        if (record.gpu_variant.empty() || gpu_variant.empty() || record.gpu_variant == gpu_variant) {
            records_.push_back(&record);
        }
    }
}

void FaultCounter::take(std::string_view line) {
    const auto record = std::find_if(records_.begin(), records_.end(), [&](const KernelFaultRecord* candidate) {
        return holds_in_order(line, candidate->contains);
    });
    if (record == records_.end()) return;
    const auto known =
        std::find_if(faults_.begin(), faults_.end(), [&](const GpuFault& fault) { return fault.id == (*record)->id; });
    if (known != faults_.end()) {
        ++known->count;
        return;
    }
    faults_.push_back({(*record)->id, (*record)->what, without_addresses(line), 1});
}

std::optional<KmsgRecord> parse_kmsg(std::string_view record) {
    const std::optional<unsigned long long> priority = take_number(record);
    const std::optional<unsigned long long> sequence = priority ? take_number(record) : std::nullopt;
    const std::size_t begin = record.find(';');
    if (!sequence || begin == std::string_view::npos) return std::nullopt;
    const std::string_view message = record.substr(begin + 1);
    constexpr unsigned level_bits = 3;
    return KmsgRecord{*priority >> level_bits == 0, *sequence, message.substr(0, message.find('\n'))};
}

std::string without_addresses(std::string_view line) {
    constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";
    std::string text;
    while (!line.empty() && text.size() <= longest_line_shown) {
        const std::size_t found = line.find("0x");
        text.append(line.substr(0, found));
        if (found == std::string_view::npos) break;
        text.append("0x...");
        line.remove_prefix(found + 2);
        line.remove_prefix(std::min(line.find_first_not_of(hex_digits), line.size()));
    }
    return shown(trimmed(text), longest_line_shown);
}

Fact<KernelLog> read_kernel_log(const SystemRoot& root, const KernelLogQuestion& question) {
    const auto not_asked = [](std::string why) { return Missing{Lack::not_asked, std::move(why), "the kernel's log"}; };
    const auto& noted = root.noted_kernel_log();
    if (!root.live() && !noted) return not_asked("the kernel's log is asked of the running system only");
    if (question.in_container) return not_asked("the kernel's log is the host's affair");
    if (question.records.empty()) return not_asked("the data hold no line that a GPU fault would leave");

    if (!root.live()) {
        FaultCounter counter(question.records, question.gpu_variant);
        for (const std::string& line : *noted) counter.take(line);
        return {{counter.faults(), noted->size(), false}, "/.jetcuda-root.json, kernel_log"};
    }
    const LogLimits limits;
    KernelLog log;
    std::string failure = "the journal shows this user no line of the kernel";
    if (question.boot_id) {
        FaultCounter counter(question.records, question.gpu_variant);
        const JournalAnswer journal = read_kernel_journal(*question.boot_id, "", limits,
                                                          [&counter](std::string_view line) { counter.take(line); });
        if (journal.lines > 0) {
            log.faults = counter.faults();
            log.lines = journal.lines;
            log.cut = journal.cut || !journal.failure.empty();
            return {std::move(log), "the journal of this boot, _TRANSPORT=kernel"};
        }
        if (!journal.failure.empty()) failure = journal.failure;
    }
    FaultCounter counter(question.records, question.gpu_variant);
    const KmsgAnswer messages = read_kmsg(limits, counter);
    if (messages.lines > 0) {
        log.faults = counter.faults();
        log.lines = messages.lines;
        log.cut = messages.cut || messages.error != 0;
        return {std::move(log), kmsg};
    }
    failure += ", and " + std::string(kmsg);
    failure +=
        messages.error == 0 ? " holds none" : " cannot be read: " + std::generic_category().message(messages.error);
    return Missing{Lack::not_readable, std::move(failure), kmsg};
}

}  // namespace jetcuda
