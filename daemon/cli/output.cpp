#include "daemon/cli/output.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "daemon/report/outside_text.hpp"
#include "probes/system/write_all.hpp"

namespace jetcuda {

void hold_standard_descriptors() {
    // Opened the wrong way round (the numbers are taken lowest first), so that using one still fails.
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        if (::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1) return;
    }
}

void write_output(std::string_view text) {
    const int error = write_all(STDOUT_FILENO, text);
    if (error == 0) return;
    throw OutputError(fmt::format("the answer could not be written to standard output: {}. Give it a place that "
                                  "takes it, such as another file or a terminal.",
                                  std::generic_category().message(error)),
                      error == EPIPE || error == ECONNRESET);
}

void write_error_line(std::string_view sentence) {
    // It may quote an argument or a file's name, and stays one line whatever that holds.
    (void)write_all(STDERR_FILENO, fmt::format("jetcuda-check: {}\n", plain_line(sentence)));
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool color_wanted() {
    if (!output_is_terminal()) return false;
    // Nothing here changes the environment, and no other thread runs yet.
    const char* const no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
    if (no_color != nullptr) return false;
    const char* const terminal = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe)
    return terminal != nullptr && std::string_view{terminal} != "dumb";
}

}  // namespace jetcuda
