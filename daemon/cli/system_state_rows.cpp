// The driver's companions, the running system against the installed one, and the kernel's log, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {

void add_system_state(Rows& rows, const Facts& facts) {
    rows.begin("companions", facts.companions);
    rows.begin("pending_reboot", facts.pending_reboot);
    rows.begin("booted_system", facts.booted_system);
    rows.begin("incoming_system", facts.incoming_system);
    rows.begin("kernel_log", facts.kernel_log);
}

}  // namespace jetcuda
