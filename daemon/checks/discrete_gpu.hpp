// NVIDIA's driver for discrete GPUs, as far as checks meet it: the boards that may have such a GPU, and the name that
// its libcuda has. L4T's is always libcuda.so.1.1; the other's name ends in the driver's number, as in
// libcuda.so.580.65.06.

#pragma once

#include <string>
#include <string_view>

#include "probes/facts.hpp"

namespace jetcuda {

// IGX boards are sold with a discrete GPU, which needs that driver.
inline bool may_have_discrete_gpu(const Facts& facts) {
    if (!facts.board.known() || !facts.board->soc) return false;
    const auto& modules = facts.board->soc->modules;
    const auto module = modules.find(facts.board->module);
    return module != modules.end() && module->second.find("IGX") != std::string::npos;
}

// "580.65.06" of "/usr/lib/aarch64-linux-gnu/libcuda.so.580.65.06"; else empty.
inline std::string_view discrete_driver_version(std::string_view real_path) {
    constexpr std::string_view start = "libcuda.so.";
    constexpr std::size_t digits_of_a_driver = 3;
    const std::size_t name = real_path.rfind('/') + 1;
    if (real_path.substr(name, start.size()) != start) return {};
    const std::string_view version = real_path.substr(name + start.size());
    const std::size_t digits = version.find_first_not_of("0123456789");
    const bool numeric = version.find_first_not_of("0123456789.") == std::string_view::npos;
    return numeric && digits != std::string_view::npos && digits >= digits_of_a_driver ? version : std::string_view();
}

}  // namespace jetcuda
