// The cuda_compat folders, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {

void add_compat(Rows& rows, const Facts& facts) { rows.begin("compat", facts.compat); }

}  // namespace jetcuda
