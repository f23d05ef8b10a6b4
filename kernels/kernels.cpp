#include "kernels/kernels.hpp"

#include <stdexcept>

#include "kernels/device.hpp"
#include "kernels/list.hpp"

// The images, from images.S.
#define DECLARE_IMAGES(name)                                                                            \
    extern "C" const char jetcuda_##name##_ptx[], jetcuda_##name##_ptx_end[], jetcuda_##name##_sm_72[], \
        jetcuda_##name##_sm_72_end[], jetcuda_##name##_sm_87[], jetcuda_##name##_sm_87_end[],           \
        jetcuda_##name##_sm_110[], jetcuda_##name##_sm_110_end[];
JETCUDA_KERNELS(DECLARE_IMAGES)

namespace jetcuda {

#define DECLARE_USE(name) extern const KernelUse name##_use;
JETCUDA_KERNELS(DECLARE_USE)

namespace {

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

Kernel kernel_of(std::string_view name, const KernelUse& use) {
    Kernel kernel;
    kernel.name = name;
    kernel.role = use.role;
    kernel.proves = use.proves;
    kernel.count = use.count;
    kernel.threads = use.threads;
    kernel.dynamic_shared_bytes = use.dynamic_shared_bytes;
    kernel.covers_every_sm = use.covers_every_sm;
    return kernel;
}

std::vector<Kernel> make_kernels() {
    std::vector<Kernel> kernels;
#define ADD(NAME)                                                                       \
    kernels.push_back(kernel_of(#NAME, NAME##_use));                                    \
    kernels.back().ptx = between(jetcuda_##NAME##_ptx, jetcuda_##NAME##_ptx_end);       \
    kernels.back().sm_72 = between(jetcuda_##NAME##_sm_72, jetcuda_##NAME##_sm_72_end); \
    kernels.back().sm_87 = between(jetcuda_##NAME##_sm_87, jetcuda_##NAME##_sm_87_end); \
    kernels.back().sm_110 = between(jetcuda_##NAME##_sm_110, jetcuda_##NAME##_sm_110_end);
    JETCUDA_KERNELS(ADD)
    return kernels;
}

struct Isa {
    int major, minor;
};

// Every version of PTX there is from 6.0 on, up to that of CUDA 13.3: an assembler refuses one that lies between.
constexpr Isa isa_versions[] = {{6, 0}, {6, 1}, {6, 2}, {6, 3}, {6, 4}, {6, 5}, {7, 0}, {7, 1}, {7, 2}, {7, 3},
                                {7, 4}, {7, 5}, {7, 6}, {7, 7}, {7, 8}, {8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4},
                                {8, 5}, {8, 6}, {8, 7}, {8, 8}, {9, 0}, {9, 1}, {9, 2}, {9, 3}};

}  // namespace

std::string_view Kernel::cubin(int sm) const {
    switch (sm) {
        case 72: return sm_72;
        case 87: return sm_87;
        case 110: return sm_110;
        default: return {};
    }
}

const std::vector<Kernel>& all_kernels() {
    static const std::vector<Kernel> kernels = make_kernels();
    return kernels;
}

const Kernel& kernel_named(std::string_view name) {
    for (const Kernel& kernel : all_kernels())
        if (kernel.name == name) return kernel;
    throw std::logic_error("there is no kernel " + std::string(name));
}

const std::vector<PtxRung>& ptx_ladder() {
    // The target is an old one, which every Jetson's driver compiles for its own GPU, whatever the version.
    static const std::vector<PtxRung> ladder = [] {
        std::vector<PtxRung> rungs;
        for (const Isa& isa : isa_versions) {
            rungs.push_back({isa.major, isa.minor,
                             ".version " + std::to_string(isa.major) + "." + std::to_string(isa.minor) +
                                 "\n.target sm_50\n.address_size 64\n.visible .entry rung()\n{\n\tret;\n}\n"});
        }
        return rungs;
    }();
    return ladder;
}

}  // namespace jetcuda
