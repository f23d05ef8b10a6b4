// jetcuda-check: the command for people, the runner that the daemon starts, and the boot gate. Here a command line
// becomes a verb, and whatever went wrong becomes one line and an exit status.

#include <csignal>
#include <exception>

#include <fmt/format.h>

#include "daemon/cli/files.hpp"
#include "daemon/cli/options.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/vocabulary.hpp"
#include "daemon/report/exit_status.hpp"
#include "daemon/report/report.hpp"
#include "daemon/settings/settings.hpp"
#include "probes/catalog/catalog.hpp"

namespace {

using namespace jetcuda;

ExitStatus perform(int argc, const char* const* argv) {
    const Options options = parse_options(argc, argv);
    const VerbWord& verb = *find_verb(options.verb);
    if (options.help) {
        write_output(options.verb_given ? help_text(verb) : help_text());
        return ExitStatus::healthy;
    }
    if (options.version) {
        write_output(fmt::format("jetcuda-check {}\n", tool_version()));
        return ExitStatus::healthy;
    }
    return verb.perform(options);
}

ExitStatus tell(std::string_view sentence, ExitStatus status) {
    write_error_line(sentence);
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    hold_standard_descriptors();
    // A reader that leaves is an error of write(), to be told as such, and no reason to die in silence.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // the same of a file that may grow no further
    ExitStatus status = ExitStatus::our_fault;
    try {
        status = perform(argc, argv);
    } catch (const UsageError& error) {
        status = tell(error.what(), ExitStatus::usage_error);
    } catch (const SettingsError& error) {
        status = tell(error.what(), ExitStatus::usage_error);
    } catch (const CatalogError& error) {
        status = tell(error.what(), ExitStatus::usage_error);
    } catch (const FileError& error) {
        status = tell(error.what(), ExitStatus::input_output_error);
    } catch (const OutputError& error) {
        if (!error.reader_left) write_error_line(error.what());
        status = ExitStatus::input_output_error;
    } catch (const std::exception& error) {
        status = tell(fmt::format("This is a fault of jetcuda-check itself: {}. Please report it, with the output of "
                                  "\"jetcuda-check facts\".",
                                  error.what()),
                      ExitStatus::our_fault);
    }
    return to_int(status);
}
