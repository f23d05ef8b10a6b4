#include "daemon/bus/log.hpp"

#include <cstdlib>

#include <unistd.h>

namespace jetcuda {

namespace {

LogLevel threshold = LogLevel::info;

bool journal_reads() {
    static const bool set = std::getenv("JOURNAL_STREAM") != nullptr;  // NOLINT(concurrency-mt-unsafe): one thread
    return set;
}

}  // namespace

void set_log_level(std::string_view name) {
    if (name == "error") {
        threshold = LogLevel::error;
    } else if (name == "warning") {
        threshold = LogLevel::warning;
    } else if (name == "debug") {
        threshold = LogLevel::debug;
    } else {
        threshold = LogLevel::info;
    }
}

void log(LogLevel level, std::string_view sentence) {
    if (static_cast<int>(level) > static_cast<int>(threshold)) {
        return;
    }
    std::string line;
    if (journal_reads()) {
        line = "<" + std::to_string(static_cast<int>(level)) + ">";
    }
    // What a runner or a driver printed may be part of a sentence: no control character reaches a terminal.
    for (const char letter : sentence.substr(0, 2000)) {
        const auto byte = static_cast<unsigned char>(letter);
        line += byte < 0x20 || byte == 0x7f ? ' ' : letter;
    }
    line += '\n';
    // One write, so that two processes do not mix their lines. Nobody could be told of a failure.
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace jetcuda
