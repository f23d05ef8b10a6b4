// What containers are given, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {

void add_containers(Rows& rows, const Facts& facts) { rows.begin("containers", facts.containers); }

}  // namespace jetcuda
