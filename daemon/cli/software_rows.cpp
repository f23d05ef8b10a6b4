// Installed packages and toolkits, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {

void add_software(Rows& rows, const Facts& facts) {
    rows.begin("software", facts.software);
    rows.begin("toolkits", facts.toolkits);
}

}  // namespace jetcuda
