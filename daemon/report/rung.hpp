// One driver's rung of the ladder, from what jetcuda-probe told of it.

#pragma once

#include "daemon/report/report.hpp"

namespace jetcuda {

RungSummary rung_of(const ProbeAnswer& answer);

// "CUDA 12.9, PTX up to 8.8, 14 of 14 kernels right", or what went wrong in the place of what was right.
std::string text_of(const RungSummary& rung);

}  // namespace jetcuda
