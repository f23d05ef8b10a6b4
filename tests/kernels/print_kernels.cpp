// Prints what this tree's kernels are, for the tests that look at their images from outside:
//
//   print-kernels                       each kernel's name, threads in a block and dynamic shared memory, one a line
//   print-kernels NAME COUNT SEED       what its host twin makes of it: `in` before, `out` after, `in` after, each as
//   one
//                                       line of hexadecimal words
//   print-kernels --ladder FOLDER       writes the PTX ladder into FOLDER, a file for each rung: 6.0.ptx …
//
// `in` holds the pattern that SEED names, as memory_invert expects it, but for one bit of its word 5.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"
#include "kernels/patterns.hpp"
#include "kernels/twins.hpp"

namespace {

void print(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words) std::printf("%08x ", word);
    std::printf("\n");
}

void print_twin(const jetcuda::Kernel& kernel, std::uint32_t count, std::uint32_t seed) {
    std::vector<std::uint32_t> in(count), out(kernel.role == jetcuda::KernelRole::memory_invert ? 4 : count + 1);
    for (std::uint32_t index = 0; index < count; ++index) in[index] = jetcuda::pattern_word(seed, index);
    in[5] ^= 0x10U;
    print(in);
    jetcuda::twin_of(kernel.name)(out.data(), in.data(), count, seed);
    print(out);
    print(in);
}

void write_ladder(const std::string& folder) {
    for (const jetcuda::PtxRung& rung : jetcuda::ptx_ladder())
        std::ofstream(folder + "/" + std::to_string(rung.major) + "." + std::to_string(rung.minor) + ".ptx")
            << rung.text;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 1) {
        for (const jetcuda::Kernel& kernel : jetcuda::all_kernels())
            std::printf("%s %u %u\n", std::string(kernel.name).c_str(), kernel.threads, kernel.dynamic_shared_bytes);
    } else if (count == 3 && std::string(arguments[1]) == "--ladder") {
        write_ladder(arguments[2]);
    } else if (count == 4) {
        print_twin(jetcuda::kernel_named(arguments[1]),
                   static_cast<std::uint32_t>(std::strtoul(arguments[2], nullptr, 0)),
                   static_cast<std::uint32_t>(std::strtoul(arguments[3], nullptr, 0)));
    } else {
        return 64;
    }
}
