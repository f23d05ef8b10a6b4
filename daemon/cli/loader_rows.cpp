// Which libcuda programs get, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {

void add_loader(Rows& rows, const Facts& facts) { rows.begin("libcuda_search", facts.libcuda_search); }

}  // namespace jetcuda
